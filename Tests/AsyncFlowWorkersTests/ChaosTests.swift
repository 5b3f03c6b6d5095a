import AsyncFlow
import AsyncFlowWorkers
import Foundation
import Testing
import WorkerProbeTasks

@Suite(.timeLimit(.minutes(10))) struct ChaosTests {
    #if THREAD_SANITIZER
    private let taskCount = 10_000  // it is slow
    #else
    private let taskCount = 100_000
    #endif

    @Test func `Every result comes once while workers are killed all the time and tasks fail now and then`()
        async throws
    {
        let count = taskCount
        let configuration = WorkerPoolBackend.Configuration.probe().with { $0.startFailureLimit = 1_000 }
        try await withPool(configuration) { flow, pool in
            let flaky = flow.portableTask(Probe.flaky, .on("pool"), .retry(100))
            let killer = Task {
                var kills = 0
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(count > 50_000 ? 1_000 : 100))
                    guard let worker = pool.workers.filter(\.isReady).randomElement(), let id = worker.processID else {
                        continue
                    }
                    kill(id, SIGKILL)
                    kills += 1
                }
                return kills
            }
            var results: [Int: Int] = [:]
            var kills = 0
            var next = 0
            // In waves, until all are through and some workers were killed meanwhile.
            while next < count {
                let wave = (next..<min(count, next + 1_000)).map { flaky($0, $0 % 100 == 7) }
                for future in wave { results[try await future.value, default: 0] += 1 }
                next += 1_000
            }
            killer.cancel()
            kills = await killer.value
            #expect(results.count == count)
            #expect(results.values.allSatisfy { $0 == 1 })
            #expect(kills > 0 || count < 5_000)
        }
    }
}
