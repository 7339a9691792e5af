/// The scripts by which shells complete this program's command lines, made from the table that the parser reads.
struct CompletionScript {
    /// The shells that a script can be made for.
    enum Shell: String, CaseIterable {
        case bash
        case zsh
        case fish
    }

    private let nodes: [CompletionTree.Node]

    /// The scripts for `commands`.
    init(_ commands: [CommandSpecification]) { nodes = CompletionTree(commands).nodes }

    /// The script for `shell`.
    func text(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// The options that take a value, each once: what follows them is no command.
    private var valued: [String] {
        var names: [String] = []
        for node in nodes {
            for option in node.options where option.value != nil && !names.contains("--" + option.name) {
                names.append("--" + option.name)
            }
        }
        return names
    }

    // MARK: bash

    private var bash: String {
        var text = """
            # bash completion for sage-edge; made by: sage-edge completion bash
            _sage_edge() {
                local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
                local path='' arguments=0 index word words='' options='' values=''
                COMPREPLY=()
                # bash takes --name=value apart at its equals sign.
                if [[ $current == = ]]; then
                    current=''
                elif [[ $before == = ]]; then
                    before=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                for ((index = 1; index < COMP_CWORD; index++)); do
                    word=${COMP_WORDS[index]}
                    case $word in
                        =) ((index++)) ;;
                        \(valued.joined(separator: " | ")))
                            [[ ${COMP_WORDS[index + 1]} == = ]] || ((index++)) ;;
                        -?*) ;;
                        *)
                            case "$path $word" in
                                \(paths.map { "' \($0)'" }.joined(separator: " | "))) path="$path $word" ;;
                                *) ((arguments++)) ;;
                            esac ;;
                    esac
                done
                case $path in

            """
        for node in nodes {
            text += "        '\(node.path.isEmpty ? "" : " " + node.path)')\n"
            text += "            words='\(node.words.map { $0.name }.joined(separator: " "))'\n"
            text += "            options='\(node.options.map { "--" + $0.name }.joined(separator: " "))'\n"
            let cases = node.options.filter { $0.value != nil }
                .map { "--\($0.name)) values=\(bashValues(.init(of: $0.value ?? ""))) ;;" }
            text += "            case $before in \(cases.joined(separator: " "))\n"
            let places = node.arguments.enumerated().map {
                "\($0.offset)) words=\(bashValues(.init(of: $0.element))) ;;"
            }
            text += "                *) case $arguments in \(places.joined(separator: " ")) esac ;;\n"
            text += "            esac ;;\n"
        }
        text += """
                esac
                [[ -z $values && $current == -* ]] && words=$options
                [[ -n $values ]] && words=$values
                case $words in
                    :file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
                    :folder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
                    :anything) ;;
                    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
                esac
            }
            complete -F _sage_edge sage-edge

            """
        return text
    }

    private func bashValues(_ words: CompletionWords) -> String {
        switch words {
        case .anything: ":anything"
        case .file: ":file"
        case .folder: ":folder"
        case .words(let words): "'" + words.joined(separator: " ") + "'"
        }
    }

    /// All places but the first.
    private var paths: [String] { nodes.map { $0.path }.filter { !$0.isEmpty } }

    // MARK: zsh

    private var zsh: String {
        var text = """
            #compdef sage-edge
            # zsh completion for sage-edge; made by: sage-edge completion zsh
            _sage-edge() {
                local place=''
                integer index=2
                local -a commands
                while (( index < CURRENT )); do
                    case "${words[index]}" in
                        (\(valued.joined(separator: "|")))
                            (( index + 1 < CURRENT )) || break
                            (( index += 2 )); continue ;;
                        (-*) (( index += 1 )); continue ;;
                    esac
                    case "${place:+$place }${words[index]}" in
                        (\(paths.map { shellQuoted($0) }.joined(separator: "|")))
                            place="${place:+$place }${words[index]}"; (( index += 1 )) ;;
                        (*) break ;;
                    esac
                done
                # What is left to complete are the arguments and options of the command that was found.
                local -a rest=("${(@)words[index,-1]}")
                case "$place" in

            """
        for node in nodes {
            text += "        (\(shellQuoted(node.path)))\n"
            if !node.words.isEmpty {
                let entries = node.words.map { shellQuoted("\($0.name):\($0.help)") }.joined(separator: " ")
                text += "            commands=(\(entries))\n"
                text += "            if [[ $PREFIX != -* && index -eq CURRENT ]]; then\n"
                text += "                _describe -t commands command commands; return\n            fi\n"
            }
            var specifications = node.options.map { zshOption($0) }
            if node.words.isEmpty {
                specifications += node.arguments.map { name in
                    let optional = name.hasPrefix("[") ? ":" : ""
                    return shellQuoted(
                        (name.hasSuffix("…") ? "*" : "") + ":" + optional + bare(name) + ":" + zshAction(name))
                }
            }
            text += "            words=(\"$words[1]\" \"${(@)rest}\"); (( CURRENT = CURRENT - index + 2 ))\n"
            text += "            _arguments -S \(specifications.joined(separator: " ")) ;;\n"
        }
        text += """
                esac
            }
            if [[ $funcstack[1] == _sage-edge ]]; then _sage-edge "$@"; else compdef _sage-edge sage-edge; fi

            """
        return text
    }

    private func zshOption(_ option: OptionSpecification) -> String {
        let help = String(option.help.flatMap { $0 == "[" || $0 == "]" ? ["\\", $0] : [$0] })
        let value = option.value.map { ":\(bare($0)):\(zshAction($0))" } ?? ""
        let long = shellQuoted("--\(option.name)\(option.value == nil ? "" : "=")[\(help)]\(value)")
        return option.short.map { long + " " + shellQuoted("-\($0)[\(help)]\(value)") } ?? long
    }

    private func zshAction(_ name: String) -> String {
        switch CompletionWords(of: name) {
        case .anything: ""
        case .file: "_files"
        case .folder: "_files -/"
        case .words(let words): "(\(words.joined(separator: " ")))"
        }
    }

    /// The name of an argument as a message; a colon would end it.
    private func bare(_ name: String) -> String {
        name.filter { $0 != "[" && $0 != "]" && $0 != "…" && $0 != ":" }.lowercased()
    }

    // MARK: fish

    private var fish: String {
        var text = """
            # fish completion for sage-edge; made by: sage-edge completion fish
            function __sage_edge_path
                set -l path
                set -l skip 0
                for word in (commandline -opc)[2..-1]
                    if test $skip = 1
                        set skip 0
                        continue
                    end
                    switch $word
                        case \(valued.joined(separator: " "))
                            set skip 1
                        case '-*'
                        case '*'
                            switch (string join ' ' $path $word)
                                case \(paths.map { shellQuoted($0) }.joined(separator: " "))
                                    set -a path $word
                            end
                    end
                end
                string join ' ' $path
            end
            function __sage_edge_at
                test "$(__sage_edge_path | string collect)" = "$argv[1]"
            end
            complete -c sage-edge -f

            """
        for node in nodes {
            let condition = "complete -c sage-edge -n \(shellQuoted("__sage_edge_at " + fishWord(node.path)))"
            for word in node.words {
                text += "\(condition) -a \(shellQuoted(word.name)) -d \(shellQuoted(word.help))\n"
            }
            for name in node.arguments {
                if let action = fishAction(name) { text += "\(condition) \(action)\n" }
            }
            for option in node.options {
                let short = option.short.map { " -s \($0)" } ?? ""
                let value = option.value.map { " -r" + (fishAction($0).map { " " + $0 } ?? " -f") } ?? ""
                text += "\(condition) -l \(option.name)\(short)\(value) -d \(shellQuoted(option.help))\n"
            }
        }
        return text
    }

    private func fishAction(_ name: String) -> String? {
        switch CompletionWords(of: name) {
        case .anything: nil
        case .file: "-F"
        case .folder: "-f -a '(__fish_complete_directories)'"
        case .words(let words): "-f -a " + shellQuoted(words.joined(separator: " "))
        }
    }

    /// A word of a condition, which fish reads once more.
    private func fishWord(_ text: String) -> String { "\"" + text + "\"" }
}
