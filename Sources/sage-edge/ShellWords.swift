/// `text` in single quotes, as bash, zsh and fish read it.
func shellQuoted(_ text: String) -> String {
    var result = "'"
    for character in text {
        if character == "'" { result += "'\\''" } else { result.append(character) }
    }
    return result + "'"
}

/// `text` as one word of a command that is to be copied: in quotes where a shell would take it for more.
func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            || [
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "@"),
            ].contains(byte)
    }
    return isPlain && !text.isEmpty ? text : shellQuoted(text)
}
