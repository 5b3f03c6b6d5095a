import TestSupport
import AsyncFlow
import AsyncFlowTesting
import Testing

@Suite("Fallbacks", .timeLimit(.minutes(1)))
struct FallbackTests {
    @Test("a value stands in for a function, a command and a block that fail")
    func value() async throws {
        try await withTestEngine { flow in
            let function = flow.functionTask("function") { (_: Int) throws -> String in throw TestError() }
            let asynchronous = flow.functionTask("async") { (_: Int) async throws -> String in
                await Task.yield()
                throw TestError()
            }
            let command = flow.executableTask("command") { (code: Int) in .shell("exit \(code)") }
            let block = flow.block("block") { (code: Int) in try await command(code).value }
            try await #expect(function.fallback("function")(3).value == "function")
            try await #expect(asynchronous.fallback("async")(3).value == "async")
            try await #expect(command.fallback("command")(3).value == "command")
            try await #expect(block.fallback("block")(3).value == "block")
            try await #expect(command.fallback("unused")(0).value == "")
            #expect(await command(3).finalState == .failed)
        }
    }

    @Test("a closure receives the error and the arguments, and finds the value")
    func closure() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails", .retry(1)) { (_: Int, _: String) throws -> String in
                throw TestError("why")
            }
            let task = fails.fallback { (error, number: Int, text: String) in
                await Task.yield()
                #expect(error.cause as? TestError == TestError("why"))
                #expect(error.taskName == "fails")
                return "\(text) \(number) after \(error.failedAttempts.count)"
            }
            try await #expect(task(flow.functionTask("five") { 5 }(), "text").value == "text 5 after 2")
        }
    }

    @Test("another task is called with the same arguments, in the same block and scope, and seen in events")
    func task() async throws {
        let flow = try WorkflowEngine(.quiet())
        let stream = flow.events(bufferingUpTo: 10_000)
        let exact = flow.functionTask("exact") { (_: Int, _: [Int]) throws -> String in throw TestError() }
        let rough = flow.executableTask("rough", .retry(1), .cores(1)) { (first: Int, others: [Int]) in
            "echo -n \(first) \(others)"
        }
        let solve = exact.fallback(to: rough)
        let block = flow.block("block") {
            try await flow.withWorkflowScope("scope") { solve(1, [2, 3]) }.value
        }
        let future = block()
        try await #expect(future.value == "1 2 3")
        await flow.shutdown()
        var events: [WorkflowEvent] = []
        for await event in stream where event.task?.name == "rough" { events.append(event) }
        #expect(events.map(\.type) == [.taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskCompleted])
        #expect(events.allSatisfy { $0.task?.blockID == future.id && $0.workflowID == "scope" })
    }

    @Test("cancelling a task cancels the one that stands in for it, and waits for it")
    func cancelled() async throws {
        try await withTestEngine { flow in
            let (started, states) = (Gate(), Recorder<TaskState>())
            let stopped = Counter()
            let other = flow.functionTask("other") { (_: Int) -> Int in
                started.open()
                do { try await Gate().wait() } catch {
                    stopped.add(1)
                    throw error
                }
                return 1
            }
            let task = flow.functionTask("task") { (_: Int) throws -> Int in throw TestError() }.fallback(to: other)
            let future = task(1)
            try await started.wait()
            #expect(future.state == .running)
            #expect(future.cancel())
            states.append(await future.finalState)
            #expect(states.values == [.cancelled])
            #expect(stopped.value == 1)
        }
    }

    @Test("the error of a fallback that fails is the error of the task, with the attempts that failed before")
    func failing() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails", .retry(2)) { () throws -> Int in throw TestError("first") }
            let task = fails.fallback { _ in throw TestError("second") }
            let error = try #require(await task().error as? TaskFailedError)
            #expect(error.cause as? TestError == TestError("second"))
            #expect(
                error.failedAttempts.map { $0.error as? TestError } == Array(repeating: TestError("first"), count: 3))
            let last = task.fallback(7)
            try await #expect(last().value == 7)
        }
    }

    @Test("options given afterwards keep the fallback, and hold for the task itself")
    func options() async throws {
        try await withTestEngine { flow in
            let attempts = Counter()
            let task = flow.functionTask("task") { () throws -> Int in
                attempts.add(1)
                throw TestError()
            }
            try await #expect(task.fallback(1).with(.retry(3), .workflow("w"))().value == 1)
            #expect(attempts.value == 4)
        }
    }

    @Test("cancelled and refused tasks, and those whose dependencies fail, have no fallback")
    func none() async throws {
        try await withTestEngine { flow in
            let ran = Counter()
            let task = flow.functionTask("task") { (_: Int) async throws -> Int in
                try await Gate().wait()
                return 1
            }.fallback { (_, value: Int) in ran.add(value) }
            let cancelled = task(1)
            cancelled.cancel()
            #expect(await cancelled.finalState == .cancelled)
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }
            #expect(await task(fails()).error is DependencyFailureError)
            #expect(await task.with(.cores(100_000))(1).error is TaskRefusedError)
            #expect(await task.with(.on("nowhere"))(1).error is TaskRefusedError)
            #expect(ran.value == 0)
        }
    }

    @Test("a task whose time is over has its fallback: in an attempt, in a pause and in the queue")
    func deadline() async throws {
        let clock = ManualClock()
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 1))
        try await withTestEngine(clock: clock, backends: [backend]) { flow in
            let (started, gate) = (Gate(), Gate())
            let options = flow.functionTask("task", .deadline(.seconds(10)), .cores(1)) { (fails: Bool) -> String in
                if fails { throw TestError() }
                started.open()
                try await gate.wait()
                return "attempt"
            }.fallback { (error, _: Bool) in
                guard let cause = error.cause as? DeadlineExceededError else { return "\(error)" }
                return "\(cause.attempts) attempts"
            }
            let running = options(false)
            try await started.wait()
            let queued = options(false)
            let pausing = options.with(.retry(5, backoff: .constant(.seconds(6))), .cores(0))(true)
            while pausing.failedAttempts.count < 1 { await Task.yield() }
            try await clock.waitForSleeper(dueBy: .init(offset: .seconds(6)))
            clock.advance(by: .seconds(6))
            while pausing.failedAttempts.count < 2 { await Task.yield() }
            try await clock.waitForSleeper(dueBy: .init(offset: .seconds(10)))
            clock.advance(by: .seconds(4))
            try await #expect(running.value == "1 attempts")
            try await #expect(queued.value == "0 attempts")
            // The pause would have been over too late: it was given up at once.
            try await #expect(pausing.value.contains("test error"))
        }
    }

    @Test("a deadline that passes before the dependencies have ended leaves nothing for a fallback to work with")
    func deadlineWithoutArguments() async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let gate = Gate()
            let slow = flow.functionTask("slow") { () async throws -> Int in
                try await gate.wait()
                return 1
            }()
            let future = flow.functionTask("task", .deadline(.seconds(10))) { (value: Int) in value }.fallback(3)(slow)
            try await clock.waitForSleepers(1)
            clock.advance(by: .seconds(10))
            let error = try #require(await future.error as? TaskFailedError)
            #expect(error.code == .deadlineExceeded)
            #expect((error.cause as? DeadlineExceededError)?.attempts == 0)
            gate.open()
        }
    }

    @Test("a failure that a fallback stood in for isn't one for the failure policy")
    func failurePolicy() async throws {
        try await withTestEngine(failurePolicy: .failFast) { flow in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }.fallback(1)
            for _ in 0..<20 { #expect(try await fails().value == 1) }
            try await #expect(flow.functionTask("after") { 2 }().value == 2)
        }
    }
}
