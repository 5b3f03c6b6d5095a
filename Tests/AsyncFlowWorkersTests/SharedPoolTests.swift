import AsyncFlow
import AsyncFlowWorkers
import Testing
import WorkerProbeTasks

@Suite("One pool and several engines", .timeLimit(.minutes(2)))
struct SharedPoolTests {
    private func engine<Result>(
        _ pool: WorkerPoolBackend, _ body: (WorkflowEngine) async throws -> Result
    ) async throws -> Result {
        try await withWorkflowEngine(backends: [LocalBackend(), pool], signals: .ignored) { flow in
            try await body(flow)
        }
    }

    @Test("a pool ends with the last engine that uses it")
    func together() async throws {
        let pool = WorkerPoolBackend(workers: 1, configuration: .probe())
        try await engine(pool) { outer in
            let add = outer.portableTask(Probe.add, .on("pool"))
            _ = try await add(1, 1).value
            let process = pool.workers.first?.processID
            let inner = try await engine(pool) { flow in
                try await flow.portableTask(Probe.add, .on("pool"))(2, 2).value
            }
            #expect(inner == 4)
            let value = try await add(3, 3).value
            #expect(value == 6)
            #expect(pool.workers.first?.processID == process)
        }
        #expect(pool.workers.isEmpty)
    }

    @Test("a pool starts again for the next engine")
    func inTurn() async throws {
        let pool = WorkerPoolBackend(workers: 1, configuration: .probe())
        for number in 0..<3 {
            let value = try await engine(pool) { flow in
                try await flow.portableTask(Probe.add, .on("pool"))(number, 1).value
            }
            #expect(value == number + 1)
            #expect(pool.workers.isEmpty)
        }
    }

    @Test("engines that come and go at the same time each have their results")
    func manyAtOnce() async throws {
        let pool = WorkerPoolBackend(workers: 2, configuration: .probe())
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<6 {
                group.addTask {
                    try await engine(pool) { flow in
                        try await flow.portableTask(Probe.add, .on("pool"))(number, 1).value
                    }
                }
            }
            var sum = 0
            for try await value in group { sum += value }
            #expect(sum == 21)
        }
        #expect(pool.workers.isEmpty)
    }
}
