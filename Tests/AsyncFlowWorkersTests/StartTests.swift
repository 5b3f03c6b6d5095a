import AsyncFlow
import AsyncFlowWorkers
import Foundation
import Testing
import WorkerProbeTasks

@Suite("When a portable task counts as started", .timeLimit(.minutes(2)))
struct StartTests {
    @Test("a time limit counts from when a worker begins the body", arguments: [false, true])
    func timeouts(isSeries: Bool) async throws {
        try await withPool(workers: 2) { flow, _ in
            let nap = flow.portableTask(Probe.nap, .on("pool"), .timeout(.seconds(4)))
            // Together they take longer than each may.
            let futures = (0..<40).map { _ in nap(isSeries ? 50 : 300) }
            var done = 0
            for future in futures { if case .success = await future.result { done += 1 } }
            #expect(done == 40)
        }
    }

    @Test("a body that takes longer than its limit is stopped")
    func realTimeout() async throws {
        let folder = try ProbeFolder()
        try await withPool(workers: 1) { flow, _ in
            let task = flow.portableTask(Probe.untilCancelled, .on("pool"), .timeout(.milliseconds(300)))
            let future = task(folder.path + "/begun")
            #expect(await future.cause is TaskTimeoutError)
            #expect(FileManager.default.fileExists(atPath: folder.path + "/begun"))
        }
    }

    @Test("a task that waits for a worker is pending, and one that a worker runs is running", arguments: [false, true])
    func states(isManaged: Bool) async throws {
        let folder = try ProbeFolder()
        try await withPool(workers: 1) { flow, _ in
            let plain = flow.portableTask(Probe.untilCancelled, .on("pool"))
            let task = isManaged ? plain.with(.retry(1)) : plain
            let first = task(folder.path + "/first")
            try await eventually { first.state == .running }
            let second = task(folder.path + "/second")
            // What was submitted later has got to the pool, behind this one.
            _ = try await flow.functionTask("tick") { 1 }().value
            #expect(second.state == .pending)
            first.cancel()
            try await eventually { second.state == .running }
            second.cancel()
            _ = await second.result
        }
    }

    @Test("as many tasks are told as started as workers run, with their true times", arguments: [1, 200])
    func events(milliseconds: Int) async throws {
        try await withPool(workers: 2) { flow, _ in
            let events = flow.events
            let nap = flow.portableTask(Probe.nap, .on("pool"))
            let count = milliseconds == 1 ? 200 : 8
            let futures = (0..<count).map { _ in nap(milliseconds) }
            for future in futures { _ = try await future.value }
            var (running, most, ended, lasting) = (0, 0, 0, 0)
            var starts: [TaskID: EventTime] = [:]
            for await event in events {
                guard let task = event.task else { continue }
                if event.type == .taskStarted {
                    running += 1
                    starts[task.id] = event.time
                } else if event.type == .taskCompleted {
                    running -= 1
                    ended += 1
                    let start = try #require(starts[task.id], "it was told as ended before it was told as started")
                    let took = start.instant.duration(to: event.time.instant)
                    if took >= .microseconds(milliseconds * 500) { lasting += 1 }
                }
                most = max(most, running)
                if ended == count { break }
            }
            #expect(most <= 2)
            // The start of a long body is told while it runs, and on a busy machine that takes its time.
            #expect(milliseconds == 1 ? lasting == count : lasting > count / 2)
        }
    }

    @Test("an argument larger than the pipe reaches an idle worker at once")
    func largeArgument() async throws {
        // The pool's thread has nothing else to wake up for.
        try await withPool(workers: 1, .probe().with { $0.heartbeatTimeout = .seconds(3_600) }) { flow, _ in
            let count = flow.portableTask(Probe.count, .on("pool"))
            _ = try await count([UInt8(1)]).value
            for _ in 0..<3 {
                let result = try await count([UInt8](repeating: 7, count: 8 << 20)).value
                #expect(result == 8 << 20)
            }
        }
    }
}
