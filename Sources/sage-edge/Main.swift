@main struct Program { static func main() { var s = Set<String>(); s.insert("a"); print("sage-edge \(s.count)") } }
