import Cryptography
import Foundation
import Platform
import Quantities
import TestKit
import Testing
import Wire

@testable import Workers

/// A worker that does what its input says.
private let obedient = #"""
    def answer(task):
        id, what = task["id"], payload(task).decode()
        if what == "ok": say(id=id, result=os.getpid())
        elif what == "exit": os._exit(3)
        elif what == "crash": os.kill(os.getpid(), signal.SIGSEGV)
        elif what == "hang": time.sleep(1000)
        elif what == "half":
            os.write(1, b'{"id":')
            os._exit(0)
        elif what == "unfinished":
            os.write(1, b'{"id":')
            time.sleep(1000)
        elif what == "garbage": print("hello", flush=True)
        elif what == "list": print("[1]", flush=True)
        elif what == "nan": say(id=id, result=float("nan"))
        elif what == "duplicate": print('{"id":"%s","id":"%s","result":1}' % (id, id), flush=True)
        elif what == "unknown": say(id=id, result=1, mood="good")
        elif what == "wrong": say(id="00" * 16, result=1)
        elif what == "ready": say(ready=True)
        elif what == "nameless": say(result=1)
        elif what == "empty": say(id=id)
        elif what == "base64": say(id=id, result_base64="???")
        elif what == "quality": say(id=id, result=1, quality=1.5)
        elif what == "graphics": say(id=id, result=1, gpu_ms=-1)
        elif what == "large": say(id=id, result="x" * 70000)
        elif what == "line":
            while True: os.write(1, b"x" * 65536)
        elif what == "progress":
            while True: say(id=id, progress=0.5)
        elif what == "close":
            os.close(1)
            time.sleep(1000)
        elif what == "error": say(id=id, error={"message": "no model"})
        elif what == "bad": say(id=id, error={"code": "bad_input", "message": "no image"})
        elif what == "twice":
            os.write(1, (json.dumps({"id": id, "result": os.getpid()}) + "\n").encode() * 2)
        elif what == "quit":
            say(id=id, result=os.getpid())
            os._exit(0)
        elif what == "deaf":
            os.close(0)
            say(id=id, result=os.getpid())
            time.sleep(1000)
        elif what == "memory":
            hog = bytearray(b"x" * (700 << 20))
            time.sleep(1000)
        elif what == "children":
            for n in range(100):
                if os.fork() == 0:
                    time.sleep(1000)
                    os._exit(0)
            time.sleep(1000)
        elif what == "chatter":
            sys.stderr.write("chatter\n" * 50000)
            sys.stderr.flush()
            say(id=id, result=os.getpid())
        elif what == "noise":
            while True: os.write(2, b"noise\n" * 10000)
    serve(answer)
    """#

private let endings: [(String, WorkerFailure)] = [
    ("exit", .exited(code: 3)), ("crash", .crashed(.segmentationFault)), ("half", .exited(code: 0)),
    ("hang", .timedOut(limit: .milliseconds(400))), ("noise", .timedOut(limit: .milliseconds(400))),
    ("garbage", .broken(.malformed("invalid token near 'hello'"))),
    ("list", .broken(.malformed("a line is an object"))),
    ("nan", .broken(.malformed("invalid token near 'NaN'"))),
    ("duplicate", .broken(.malformed("duplicate object key near '\"id\"'"))),
    ("unknown", .broken(.malformed("there is one of result, result_base64, error and progress"))),
    ("wrong", .broken(.wrongTask)), ("ready", .broken(.unasked)), ("nameless", .broken(.malformed("it has no id"))),
    ("empty", .broken(.malformed("there is one of result, result_base64, error and progress"))),
    ("base64", .broken(.malformed("result_base64 is not base64"))),
    ("quality", .broken(.malformed("quality is not a number from 0 to 1"))),
    ("graphics", .broken(.malformed("gpu_ms is not a number from 0 to 2592000000"))),
    ("large", .broken(.resultTooLarge(limit: WorkerLimits.maximumResultBytes))),
    ("line", .broken(.lineTooLong(limit: WorkerLimits.maximumLineBytes))),
    ("progress", .broken(.tooMuchProgress(limit: WorkerLimits.maximumProgressLines))),
    ("close", .broken(.closedOutput)), ("error", .failed("no model")),
    ("bad", .refused(WorkerRefusal(.badInput, "no image"))),
    ("memory", .exceeded(.memory(limit: .mebibytes(512)))),
    ("children", .exceeded(.processes(limit: WorkerLimits.maximumFamily))),
]

/// Those after which the process still lives.
private let harmless = ["error", "bad"]

@Suite(.timeLimit(.minutes(5))) struct `an external executor` {
    /// A process of this number's session that still runs.
    private func rest(of session: Int32) throws -> [ProcessEntry] {
        try ProcessTable().family(of: session).filter { !$0.hasEnded }
    }

    @Test(arguments: endings, [false, true])
    func `that goes wrong fails only its task, and the next one is served by a fresh process`(
        _ ending: (String, WorkerFailure), served: Bool
    ) throws {
        let (what, failure) = ending
        try withTemporaryFolder { folder in
            // Children share their parent's pages, which count in each.
            let bench = try ExternalBench(
                folder, python: obedient, served: served, mebibytes: what == "children" ? 4096 : 512)
            let first = try #require(Int32(try bench.result("ok")))
            let isLimited = what == "hang" || what == "noise"
            let outcome = try bench.run(what, milliseconds: isLimited ? 400 : 60_000)
            #expect(outcome.result == .failure(failure))
            #expect(!failure.explanation.isEmpty)
            let next = try #require(Int32(try bench.result("ok")))
            #expect((next == first) == harmless.contains(what))
            #expect(bench.pool.standings.map(\.state) == [.serving])
            if next != first { #expect(try rest(of: first).isEmpty) }
            #expect(bench.notices.contains { if case .died = $0 { true } else { false } } == (next != first))
        }
    }

    @Test(arguments: ["twice", "quit", "deaf", "chatter"], [false, true])
    func `that goes wrong after its answer has done its task`(what: String, served: Bool) throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: obedient, served: served)
            let first = try #require(Int32(try bench.result(what)))
            let next = try #require(Int32(try bench.result("ok")))
            #expect((next == first) == (what == "chatter"))
        }
    }

    @Test(arguments: [false, true])
    func `that ends before it has read its task leaves it to the next process`(served: Bool) throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    if not os.path.exists(sys.argv[0] + ".mark"):
                        open(sys.argv[0] + ".mark", "w").close()
                        say(ready=True)
                        time.sleep(0.3)
                        os._exit(0)
                    serve(lambda task: say(id=task["id"], result="done"))
                    """, served: served)
            #expect(try bench.result("x") == #""done""#)
            let died = ExternalNotice.died(
                operation: "perception.detect", why: ExternalFault.exited(code: 0).explanation, errors: "")
            #expect(bench.notices.filter { $0 == died }.count == 1)
        }
    }

    @Test func `that does not end a line it has begun fails its task`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: obedient)
            #expect(try bench.run("unfinished").result == .failure(.broken(.lineUnfinished)))
        }
    }

    @Test(arguments: [
        ("os._exit(7)", "it ended with code 7"), ("say(id='0', result=1)", "it wrote a line without being asked"),
        ("say(ready=True); say(id='0', result=1); time.sleep(1000)", "it wrote a line without being asked"),
        ("print('hello', flush=True)", "what it wrote cannot be read: invalid token near 'hello'"),
    ])
    func `that never works is parked, and tried again when the configuration is read again`(
        script: String, why: String
    ) throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: "sys.stderr.write('no model here\\n')\n" + script)
            // One that says that it is ready is given a task at once, and does not wait to be parked.
            let waiting = script.hasPrefix("say(ready") ? nil : bench.start([1])
            try bench.wait { bench.notices.contains(.parked(operation: "perception.detect", why: why)) }
            let deaths = bench.notices.count {
                $0 == .died(operation: "perception.detect", why: why, errors: "no model here ")
            }
            #expect(deaths == WorkerLimits.startsBeforeParking)
            let standing = try #require(bench.pool.standings.first)
            #expect(standing.state == .parked(why) && standing.processes == 0)
            let wait = try #require(standing.restart).since(Clock.bootTime)
            #expect(wait > WorkerLimits.parkTime - .seconds(60) && wait <= WorkerLimits.parkTime)
            let outcomes = try bench.outcomes()
            #expect(outcomes.map(\.id) == [waiting].compactMap { $0 })
            #expect(outcomes.allSatisfy { $0.result == .failure(.parked(why)) })
            #expect(try bench.run("ok").result == .failure(.parked(why)))

            let file = folder.path + "/other.py"
            let working = """
                import json, sys
                print('{"ready": true}', flush=True)
                for line in sys.stdin:
                    print(json.dumps({"id": json.loads(line)["id"], "result": "here"}), flush=True)
                """
            try working.write(toFile: file, atomically: true, encoding: .utf8)
            bench.configure(["/usr/bin/python3", file])
            #expect(try bench.result("ok") == "\"here\"")
            #expect(bench.notices.last == .serves(operation: "perception.detect"))
        }
    }

    private static let mortal = """
        def answer(task):
            if payload(task) == b"die":
                os._exit(3)
            say(id=task["id"], result="here")
        serve(answer)
        """

    @Test func `that died is waited for, and a task's own time begins with its process`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: Self.mortal)
            let deaths = (0..<4).map { _ in
                bench.start(Array("die".utf8), milliseconds: 500, waiting: .seconds(60))
            }
            let honest = bench.start(Array("ok".utf8), milliseconds: 500, waiting: .seconds(60))
            let impatient = bench.start(Array("ok".utf8), milliseconds: 60_000, waiting: .milliseconds(900))
            let outcomes = try bench.outcomes()
            for id in deaths {
                #expect(outcomes.first { $0.id == id }?.result == .failure(.exited(code: 3)))
            }
            #expect(outcomes.first { $0.id == honest }?.result == .success(Array("\"here\"".utf8)))
            let given = outcomes.first { $0.id == impatient }
            #expect(given?.result == .failure(.notStarted(because: "it ended with code 3")))
            #expect(bench.pool.standings.first?.restart == nil)
        }
    }

    @Test func `whose program is not there is parked`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: obedient)
            bench.configure(["/nowhere/worker"])
            try bench.wait { bench.pool.standings.first.map { $0.state != .starting } ?? true }
            let why = "it could not be run: execve /nowhere/worker: No such file or directory"
            #expect(bench.pool.standings.first?.state == .parked(why))
        }
    }

    @Test(arguments: [false, true])
    func `inherits nothing but its four descriptors and what is named`(served: Bool) throws {
        let secret = open("/etc/hostname", O_RDONLY)
        let high = fcntl(secret, F_DUPFD, 300)
        defer {
            close(secret)
            close(high)
        }
        setenv("SAGE_EDGE_TEST_SECRET", "1", 1)
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: #"""
                    import resource
                    def answer(task):
                        fds = [int(f) for f in os.listdir('/proc/self/fd')]
                        fds = sorted(f for f in fds if os.path.exists('/proc/self/fd/%d' % f))
                        try: os.write(3, b"x"); writable = True
                        except OSError: writable = False
                        status = dict(l.split(":\t", 1) for l in open("/proc/self/status") if ":\t" in l)
                        signal_at_death = ctypes.c_int()
                        ctypes.CDLL(None).prctl(2, ctypes.byref(signal_at_death))
                        names = sorted(n for n in os.environ if n not in ("LC_CTYPE",))
                        say(id=task["id"], result=[
                            fds, writable, names, os.getcwd(), os.getsid(0) == os.getpid(),
                            os.getpgrp() == os.getpid(), status["NoNewPrivs"].strip(), signal_at_death.value,
                            resource.getrlimit(resource.RLIMIT_CORE)[0],
                            int(open("/proc/self/oom_score_adj").read()), len(os.sched_getaffinity(0))])
                    serve(answer)
                    """#, served: served, environment: ["MODEL=a b", "PATH=/bin"], cores: 1)
            #expect(
                try bench.result("x")
                    == #"[[0,1,2,3],false,["MODEL","PATH","SAGE_EDGE_WORKER"],"/",true,true,"1",9,0,800,1]"#)
        }
    }

    @Test func `finds its input behind a descriptor, and none of the task before`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    import hashlib
                    def answer(task):
                        rest = os.pread(3, 1 << 22, task["input"]["bytes"])
                        task["input"]["sha256"] = hashlib.sha256(payload(task)).hexdigest()
                        task["input"]["rest"] = rest.count(0) == len(rest)
                        say(id=task.pop("id"), result=task)
                    serve(answer)
                    """)
            let large = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            for input in [large, [1, 2, 3], []] {
                bench.start(input, milliseconds: 5000, parameters: Array(#"{"threshold":0.5}"#.utf8))
                let outcome = try #require(try bench.outcomes().first)
                let text = String(decoding: try outcome.result.get(), as: UTF8.self)
                let hash = hexadecimal(Hashing.sha256(input.span).array)
                #expect(
                    text == #"{"operation":"perception.detect","input":{"descriptor":3,"bytes":\#(input.count),"#
                        + #""sha256":"\#(hash)","rest":true},"parameters":{"threshold":0.5},"timeout_ms":5000}"#)
            }
        }
    }

    @Test func `runs as many processes as it may, each with a task`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    def answer(task):
                        time.sleep(0.2)
                        say(id=task["id"], progress=0.5)
                        say(id=task["id"], result=os.getpid(), quality=0.93)
                    serve(answer)
                    """, concurrent: 2)
            for _ in 0..<6 { bench.start([1]) }
            let outcomes = try bench.outcomes()
            #expect(outcomes.count == 6)
            #expect(bench.mostRunning == 2)
            #expect(Set(outcomes.compactMap { try? $0.result.get() }).count == 2)
            #expect(outcomes.allSatisfy { $0.quality == BasisPoints(clamping: 9300) })
        }
    }

    @Test(arguments: [false, true])
    func `is charged the processor time of each task`(served: Bool) throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    def answer(task):
                        if payload(task) == b"work": sum(i * i for i in range(3000000))
                        say(id=task["id"], result=0)
                    sum(i * i for i in range(6000000))
                    serve(answer)
                    """, served: served)
            let work = try bench.run("work")
            let rest = try bench.run("rest")
            #expect(work.processorMicroseconds > 20_000)
            #expect(rest.processorMicroseconds < work.processorMicroseconds / 2)
            #expect(work.peakResident > .mebibytes(2))
            // What it did before it was ready belongs to no task.
            let again = try bench.run("work")
            #expect(again.processorMicroseconds > work.processorMicroseconds / 3)
        }
    }

    @Test func `is ended with what it started, also in sessions of their own`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    def answer(task):
                        children = []
                        for leaves in (False, True):
                            ends = os.pipe()
                            child = os.fork()
                            if child == 0:
                                if leaves: os.setsid()
                                os.write(ends[1], b"x")
                                time.sleep(1000)
                            os.read(ends[0], 1)
                            children.append(child)
                        say(id=task["id"], result=children)
                    serve(answer)
                    """)
            let children = try bench.result("x").dropFirst().dropLast().split(separator: ",").compactMap { Int32($0) }
            try #require(children.count == 2)
            #expect(!children.contains(where: isGone))
            bench.configure([])
            try bench.wait { children.allSatisfy { isGone($0) } }
            #expect(bench.pool.standings.isEmpty)
        }
    }

    @Test func `is ended with what has left its session and lost its parent`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    def answer(task):
                        ends = os.pipe()
                        child = os.fork()
                        if child == 0:
                            os.setsid()
                            if os.fork() == 0:
                                os.write(ends[1], str(os.getpid()).encode())
                                time.sleep(1000)
                            os._exit(0)
                        os.waitpid(child, 0)
                        say(id=task["id"], result=int(os.read(ends[0], 20)))
                    serve(answer)
                    """)
            let stray = try #require(Int32(try bench.result("x")))
            #expect(!isGone(stray))
            bench.configure([])
            try bench.wait { isGone(stray) }
        }
    }

    @Test func `dies with its pool`() throws {
        try withTemporaryFolder { folder in
            func process() throws -> Int32 {
                let bench = try ExternalBench(folder, python: obedient)
                return try #require(Int32(try bench.result("ok")))
            }
            let gone = try process()
            #expect(isGone(gone))
        }
    }

    @Test func `whose task is cancelled is started again`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: obedient)
            _ = try bench.result("ok")
            let id = bench.start(Array("hang".utf8))
            try bench.step()
            #expect(bench.cancel(id))
            #expect(try bench.outcomes().map(\.result) == [.failure(.cancelled)])
            let next = try bench.result("ok")
            #expect(Int32(next) != nil)
            #expect(!bench.notices.contains { if case .died = $0 { true } else { false } })
        }
    }

    @Test func `waits longer and longer after every death, and serves again after a success`() {
        var policy = RestartPolicy()
        let now = BootTime(milliseconds: 1_000_000)
        var waits: [Int64] = []
        for _ in 0..<4 {
            policy.died(withTask: false, at: now)
            waits.append(policy.restartAt.since(now).milliseconds)
        }
        #expect(waits == [100, 200, 400, 800])
        #expect(policy.parkedUntil == nil)
        policy.died(withTask: false, at: now)
        #expect(policy.parkedUntil == now + WorkerLimits.parkTime)
        policy.unpark(at: now)
        #expect(policy.parkedUntil == nil && policy.restartAt == now)
        policy.died(withTask: true, at: now)
        #expect(policy.parkedUntil != nil, "one more death parks it again")

        var other = RestartPolicy()
        for _ in 0..<(WorkerLimits.tasksBeforeParking - 1) { other.died(withTask: true, at: now) }
        #expect(other.parkedUntil == nil)
        #expect(other.restartAt.since(now) <= WorkerLimits.longestRestart)
        other.served()
        other.died(withTask: true, at: now)
        #expect(other.restartAt == now + WorkerLimits.firstRestart)
    }

    // MARK: Commands

    @Test(arguments: [false, true])
    func `or a command that runs once has its input and gives its output`(served: Bool) throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(folder, python: obedient, served: served)
            let names = [
                "upper": "tr a-z A-Z", "fails": "exit 4", "floods": "exec cat /dev/zero", "sleeps": "sleep 1000 & wait",
            ]
            bench.configure(
                [],
                commands: names.map { name, script in
                    AllowedCommand(
                        operation: "execution." + name, command: ["/bin/sh", "-c", script],
                        environment: ["PATH=/usr/bin:/bin"])
                })
            #expect(try bench.run("hello", operation: "execution.upper").result == .success(Array("HELLO".utf8)))
            #expect(try bench.run("", operation: "execution.fails").result == .failure(.commandFailed(code: 4)))
            #expect(
                try bench.run("", operation: "execution.floods").result
                    == .failure(.tooMuchOutput(limit: WorkerLimits.maximumAnswerBytes)))
            #expect(
                try bench.run("", milliseconds: 200, operation: "execution.sleeps").result
                    == .failure(.timedOut(limit: .milliseconds(200))))
        }
    }
}
