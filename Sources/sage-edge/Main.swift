/// The program's entry.
@main
struct Program {
    static func main() {}
}
