import AsyncFlowBase
import Synchronization

/// Collects values from any number of threads, in the order in which they come.
final class Recorder<Value: Sendable>: Sendable {
    private let list = Lock<[Value]>([])

    var values: [Value] { list.withLock { $0 } }
    var count: Int { list.withLock { $0.count } }
    func append(_ value: Value) { list.withLock { $0.append(value) } }
}

/// Counts from any number of threads, and remembers the highest count.
final class Gauge: Sendable {
    private let state = Lock((current: 0, highest: 0, total: 0))

    var current: Int { state.withLock { $0.current } }
    var highest: Int { state.withLock { $0.highest } }
    /// How often it went up.
    var total: Int { state.withLock { $0.total } }

    func up() {
        state.withLock { state in
            state.current += 1
            state.total += 1
            state.highest = max(state.highest, state.current)
        }
    }

    func down() { state.withLock { $0.current -= 1 } }
}

/// A number that any thread may change.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// - Returns: the new value.
    @discardableResult
    func add(_ difference: Int) -> Int { number.add(difference, ordering: .sequentiallyConsistent).newValue }

    func set(_ value: Int) { number.store(value, ordering: .sequentiallyConsistent) }
}
