import AgentCore
import Cryptography
import Federation
import Quantities
import Telemetry
import Testing

@testable import Configuration

@Suite struct `programs that serve operations` {
    @Test func `are declared in lists, and offered with their limits`() throws {
        let read = try configuration(
            """
            executors:
              external:
                - operation: perception.detect
                  command: [/usr/bin/python3, /opt/detect.py]
                  memory_mib: 2048
                  timeout_seconds: 5
                  typical_milliseconds: 80
                  concurrent: 2
                  tolerance_millionths: 1000
                  environment: [MODEL=/opt/a b.onnx, TERM]
                - {operation: planning.route, command: [/opt/route]}
              execution:
                commands: [{name: disk.free, command: [/bin/df, -h], memory_mib: 64, typical_milliseconds: 5}]
            """)
        let settings = read.settings(profile: HardwareProfile(name: "p", title: "P"), node: KeyID(bytes: .zero))
        #expect(
            settings.operations.map(\.operation.name) == [
                "perception.features", "planning", "perception.detect", "planning.route", "execution.disk.free",
            ])
        let detect = try #require(Operation("perception.detect"))
        #expect(
            settings.offer(detect)
                == OperationOffer(
                    operation: detect, memory: .mebibytes(2048), timeout: .seconds(5),
                    typicalTime: TimeSpan(milliseconds: 80), concurrent: 2,
                    tolerance: try #require(ResultTolerance(absolute: 1_000, relative: 0))))
        #expect(read.executors.external[0].environment == ["MODEL=/opt/a b.onnx", "TERM"])
        #expect(read.executors.commands[0].command == ["/bin/df", "-h"])
        #expect(try configuration("").executors.commands.isEmpty, "nothing is run unless an operator says so")
    }

    private static let operations = "an operation such as perception.detect, of perception or planning"

    @Test(arguments: [
        ("{command: [/a]}", "[0].operation: the key is required"),
        ("5", "[0]: expected a mapping, found '5'"),
        ("{operation: detect, command: [/a]}", "[0].operation: 'detect' is not allowed; allowed: " + operations),
        (
            "{operation: execution.a, command: [/a]}",
            "[0].operation: 'execution.a' is not allowed; allowed: " + operations
        ),
        (
            "{operation: perception.features, command: [/a]}",
            "[0].operation: 'perception.features' again is not allowed; allowed: one program for one operation"
        ),
        (
            "{operation: perception.a, command: [/a]}, {operation: perception.a, command: [/b]}",
            "[1].operation: 'perception.a' again is not allowed; allowed: one program for one operation"
        ),
        ("{operation: perception.a}", "[0].command: the key is required"),
        (
            "{operation: perception.a, command: []}",
            "[0].command: a list of 0 is not allowed; allowed: a command and at most 63 words"
        ),
        (
            "{operation: perception.a, command: [python3]}",
            "[0].command: 'python3' is not allowed; allowed: a program by its whole path, such as /usr/bin/python3"
        ),
        (
            "{operation: perception.a, command: [/a], memory_mib: 2049}",
            "[0].memory_mib: 2049 is not allowed; allowed: 16 … 2048"
        ),
        (
            "{operation: perception.a, command: [/a], concurrent: 9}",
            "[0].concurrent: 9 is not allowed; allowed: 1 … 8"
        ),
        (
            "{operation: perception.a, command: [/a], tolerance_millionths: -1}",
            "[0].tolerance_millionths: -1 is not allowed; allowed: 0 … 1000000000000"
        ),
        (
            "{operation: perception.a, command: [/a], relative_tolerance_millionths: 1000001}",
            "[0].relative_tolerance_millionths: 1000001 is not allowed; allowed: 0 … 1000000"
        ),
        (
            "{operation: perception.a, command: [/a], timeout_seconds: 1, typical_milliseconds: 1001}",
            "[0].typical_milliseconds: 1001 with timeout_seconds 1 is not allowed; "
                + "allowed: a timeout not shorter than an ordinary run"
        ),
        (
            "{operation: perception.a, command: [/a], environment: [1A=b]}",
            "[0].environment: '1A=b' is not allowed; allowed: NAME=value or NAME, every name once"
        ),
        (
            "{operation: perception.a, command: [/a], environment: [A=b, A]}",
            "[0].environment: 'A' is not allowed; allowed: NAME=value or NAME, every name once"
        ),
        (
            "{operation: perception.a, command: [/a], concurrent: 8}, "
                + "{operation: perception.b, command: [/a], concurrent: 8}, {operation: perception.c, command: [/a]}",
            ": 17 processes together is not allowed; allowed: at most 16"
        ),
    ])
    func `are refused where they cannot be`(list: String, refusal: String) {
        #expect(refusals("executors: {external: [\(list)]}") == ["c.yaml:1: executors.external" + refusal])
    }

    @Test(arguments: [
        (
            "{name: A, command: [/a]}",
            "[0].name: 'A' is not allowed; allowed: a-z 0-9 . _ -, with something on both sides of every dot"
        ),
        (
            "{name: a, command: [/a], memory_mib: 8193}",
            "[0].memory_mib: 8193 is not allowed; allowed: 16 … 8192"
        ),
        (
            "{name: a, operation: execution.a, command: [/a]}",
            "[0].operation: unknown key; allowed here: command, concurrent, environment, memory_mib, name, "
                + "relative_tolerance_millionths, timeout_seconds, tolerance_millionths, typical_milliseconds"
        ),
    ])
    func `are refused as commands where they cannot be`(list: String, refusal: String) {
        #expect(
            refusals("executors: {execution: {commands: [\(list)]}}") == [
                "c.yaml:1: executors.execution.commands" + refusal
            ])
    }
}
