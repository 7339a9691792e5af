import Telemetry
import Testing

@Suite struct `names of things that are called alike` {
    @Test(arguments: [
        (["a", "b"], ["a", "b"]), (["a", "a", "b", "a"], ["a", "a#2", "b", "a#3"]),
        (["a#2", "a", "a", "a"], ["a#2", "a", "a#3", "a#4"]), (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
        (["", ""], ["", "#2"]),
    ])
    func `differ, the first keeping its own`(given: [String], told: [String]) {
        var names = UniqueNames()
        #expect(given.map { names.name($0) } == told)
    }
}
