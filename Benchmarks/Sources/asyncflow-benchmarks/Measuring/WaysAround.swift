import AsyncFlow
import BenchmarkSupport

/// The ways around the four shapes, each next to the same by hand where there is such: calls that are awaited one by
/// one, streams, futures in the order of their end, blocks, a fan-in.
struct WaysAround {
    let tasks: Int
    let rounds: Int

    private typealias Way = @Sendable (_ count: Int) async throws -> Int
    private static let window = 64
    /// Deep enough to show growth with the depth.
    private static let levels = 1_000

    /// Prints the table and returns the figures.
    func report() async throws -> [Figure?] {
        let few = max(1, tasks / 10)
        var table = Table(title: "ways around the shapes, CPU µs each:", header: ["", "AsyncFlow", "by hand", "ratio"])
        func compare(_ name: String, _ figure: String, _ ours: @escaping Way, _ hand: @escaping Way) async throws
            -> Figure?
        {
            let engine = try await costs(few, ours)
            let byHand = try await costs(few, hand)
            let ratio = Ratio(of: engine, to: byHand).median
            table.rows.append([name, engine.median.text, byHand.median.text, ratio.text])
            return Figure(figure, ratio, "x")
        }
        func alone(_ name: String, _ figure: String, _ count: Int, _ way: @escaping Way) async throws -> Figure? {
            let engine = try await costs(count, way)
            table.rows.append([name, engine.median.text, "–", "–"])
            return Figure(figure, engine.median, "us")
        }
        let figures = [
            try await compare(
                "call and await, one by one", "around.call_await_ratio", Self.callAndAwait, Self.callAndAwaitByHand),
            try await compare("stream, per element", "around.stream_ratio", Self.stream, Self.streamByHand),
            try await compare("as completed", "around.completed_ratio", Self.completed, Self.completedByHand),
            try await alone("a block with one member", "around.block_us", few, Self.blocks),
            try await alone("nested blocks, per level", "around.nested_us", Self.levels, Self.nestedBlocks),
            try await alone("fan-in, per edge", "fan.edge_us", tasks, Self.fanIn),
        ]
        table.print()
        return figures
    }

    /// CPU time in microseconds of each of `count`, a value per round.
    private func costs(_ count: Int, _ way: @escaping Way) async throws -> [Double] {
        _ = try await way(max(1, count / 100))
        var costs: [Double] = []
        for _ in 0..<rounds {
            let (_, cost) = try await Measurement.of { try await way(count) }
            costs.append(cost.cpu.microseconds / Double(count))
        }
        return costs
    }

    private static let callAndAwait: Way = { count in
        try await withWorkflowEngine { flow in
            let one = flow.functionTask("one") { (a: Int) in taskBody(a) }
            var sum = 0
            for number in 0..<count { sum &+= try await one(number).value }
            return sum
        }
    }

    private static let callAndAwaitByHand: Way = { count in
        var sum = 0
        for number in 0..<count { sum &+= await Task { taskBody(number) }.value }
        return sum
    }

    private static let stream: Way = { count in
        try await withWorkflowEngine { flow in
            let one = flow.functionTask("one") { (a: Int) in taskBody(a) }
            var sum = 0
            for try await value in flow.stream(0..<count, window: window, { one($0) }) { sum &+= value }
            return sum
        }
    }

    /// As many Swift tasks at a time, whose values are taken in order.
    private static let streamByHand: Way = { count in
        var waiting: [Task<Int, Never>] = []
        var sum = 0
        for number in 0..<count {
            if waiting.count == window {
                for task in waiting { sum &+= await task.value }
                waiting.removeAll(keepingCapacity: true)
            }
            waiting.append(Task { taskBody(number) })
        }
        for task in waiting { sum &+= await task.value }
        return sum
    }

    private static let completed: Way = { count in
        try await withWorkflowEngine { flow in
            let one = flow.functionTask("one") { (a: Int) in taskBody(a) }
            var sum = 0
            for await future in (0..<count).map({ one($0) }).asCompleted() { sum &+= try await future.value }
            return sum
        }
    }

    private static let completedByHand: Way = { count in
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<count { group.addTask { taskBody(number) } }
            var sum = 0
            for await value in group { sum &+= value }
            return sum
        }
    }

    private static let blocks: Way = { count in
        try await withWorkflowEngine { flow in
            let one = flow.functionTask("one") { (a: Int) in taskBody(a) }
            let block = flow.block("block") { (a: Int) in try await one(a).value }
            let futures = (0..<count).map { block($0) }
            var sum = 0
            for future in futures { sum &+= try await future.value }
            return sum
        }
    }

    private static let nestedBlocks: Way = { levels in
        try await withWorkflowEngine { flow in
            @Sendable func down(_ level: Int) async throws -> Int {
                guard level > 0 else { return 0 }
                let block = flow.block("level") { (rest: Int) in try await down(rest) &+ 1 }
                return try await block(level - 1).value
            }
            return try await down(levels)
        }
    }

    private static let fanIn: Way = { count in
        try await withWorkflowEngine { flow in
            let one = flow.functionTask("one") { (a: Int) in taskBody(a) }
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, &+) }
            return try await sum((0..<count).map { one($0) }).value
        }
    }
}
