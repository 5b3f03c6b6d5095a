import TestSupport
import AsyncFlow
import AsyncFlowTesting
import Foundation
import Testing

@Suite("Attempts", .timeLimit(.minutes(1)))
struct RetryTests {
    @Test("a task pauses before each retry as long as its backoff says, on the engine's clock")
    func backoff() async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let times = Recorder<Duration>()
            let future = flow.functionTask(
                "task", .retry(3, backoff: .exponential(initial: .seconds(10), factor: 2, maximum: .seconds(30)))
            ) { () throws -> Int in
                times.append(clock.now.offset)
                if times.count < 4 { throw TestError("\(times.count)") }
                return TaskContext.current!.attempt
            }()
            for pause in [10, 20, 30] {
                try await clock.waitForSleepers(1)
                #expect(future.state == .pending)
                #expect(future.attempt == times.count)
                clock.advance(by: .seconds(pause) - .nanoseconds(1))
                #expect(future.attempt == times.count)
                clock.advance(by: .nanoseconds(1))
                while times.values.last != clock.now.offset { await Task.yield() }
            }
            try await #expect(future.value == 4)
            #expect(times.values == [.zero, .seconds(10), .seconds(30), .seconds(60)])
            #expect(future.attempt == 4)
            #expect(future.failedAttempts.map { $0.error as? TestError } == ["1", "2", "3"].map { TestError($0) })
            #expect(future.failedAttempts.map(\.ended) == [.zero, .seconds(10), .seconds(30)])
        }
    }

    @Test("jitter keeps pauses within its bounds, and makes them differ")
    func jitter() async throws {
        let clock = ManualClock()
        let flow = try WorkflowEngine(.quiet(clock: clock))
        let stream = flow.events(bufferingUpTo: 10_000)
        let task = flow.functionTask("task", .retry(1, backoff: .constant(.seconds(10)), jitter: .equal)) {
            throw TestError()
        }
        let futures = (0..<50).map { _ in task() }
        while futures.contains(where: { $0.failedAttempts.isEmpty }) { await Task.yield() }
        await flow.shutdown()
        var pauses: [Duration] = []
        for await event in stream where event.type == .taskAttemptFailed { pauses.append(event.retryDelay!) }
        #expect(pauses.count == 50)
        #expect(pauses.allSatisfy { $0 >= .seconds(5) && $0 <= .seconds(10) })
        #expect(Set(pauses).count > 40)
    }

    @Test("only the failures that were named are tried again")
    func exitCodes() async throws {
        let folder = try TemporaryFolder("exit codes")
        try await withTestEngine { flow in
            let command = flow.executableTask("command", .retry(3, on: .exitCode(75))) { (codes: [Int]) in
                let file = folder["\(codes)"]
                return .shell(
                    "echo >> '\(file)'; set -- \(codes.map(String.init).joined(separator: " ")); "
                        + "eval exit \\${$(wc -l < '\(file)')}")
            }
            let good = command([75, 75, 0])
            try await #expect(good.value == "")
            #expect(good.attempt == 3)
            let bad = command([75, 3, 0])
            let error = try #require(await bad.error as? TaskFailedError)
            #expect((error.cause as? CommandError)?.exitCode == 3)
            #expect(error.failedAttempts.map { ($0.error as? CommandError)?.exitCode } == [75, 3])
            #expect("\(error)".contains("the last of 2 failed attempts"))
        }
    }

    @Test("memory grows after each attempt that ran out of it, and is what the next one gets")
    func growingMemory() async throws {
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 4, memory: .gigabytes(8)))
        try await withTestEngine(backends: [backend]) { flow in
            let got = Recorder<MemorySize>()
            let future = flow.executableTask(
                "command", .memory(.gigabytes(2)),
                .retry(5, on: .outOfMemory, growing: .memory(times: 2, upTo: .gigabytes(7)))
            ) {
                got.append(TaskContext.current!.resources!.memory)
                return .shell(got.count < 3 ? "kill -KILL $$" : "echo done")
            }()
            try await #expect(future.value.trimmed == "done")
            #expect(got.values == [.gigabytes(2), .gigabytes(4), .gigabytes(7)])
        }
    }

    /// Counts on what it is told.
    private struct Cluster: CommandBackend {
        let name = "cluster"
        let requests = Recorder<ResourceRequest>()

        func execute(_ request: CommandRequest) async throws -> CommandResult {
            requests.append(request.resources)
            throw TestError("no memory")
        }
    }

    @Test("a backend with a queue of its own is told what each attempt asks for")
    func growthForBackends() async throws {
        let cluster = Cluster()
        try await withTestEngine(backends: [cluster]) { flow in
            let future = flow.executableTask(
                "command", .memory(.gigabytes(1)),
                .retry(2, growing: .memory(times: 3, on: .thrown(TestError.self)))
            ) { "simulate" }()
            #expect(await future.finalState == .failed)
            #expect(cluster.requests.values.map(\.memory) == [.gigabytes(1), .gigabytes(3), .gigabytes(9)])
        }
    }

    @Test("an attempt that has grown beyond what there is fails, and says why and what the one before had failed with")
    func grownTooMuch() async throws {
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 4, memory: .gigabytes(3)))
        try await withTestEngine(backends: [backend]) { flow in
            let task = flow.executableTask(
                "command", .memory(.gigabytes(2)), .retry(5, on: .outOfMemory, growing: .memory(times: 2))
            ) { .shell("kill -KILL $$") }
            let future = task()
            let error = try #require(await future.error as? TaskFailedError)
            let refusal = try #require(error.cause as? TaskRefusedError)
            #expect(refusal.code == .insufficientResources)
            #expect(refusal.message.contains("but backend 'local' has"))
            #expect(refusal.message.contains("attempt 1 had failed"))
            #expect((error.rootCause as? CommandError)?.signal == SIGKILL)
            #expect(error.failedAttempts.count == 2)
            #expect(future.attempt == 1)
            try await #expect(task.fallback("less")().value == "less")
        }
    }

    @Test("attempts are seen in events, in order, with their errors and pauses")
    func events() async throws {
        let clock = ManualClock()
        let flow = try WorkflowEngine(.quiet(clock: clock))
        let stream = flow.events(bufferingUpTo: 10_000)
        let count = Counter()
        let future = flow.functionTask("task", .retry(2, backoff: .linear(initial: .seconds(3)))) {
            throw TestError("\(count.add(1))")
        }()
        for _ in 0..<2 {
            try await clock.waitForSleepers(1)
            clock.advanceToNextSleeper()
        }
        _ = await future.result
        await flow.shutdown()
        var events: [WorkflowEvent] = []
        for await event in stream where event.task != nil { events.append(event) }
        EventOrder.check(events, "retries")
        #expect(
            events.map(\.type) == [
                .taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskAttemptFailed, .taskQueued, .taskStarted,
                .taskAttemptFailed, .taskQueued, .taskStarted, .taskFailed,
            ])
        #expect(events.map(\.attempt) == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        let failures = events.filter { $0.type == .taskAttemptFailed }
        #expect(failures.map { $0.error as? TestError } == [TestError("1"), TestError("2")])
        #expect(failures.map(\.retryDelay) == [.seconds(3), .seconds(6)])
    }

    @Test("cancelling ends a task in a pause, and in the queue between attempts")
    func cancelled() async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let fails = flow.functionTask("fails", .retry(1, backoff: .constant(.seconds(60)))) { throw TestError() }
            let pausing = fails()
            try await clock.waitForSleepers(1)
            #expect(pausing.cancel())
            #expect(pausing.state == .cancelled)
            #expect(pausing.failedAttempts.count == 1)
            let rare = flow.functionTask("rare", .retry(1), .rate(1, per: .seconds(60))) { throw TestError() }
            let queued = rare()
            while queued.failedAttempts.isEmpty { await Task.yield() }
            #expect(queued.cancel())
            #expect(queued.state == .cancelled)
        }
    }

    @Test("the members of a block's failed attempt are gone before the next one begins", arguments: [false, true])
    func blocks(isTimeout: Bool) async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let (alive, highest) = (Gauge(), Counter())
            let member = flow.functionTask("member") {
                alive.up()
                do { try await Gate().wait() } catch {}
                await Task.yield()
                alive.down()
            }
            let fails = flow.functionTask("fails") { throw TestError() }
            let block = flow.block("block", .retry(3), .timeout(.seconds(10))) {
                highest.set(max(highest.value, alive.current))
                let members = (0..<5).map { _ in member() }
                while alive.current < 5 { await Task.yield() }
                if TaskContext.current!.attempt == 4 {
                    for member in members { member.cancel() }
                    return
                }
                if isTimeout { try await members[0].value } else { try await fails().value }
            }
            let future = block()
            for attempt in 1...3 where isTimeout {
                while future.attempt < attempt || alive.total < 5 * attempt { await Task.yield() }
                try await clock.waitForSleeper(dueBy: clock.now.advanced(by: .seconds(10)))
                clock.advance(by: .seconds(10))
                while future.failedAttempts.count < attempt { await Task.yield() }
            }
            _ = try await future.value
            #expect(future.attempt == 4)
            #expect(alive.total == 20 && alive.current == 0 && alive.highest == 5)
            #expect(highest.value == 0)
        }
    }
}
