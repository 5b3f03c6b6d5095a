import TestSupport
@testable import AsyncFlow
@testable import AsyncFlowPolicies
import AsyncFlowTesting
import Foundation
import Testing

@Suite("Timeouts and deadlines", .timeLimit(.minutes(1)))
struct TimeTests {
    @Test(
        "an async body that takes too long is interrupted, and what it returns then doesn't count",
        arguments: [false, true])
    func asyncBody(returnsLate: Bool) async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let future = flow.functionTask("task", .timeout(.seconds(10))) { () async throws -> Int in
                do { try await Gate().wait() } catch { if !returnsLate { throw error } }
                return 1
            }()
            try await clock.waitForSleepers(1)
            clock.advance(by: .seconds(10))
            let error = try #require(await future.error as? TaskFailedError)
            #expect(error.code == .timedOut)
            #expect(error.cause as? TaskTimeoutError == TaskTimeoutError(of: .seconds(10)))
            #expect(future.state == .failed)
        }
    }

    @Test("a synchronous body can see that its time is over, or that it was cancelled", arguments: [false, true])
    func syncBody(isCancelled: Bool) async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let future = flow.functionTask("task", .timeout(.seconds(10))) {
                while true { try TaskContext.current!.checkCancellation() }
            }()
            try await clock.waitForSleepers(1)
            if isCancelled { future.cancel() } else { clock.advance(by: .seconds(10)) }
            let error = await future.error
            #expect(isCancelled ? error is TaskCancelledError : (error as? TaskFailedError)?.code == .timedOut)
        }
    }

    @Test("a command that takes too long gets TERM, and KILL when it doesn't listen; the next attempt is left alone")
    func command() async throws {
        let folder = try TemporaryFolder("timeouts")
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let task = flow.executableTask("task", .timeout(.seconds(10)), .retry(2), .gracePeriod(.milliseconds(20))) {
                let (attempt, file) = (TaskContext.current!.attempt, folder["pid"])
                let trap = attempt == 2 ? "trap '' TERM; " : ""
                return .shell(
                    attempt == 3
                        ? "echo third"
                        : "\(trap)echo $$ > '\(file).part'; mv '\(file).part' '\(file).\(attempt)'; sleep 1000 & wait; wait"
                )
            }
            let future = task()
            for attempt in 1...2 {
                let file = folder["pid.\(attempt)"]
                while !FileManager.default.fileExists(atPath: file) { await Task.yield() }
                let group = try #require(pid_t(String(contentsOfFile: file, encoding: .utf8).trimmed))
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(10))
                while future.failedAttempts.count < attempt { await Task.yield() }
                #expect(try !ProcessList.now.contains { $0.groupID == group && !$0.hasEnded })
            }
            try await #expect(future.value.trimmed == "third")
            #expect(future.failedAttempts.allSatisfy { $0.error is TaskTimeoutError })
        }
    }

    @Test("waiting for a turn doesn't count for a timeout")
    func queued() async throws {
        let clock = ManualClock()
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 1))
        try await withTestEngine(clock: clock, backends: [backend]) { flow in
            let gate = Gate()
            let first = flow.functionTask("first", .cores(1)) { try await gate.wait() }()
            while first.state != .running { await Task.yield() }
            let second = flow.functionTask("second", .cores(1), .timeout(.seconds(1))) { 2 }()
            clock.advance(by: .seconds(100))
            gate.open()
            try await #expect(second.value == 2)
        }
    }

    enum Moment: CaseIterable { case dependencies, queue, attempt, pause }

    @Test("a deadline ends a task wherever it is", arguments: Moment.allCases)
    func deadline(moment: Moment) async throws {
        let clock = ManualClock()
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 1))
        try await withTestEngine(clock: clock, backends: [backend]) { flow in
            let gate = Gate()
            let wait = flow.functionTask("wait", .cores(1)) { try await gate.wait() }
            let blocking = wait()
            while blocking.state != .running { await Task.yield() }
            let task = flow.functionTask(
                "task", .deadline(.seconds(10)), .cores(moment == .queue ? 1 : 0),
                .retry(5, backoff: .constant(.seconds(9)))
            ) { (_: Void) async throws -> Void in
                if moment == .pause { throw TestError() }
                try await Gate().wait()
            }
            let nothing = flow.functionTask("nothing") {}
            let future = task(moment == .dependencies ? blocking : nothing())
            if moment == .attempt { while future.state != .running { await Task.yield() } }
            if moment == .pause {
                while future.failedAttempts.isEmpty { await Task.yield() }
                try await clock.waitForSleeper(dueBy: .init(offset: .seconds(9)))
                clock.advance(by: .seconds(9))
                while future.failedAttempts.count < 2 { await Task.yield() }
            } else {
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(10))
            }
            let error = try #require(await future.error as? TaskFailedError)
            if moment == .pause {
                // The next attempt could only begin too late.
                #expect(error.cause is TestError)
            } else {
                #expect(error.code == .deadlineExceeded)
                #expect((error.cause as? DeadlineExceededError)?.attempts == (moment == .attempt ? 1 : 0))
            }
            gate.open()
            try await blocking.value
        }
    }

    @Test("a task whose deadline is over when its dependencies end doesn't begin")
    func deadlineOverWhenReady() async throws {
        let ran = Counter()
        for _ in 0..<200 {
            try await withTestEngine { flow in
                let slow = flow.functionTask("slow") { await Task.yield() }
                let future = flow.functionTask("task", .deadline(.nanoseconds(1))) { (_: Void) in _ = ran.add(1) }(
                    slow())
                #expect((await future.error as? TaskFailedError)?.code == .deadlineExceeded)
            }
        }
        #expect(ran.value == 0)
    }
}

extension TaskTimeoutError {
    fileprivate init(of timeout: Duration) { self.init(timeout: timeout, attempt: 1, maximumAttempts: 1) }
}
