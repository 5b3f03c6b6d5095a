import TestSupport
import AsyncFlow
import Testing

@Suite("Nobody is forgotten", .timeLimit(.minutes(1)))
struct FairnessTests {
    /// Ends what goes on in vain: much later than a busy machine needs.
    private struct Patience: Sendable {
        private let end = ContinuousClock.now + .seconds(30)
        var isOver: Bool { ContinuousClock.now > end }
    }

    @Test("a task that is called from outside runs although the only worker always has work of its own")
    func outsideAgainstRecursion() async throws {
        try await withTestEngine(workers: 1) { flow in
            let (isStopped, rounds, patience) = (Gate(), Counter(), Patience())
            let tasks = Recorder<FunctionTask<Void>>()
            let again = flow.functionTask("again") {
                rounds.add(1)
                if !isStopped.isOpen, !patience.isOver { tasks.values[0]() }
            }
            tasks.append(again)
            again()
            while rounds.value < 1_000 { await Task.yield() }
            try await flow.functionTask("stop") { isStopped.open() }().value
            #expect(!patience.isOver)
        }
    }

    @Test("a task that is called from outside runs although bodies on every worker yield without end")
    func outsideAgainstYielding() async throws {
        try await withTestEngine { flow in
            let (isStopped, started, patience) = (Gate(), Gauge(), Patience())
            let yields = flow.functionTask("yields") {
                started.up()
                while !isStopped.isOpen, !patience.isOver { await Task.yield() }
            }
            let yielding = (0..<4).map { _ in yields() }
            while started.total < 4 { await Task.yield() }
            try await flow.functionTask("stop") { isStopped.open() }().value
            for future in yielding { try await future.value }
            #expect(!patience.isOver)
        }
    }

    @Test("a body that waits for something outside goes on although its worker always has other work")
    func continuation() async throws {
        try await withTestEngine(workers: 1) { flow in
            let (isStopped, gate, patience) = (Gate(), Gate(), Patience())
            let waits = flow.functionTask("waits") {
                try await gate.wait()
                isStopped.open()
            }()
            let chain = flow.functionTask("chain") { (round: Int) in
                if round == 1_000 { Task.detached { gate.open() } }
                return round + 1
            }
            let block = flow.block("loop") {
                var round = 0
                while !isStopped.isOpen, !patience.isOver { round = try await chain(round).value }
            }
            try await block().value
            #expect(!patience.isOver)
            gate.open()
            try await waits.value
        }
    }

    @Test("a long chain doesn't keep other tasks waiting until its end")
    func chain() async throws {
        try await withTestEngine(workers: 1) { flow async throws in
            let gate = Gate()
            let position = Counter()
            let start = flow.functionTask("start") {
                try await gate.wait()
                return 0
            }
            let link = flow.functionTask("link") { (value: Int) in
                position.set(value + 1)
                return value + 1
            }
            let first = start()
            var last = first
            for _ in 0..<100_000 { last = link(last) }
            let other = flow.functionTask("other") { (_: Int) in position.value }(first)
            gate.open()
            #expect(try await other.value < 50_000)
            #expect(try await last.value == 100_000)
        }
    }

    @Test("many threads call tasks at the same time, and all of them run")
    func manyCallers() async throws {
        try await withTestEngine { flow in
            let runs = Counter()
            let task = flow.functionTask("task") { runs.add(1) }
            await withTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<5_000 { task() }
                    }
                }
            }
            await flow.waitUntilIdle()
            #expect(runs.value == 40_000)
        }
    }

    @Test("workers that fall asleep between calls are woken for each", arguments: [1, 2, 4])
    func pingPong(workers: Int) async throws {
        try await withTestEngine(workers: workers) { flow in
            let task = flow.functionTask("task") { (value: Int) in value + 1 }
            var value = 0
            for round in 0..<3_000 {
                value = try await task(value).value
                if round % 100 == 0 { try await Task.sleep(for: .microseconds(200)) }  // lets the worker go to sleep
            }
            #expect(value == 3_000)
        }
    }

    @Test("one blocking body doesn't keep the others from running, failing and being cancelled")
    func blockedWorker() async throws {
        try await withTestEngine(workers: 2) { flow in
            let (gate, started) = (Gate(), Gate())
            let blocking = flow.functionTask("blocks") {
                started.open()
                gate.block()
                return 1
            }()
            try await started.wait()
            let task = flow.functionTask("task") { (value: Int) in value }
            #expect(try await (0..<1_000).map { task($0) }.values().count == 1_000)
            let endless = flow.functionTask("endless") { try await Gate().wait() }()
            let waiting = task(blocking)
            endless.cancel()
            waiting.cancel()
            #expect(await endless.finalState == .cancelled)
            #expect(waiting.state == .cancelled)
            gate.open()
            #expect(try await blocking.value == 1)
        }
    }
}
