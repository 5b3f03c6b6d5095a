import AsyncFlow
import Synchronization

/// The four shapes, written with the engine.
enum EngineShapes {
    /// AsyncFlow's way to run a workload with bodies of one kind.
    static func variant(_ workload: Workload, _ body: BodyKind) -> Variant? {
        Variant(
            "AsyncFlow", .engine,
            hold: { tasks, gate in
                try await withWorkflowEngine { flow in
                    let first = flow.functionTask("first") { () async -> Int in
                        await gate.opened()
                        return 0
                    }()
                    let last = Tasks(flow, body).build(workload, tasks, after: first)
                    try await gate.allTasksAreMade()
                    return try await last()
                }
            },
            run: { tasks in
                try await withWorkflowEngine { flow in
                    try await Tasks(flow, body).build(workload, tasks, after: nil)()
                }
            })
    }

    /// Measures, `samples` times, how long after a dependency has ended its dependent starts, in an engine at rest.
    static let wakeUps: (@Sendable (_ samples: Int) async throws -> [Duration])? = { samples in
        try await withWorkflowEngine { flow in
            let clock = ContinuousClock()
            let dependency = flow.functionTask("dependency") { () async throws -> Moment in
                try await Task.sleep(for: .milliseconds(1))
                return Moment(instant: clock.now)
            }
            let dependent = flow.functionTask("dependent") { (end: Moment) in end.instant.duration(to: clock.now) }
            var latencies: [Duration] = []
            for _ in 0..<samples { latencies.append(try await dependent(dependency()).value) }
            return latencies
        }
    }

    /// Runs `/bin/true` `count` times, `concurrency` at a time.
    static let commands: (@Sendable (_ count: Int, _ concurrency: Int) async throws -> Void)? = { count, concurrency in
        try await withWorkflowEngine(backends: [LocalBackend(maximumProcesses: concurrency)]) { flow in
            let nothing = flow.executableTask("true") { "/bin/true" }
            for future in (0..<count).map({ _ in nothing() }) { _ = try await future.value }
        }
    }
}

private struct Moment: TaskValue {
    let instant: ContinuousClock.Instant
}

/// The tasks that the shapes are made of.
private struct Tasks {
    let one: FunctionTask<Int, Int>
    let two: FunctionTask<Int, Int, Int>
    let sum: FunctionTask<Int, [Int]>
    /// For independent tasks that have to wait for a gate.
    let afterGate: FunctionTask<Int, Int, Int>

    init(_ flow: WorkflowEngine, _ body: BodyKind) {
        switch body {
        case .synchronous:
            one = flow.functionTask("one") { (a: Int) in taskBody(a) }
            two = flow.functionTask("two") { (a: Int, b: Int) in taskBody(a, b) }
            sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, &+) &+ 1 }
            afterGate = flow.functionTask("afterGate") { (_: Int, a: Int) in taskBody(a) }
        case .asynchronous:
            one = flow.functionTask("one") { (a: Int) in await asyncTaskBody(a) }
            two = flow.functionTask("two") { (a: Int, b: Int) in await asyncTaskBody(a, b) }
            sum = flow.functionTask("sum") { (values: [Int]) in await asyncTaskBody(values.reduce(0, &+)) }
            afterGate = flow.functionTask("afterGate") { (_: Int, a: Int) in await asyncTaskBody(a) }
        }
    }

    /// Makes all tasks of a shape, after `gate` if given.
    ///
    /// - Returns: what awaits the result.
    func build(_ workload: Workload, _ tasks: Int, after gate: TaskFuture<Int>?) -> () async throws -> Int {
        switch workload {
        case .independent: independent(tasks, gate)
        case .chain: chain(tasks, gate)
        case .layers: layers(tasks, gate)
        case .grid: grid(tasks, gate)
        }
    }

    private func independent(_ tasks: Int, _ gate: TaskFuture<Int>?) -> () async throws -> Int {
        let futures = (0..<tasks).map { i in gate.map { afterGate($0, i) } ?? one(i) }
        return {
            var sum = 0
            for future in futures { sum &+= try await future.value }
            return sum
        }
    }

    private func chain(_ tasks: Int, _ gate: TaskFuture<Int>?) -> () async throws -> Int {
        var last = gate.map { one($0) } ?? one(0)
        for _ in 1..<tasks { last = one(last) }
        return { [last] in try await last.value }
    }

    private func layers(_ tasks: Int, _ gate: TaskFuture<Int>?) -> () async throws -> Int {
        var last = gate.map { one($0) } ?? one(0)
        for _ in 0..<Workload.layerCount(for: tasks) {
            last = sum((0..<Workload.layerWidth).map { _ in one(last) })
        }
        return { [last] in try await last.value }
    }

    private func grid(_ tasks: Int, _ gate: TaskFuture<Int>?) -> () async throws -> Int {
        let side = Workload.gridSide(for: tasks)
        var row = [TaskFuture<Int>?](repeating: gate, count: side)
        for _ in 0..<side {
            var left: TaskFuture<Int>?
            for column in 0..<side {
                let future =
                    switch (row[column], left) {
                    case (let above?, let left?): two(above, left)
                    case (let above?, nil): two(above, 0)
                    case (nil, let left?): two(0, left)
                    case (nil, nil): two(0, 0)
                    }
                row[column] = future
                left = future
            }
        }
        return { [last = row[side - 1]!] in try await last.value }
    }
}
