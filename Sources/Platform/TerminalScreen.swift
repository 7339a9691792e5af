import CLinux

/// The terminal on standard output, taken over by a program that draws its whole window.
///
/// Keys come at once and are not shown, and what was on the screen before comes back at the end, also where the
/// program is ended by a fault. Ctrl-C stays a signal: whoever takes the terminal takes `Signal.interrupt`,
/// `terminate` and `hangup` as well, which would otherwise end the program without giving it back.
public struct TerminalScreen: ~Copyable {
    private static let output: Int32 = 1

    /// Takes the terminal.
    ///
    /// - Throws: where standard output is no terminal.
    public init() throws(SystemError) { _ = try system("tcsetattr") { clinux_terminal_begin(TerminalScreen.output) } }

    deinit { clinux_terminal_end() }

    /// Whether keys can be had: standard input is a terminal, too.
    public var hasKeys: Bool { Terminal.isTerminal(StandardInput.descriptor) }

    /// Width and height in characters; 80 and 24 where the terminal does not say.
    public var size: (columns: Int, rows: Int) {
        guard let size = Terminal.size(TerminalScreen.output), size.rows > 0 else { return (80, 24) }
        return size
    }

    /// Writes a whole frame.
    public func write(_ bytes: [UInt8]) throws(SystemError) { try writeAllBytes(TerminalScreen.output, bytes.span) }
}
