import Foundation
import TestKit
import Testing

@testable import sage_edge

@Suite(.timeLimit(.minutes(10))) struct `completion of command lines` {
    private func script(_ shell: String) throws -> String {
        let outcome = try BuiltProgram.run(["completion", shell])
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        return outcome.output
    }

    private static let orins = ["agx-orin-32gb", "agx-orin-64gb"]

    /// What may follow, by the real shell's own machinery: the words of a line, and what is proposed for its last one.
    private static let lines: [(String, [String])] = [
        ("sage-edge proo", ["proof"]), ("sage-edge proof ver", ["verify"]),
        ("sage-edge proof verify --fed", ["--federation"]), ("sage-edge --config x ledger rec", ["reconcile"]),
        ("sage-edge completion ", ["bash", "fish", "zsh"]), ("sage-edge delegate ", ["perception"]),
        ("sage-edge proof verify RE", ["README"]), ("sage-edge proof verify --key RE", ["README"]),
        ("sage-edge delegate --input RE", ["README"]), ("sage-edge --config RE", ["README"]),
        ("sage-edge --state fol", ["folder"]), ("sage-edge proof verify fol", ["folder"]),
        ("sage-edge energy history --by ", ["hour", "minute", "sample"]), ("sage-edge task cancel ", []),
        ("sage-edge report energy --by ", ["day", "hour", "source", "task"]),
        ("sage-edge report energy --format o", ["ocmf"]), ("sage-edge profile show agx-orin-", orins),
        ("sage-edge manual ", ["sage-edge", "sage-edge.yaml"]), ("sage-edge xyz", []),
    ]

    /// A folder with a file README and a folder, both to be completed.
    private func withFiles(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try Data().write(to: folder.appendingPathComponent("README"))
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("folder"), withIntermediateDirectories: false)
            try body(folder)
        }
    }

    @Test func `is done by bash`() throws {
        try withFiles { folder in
            let completion = folder.appendingPathComponent(".completion")
            try script("bash").write(to: completion, atomically: true, encoding: .utf8)
            let cases =
                completion.path + "\n" + """
                    words() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); _sage_edge; echo "${COMPREPLY[*]}"; }

                    """
            for (line, expected) in completionCases.lines {
                let words = line.split(separator: " ", omittingEmptySubsequences: false).map { "'\($0)'" }
                let program =
                    "cd '\(folder.path)'; source "
                    + cases + "words \(words.joined(separator: " "))\n"
                let output = try ExternalTool(program: "/bin/bash", package: "bash")
                    .run(["--norc", "--noprofile", "-c", program])
                let proposed = String(decoding: output, as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(
                    String.init)
                #expect(proposed.sorted() == expected, "\(line)")
            }
            // The equals sign is a word of its own to bash.
            let program = "cd '\(folder.path)'; source " + cases + "words sage-edge proof verify --key = RE\n"
            let output = try ExternalTool(program: "/bin/bash", package: "bash").run(["--norc", "-c", program])
            #expect(String(decoding: output, as: UTF8.self) == "README\n")
        }
    }

    @Test func `is done by fish`() throws {
        try withFiles { folder in
            let completion = folder.appendingPathComponent(".completion")
            try script("fish").write(to: completion, atomically: true, encoding: .utf8)
            for (line, expected) in completionCases.lines {
                let program = "cd '\(folder.path)'; source '\(completion.path)'; complete -C '\(line)'"
                let output = try ExternalTool(program: "/usr/bin/env", package: "fish")
                    .run(["HOME=" + folder.path, "/usr/bin/fish", "--no-config", "-c", program])
                let proposed = String(decoding: output, as: UTF8.self).split(separator: "\n")
                    .map { $0.split(separator: "\t")[0].trimmingCharacters(in: ["/"]) }
                #expect(proposed.sorted() == expected, "\(line)")
            }
        }
    }

    @Test func `is read by zsh, for every command and option`() throws {
        try withFiles { folder in
            let text = try script("zsh")
            let completion = folder.appendingPathComponent("_sage-edge")
            try text.write(to: completion, atomically: true, encoding: .utf8)
            let zsh = ExternalTool(program: "/usr/bin/zsh", package: "zsh")
            _ = try zsh.run(["-f", "-n", completion.path])
            // A real line editor in a pseudo-terminal: what Tab makes of each line, which is then printed and not run.
            let driver = """
                zmodload zsh/zpty
                zpty edit zsh -f -i
                said=''
                expect() { said=''; while [[ $said != *"$1"* ]] && zpty -r edit part; do said+=$part; done }
                zpty -w edit 'PS1=; cd \(folder.path); fpath=(\(folder.path) $fpath); autoload -Uz compinit'
                zpty -w edit 'compinit -u -D; show() { print -r -- "line:${BUFFER}:"; BUFFER= }; zle -N show'
                zpty -w edit 'bindkey "^I" complete-word; bindkey "^X" show; print begin''ning'
                expect beginning
                for line in "$@"; do
                    zpty -w -n edit "$line"$'\\t\\x18'
                    expect 'line:'
                    while [[ $said != *line:*:* ]] && zpty -r edit part; do said+=$part; done
                    print -r -- "${${said##*line:}%%:*}"
                done
                zpty -d edit
                """
            let completed = completionCases.lines.filter { $0.1.count == 1 }
            let output = try zsh.run(["-f", "-c", driver, "zsh"] + completed.map(\.0))
            let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(lines.count == completed.count, "\(lines)")
            for (line, (typed, expected)) in zip(lines, completed) {
                let last = line.split(separator: " ").last.map { $0.trimmingCharacters(in: ["/", "="]) }
                #expect(last == expected[0], "\(typed): \(line)")
            }
        }
        for command in allCommands where command.isListed {
            for option in command.options { #expect(try script("zsh").contains("--\(option.name)"), "\(command.name)") }
        }
    }

    @Test func `is refused for a shell that is not known`() throws {
        let outcome = try BuiltProgram.run(["completion", "csh"])
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("there is no completion for 'csh'; there is for: bash, zsh, fish"))
    }

    private typealias completionCases = `completion of command lines`
}

@Suite(.timeLimit(.minutes(10))) struct `manual pages` {
    @Test(arguments: ["sage-edge", "sage-edge.yaml"]) func `are what groff takes without a warning`(page: String) throws
    {
        let outcome = try BuiltProgram.run(["manual", page])
        #expect(outcome.status == 0)
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("page")
            try outcome.output.write(to: file, atomically: true, encoding: .utf8)
            let command = "groff -ww -man -Tutf8 \(file.path) 2>&1 >/dev/null | head -n 20"
            let warnings = try ExternalTool(program: "/bin/sh", package: "dash").run(["-c", command])
            #expect(String(decoding: warnings, as: UTF8.self) == "")
            let groff = ExternalTool(program: "/usr/bin/groff", package: "groff")
            let text = String(decoding: try groff.run(["-man", "-Tascii", "-P-cbou", file.path]), as: UTF8.self)
            if page == "sage-edge" {
                for command in allCommands where command.isListed {
                    #expect(text.contains("sage-edge \(command.name)"), "\(command.name)")
                    for option in command.options { #expect(text.contains("--\(option.name)"), "\(option.name)") }
                }
            } else {
                #expect(text.contains("energy.window_milliseconds"))
                #expect(text.contains("policy.grace_seconds *"))
            }
        }
    }
}
