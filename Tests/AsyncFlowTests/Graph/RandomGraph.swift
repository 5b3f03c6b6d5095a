import TestSupport
import AsyncFlow
import AsyncFlowBase

/// A random graph: what every task depends on, what it does and what is done to it, with an oracle that says what must
/// become of it.
struct RandomGraph: Sendable {
    struct Node: Sendable {
        var number: Int
        /// Earlier nodes, by number.
        var dependencies: [Int]
        var isAsync: Bool
        var yields: Int
        var throwsError: Bool
        /// Cancelled while it's pending, before any body has begun.
        var isCancelled: Bool
        /// In which way the dependencies are passed.
        var shape: Shape
    }
    enum Shape: CaseIterable { case array, nestedArrays, dictionary, optionals }

    let nodes: [Node]

    init(seed: UInt64, count: Int) {
        var random = SeededRandom(seed: seed)
        let failureRate = [0, 0.002, 0.02].randomElement(using: &random)!
        let cancelRate = [0, 0.002, 0.02].randomElement(using: &random)!
        let reach = [3, 50, count].randomElement(using: &random)!
        nodes = (0..<count).map { number in
            let degree = number == 0 ? 0 : Int.random(in: 0...4, using: &random)
            return Node(
                number: number,
                dependencies: (0..<degree).map { _ in Int.random(in: max(0, number - reach)..<number, using: &random) },
                isAsync: random.chance(0.4), yields: Int.random(in: 0...2, using: &random),
                throwsError: random.chance(failureRate), isCancelled: random.chance(cancelRate),
                shape: Shape.allCases.randomElement(using: &random)!)
        }
    }

    /// What a task makes of the values of its dependencies; differs for every order of them.
    static func combine(_ number: Int, _ inputs: [UInt64]) -> UInt64 {
        inputs.reduce(SeededRandom.mixed(UInt64(number))) { SeededRandom.mixed($0 &* 31 &+ $1) }
    }

    enum Outcome: Equatable {
        case value(UInt64), failed, cancelled
        /// Some dependencies fail and others are cancelled: whichever is seen first counts.
        case failedOrCancelled
    }

    /// What must become of every task, worked out one after the other.
    var expected: [Outcome] {
        var outcomes: [Outcome] = []
        for node in nodes {
            let inputs = node.dependencies.map { outcomes[$0] }
            let values = inputs.compactMap { if case .value(let value) = $0 { value } else { nil } }
            let outcome: Outcome
            // Cancellations happen before anything runs, so they are everywhere before the first failure.
            if node.isCancelled || inputs.contains(.cancelled) {
                outcome = .cancelled
            } else if values.count < inputs.count {
                outcome = inputs.contains(.failedOrCancelled) ? .failedOrCancelled : .failed
            } else {
                outcome = node.throwsError ? .failed : .value(Self.combine(node.number, values))
            }
            outcomes.append(outcome)
        }
        return outcomes
    }
}

/// The tasks that a random graph is made of, on one engine.
struct RandomGraphTasks: Sendable {
    typealias Future = TaskFuture<UInt64>

    private let synchronous: FunctionTask<UInt64, Void, Int, [[UInt64?]]>
    private let asynchronous: FunctionTask<UInt64, Void, Int, [[UInt64?]]>
    private let withDictionary: FunctionTask<UInt64, Void, Int, [Int: UInt64]>

    /// - Parameter runs: how often the body of each node has begun.
    init(_ graph: RandomGraph, in flow: WorkflowEngine, runs: RunCounts) {
        synchronous = flow.functionTask("sync") { (_: Void, number: Int, inputs: [[UInt64?]]) in
            runs.count(number)
            if graph.nodes[number].throwsError { throw TestError("\(number)") }
            return RandomGraph.combine(number, inputs.joined().compactMap(\.self))
        }
        asynchronous = flow.functionTask("async") { (_: Void, number: Int, inputs: [[UInt64?]]) in
            runs.count(number)
            for _ in 0..<graph.nodes[number].yields { await Task.yield() }
            if graph.nodes[number].throwsError { throw TestError("\(number)") }
            return RandomGraph.combine(number, inputs.joined().compactMap(\.self))
        }
        withDictionary = flow.functionTask("dictionary") { (_: Void, number: Int, inputs: [Int: UInt64]) in
            runs.count(number)
            if graph.nodes[number].throwsError { throw TestError("\(number)") }
            return RandomGraph.combine(number, inputs.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    /// Calls the task of one node.
    func call(_ node: RandomGraph.Node, after start: TaskFuture<Void>, _ futures: [Future]) -> Future {
        let inputs = node.dependencies.map { futures[$0] }
        let task = node.isAsync ? asynchronous : synchronous
        switch node.shape {
        case .array: return task(start, node.number, [inputs.map { $0 as Future? }])
        case .nestedArrays: return task(start, node.number, inputs.map { [$0 as Future?] })
        case .optionals: return task(start, node.number, inputs.map { [nil, $0 as Future?] })
        case .dictionary:
            return withDictionary(
                start, node.number, Dictionary(uniqueKeysWithValues: inputs.enumerated().map { ($0, $1) }))
        }
    }
}

/// How often each of some bodies has begun.
final class RunCounts: Sendable {
    private let counts: Lock<[Int]>
    init(_ count: Int) { counts = Lock(Array(repeating: 0, count: count)) }
    var all: [Int] { counts.withLock { $0 } }
    func count(_ number: Int) { counts.withLock { $0[number] += 1 } }
}
