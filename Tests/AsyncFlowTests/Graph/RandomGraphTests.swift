import TestSupport
import AsyncFlow
import Testing

@Suite("Random graphs against a sequential oracle", .timeLimit(.minutes(1)))
struct RandomGraphTests {
    @Test("small graphs", arguments: Seeds.some(60))
    func small(seed: UInt64) async throws {
        for round in 0..<5 { try await check(seed: seed &+ UInt64(round) &* 1_000_003, count: 40, workers: 2) }
    }

    @Test("graphs of a thousand tasks", arguments: Seeds.some(8), [1, 4])
    func medium(seed: UInt64, workers: Int) async throws { try await check(seed: seed, count: 1_000, workers: workers) }

    @Test("graphs of ten thousand tasks", arguments: Seeds.some(3))
    func large(seed: UInt64) async throws { try await check(seed: seed, count: 10_000, workers: 3) }

    /// Builds the graph while a gate keeps every task pending, cancels, opens the gate, and compares.
    private func check(seed: UInt64, count: Int, workers: Int) async throws {
        let graph = RandomGraph(seed: seed, count: count)
        let runs = RunCounts(count)
        try await withTestEngine(workers: workers) { flow in
            let gate = Gate()
            let start = flow.functionTask("start") { try await gate.wait() }()
            let tasks = RandomGraphTasks(graph, in: flow, runs: runs)
            var futures: [TaskFuture<UInt64>] = []
            for node in graph.nodes { futures.append(tasks.call(node, after: start, futures)) }
            for node in graph.nodes where node.isCancelled { futures[node.number].cancel() }
            gate.open()
            for (number, expected) in graph.expected.enumerated() {
                let matches =
                    switch (await futures[number].result, expected) {
                    case (.success(let value), .value(let wanted)): value == wanted
                    case (.failure(let error), .failed):
                        error is TaskFailedError || error is DependencyFailureError
                    case (.failure(let error), .cancelled): error is TaskCancelledError
                    case (.failure, .failedOrCancelled): true
                    default: false
                    }
                #expect(matches, "seed \(seed), \(count) tasks: task \(number) should be \(expected)")
            }
            await flow.waitUntilIdle()
            await flow.waitUntilIdle()  // the count follows the end by a moment
            #expect(flow.liveTaskCount == 0)
        }
        for (number, (times, expected)) in zip(runs.all, graph.expected).enumerated() {
            let mayRun: Bool
            switch expected {
            case .value: mayRun = true
            case .failed: mayRun = graph.nodes[number].throwsError
            case .cancelled, .failedOrCancelled: mayRun = false
            }
            if mayRun || times > 0 {
                #expect(
                    times == (mayRun ? 1 : 0) || (expected == .failed && times <= 1),
                    "seed \(seed), \(count) tasks: task \(number) ran \(times) times")
            }
        }
    }

    @Test("graphs that are built while they run, with cancellations at any time", arguments: Seeds.some(30))
    func builtWhileRunning(seed: UInt64) async throws {
        let graph = RandomGraph(seed: seed, count: 400)
        var random = SeededRandom(seed: ~seed)
        let runs = RunCounts(400)
        try await withTestEngine(workers: 3) { flow in
            let start = flow.functionTask("start") {}()
            let tasks = RandomGraphTasks(graph, in: flow, runs: runs)
            var futures: [TaskFuture<UInt64>] = []
            for node in graph.nodes {
                futures.append(tasks.call(node, after: start, futures))
                if random.chance(0.02) { futures.randomElement(using: &random)!.cancel() }
                if random.chance(0.05) { await Task.yield() }
            }
            var values: [UInt64?] = []
            for (node, future) in zip(graph.nodes, futures) {
                let value = try? await future.result.get()
                values.append(value)
                let inputs = node.dependencies.compactMap { values[$0] }
                if let value {
                    // Whatever was cancelled: who has a value has the right one, and had all its inputs.
                    #expect(inputs.count == node.dependencies.count, "seed \(seed): task \(node.number)")
                    #expect(value == RandomGraph.combine(node.number, inputs), "seed \(seed): task \(node.number)")
                } else if inputs.count < node.dependencies.count {
                    #expect(runs.all[node.number] == 0, "seed \(seed): task \(node.number) ran without its inputs")
                }
            }
        }
        #expect(runs.all.allSatisfy { $0 <= 1 }, "seed \(seed)")
    }

    @Test("1,024 workflows run at the same time without mixing anything up")
    func concurrentWorkflows() async throws {
        try await withTestEngine { flow in
            let step = flow.functionTask("step") { (value: Int, delta: Int) in
                await Task.yield()
                #expect(TaskContext.current?.workflowID == "workflow \(delta)")
                return value + delta
            }
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for number in 0..<1_024 {
                    group.addTask {
                        try await flow.withWorkflowScope("workflow \(number)") {
                            let first = (0..<4).map { step($0, number) }
                            let last = sum(first.map { step($0, number) })
                            #expect(last.workflowID == "workflow \(number)")
                            return (number, try await last.value)
                        }
                    }
                }
                for try await (number, total) in group { #expect(total == 6 + 8 * number) }
            }
        }
    }
}
