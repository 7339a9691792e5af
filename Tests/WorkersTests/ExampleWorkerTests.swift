import Foundation
import TestKit
import Testing

@testable import Workers

/// The workers that authors begin with.
@Suite(.timeLimit(.minutes(2))) struct `example workers` {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func `work as docs/workers.md has them`() throws {
        let page = try text("docs/workers.md")
        let script = try #require(page.components(separatedBy: "```python\n").dropFirst().first)
            .components(separatedBy: "```")[0]
        #expect(script.split(separator: "\n", omittingEmptySubsequences: false).count <= 20)
        try withTemporaryFolder { folder in
            let file = folder.path + "/documented.py"
            try script.write(toFile: file, atomically: true, encoding: .utf8)
            let bench = try ExternalBench(folder, python: "serve(None)")
            bench.configure(["/usr/bin/python3", file])
            let outcome = try bench.run("abc")
            #expect(String(decoding: try outcome.result.get(), as: UTF8.self) == #"{"bytes":3,"mean":98}"#)
            #expect(outcome.quality?.value == 9000)
            #expect(
                try bench.run("").result == .failure(.refused(WorkerRefusal(.badInput, "the input is empty"))))
        }
    }

    @Test func `that detect try their protocol without a model, and say what they lack`() throws {
        let file = Repository.root.appendingPathComponent("examples/workers/detect.py").path
        let python = ExternalTool(program: "/usr/bin/python3", package: "python3")
        let tried = String(decoding: try python.run([file, "--self-test"]), as: UTF8.self)
        #expect(tried == "the protocol and the decoder of pictures work; no model was tried\n")
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: "serve(None)")
            bench.configure(["/usr/bin/python3", file])
            try bench.wait { !bench.notices.isEmpty }
            guard case .died(_, let why, let errors)? = bench.notices.first else {
                Issue.record("it did not die: \(bench.notices)")
                return
            }
            #expect(why == "it ended with code 78")
            #expect(errors.contains("MODEL is not set: name a model in ONNX"))
        }
    }
}
