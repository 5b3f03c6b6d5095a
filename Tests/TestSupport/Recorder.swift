import AsyncFlowBase
import Synchronization

/// Collects values from any number of threads, in the order in which they come.
package final class Recorder<Value: Sendable>: Sendable {
    private let list = Lock<[Value]>([])

    package init() {}

    package var values: [Value] { list.withLock { $0 } }
    package var count: Int { list.withLock { $0.count } }
    package func append(_ value: Value) { list.withLock { $0.append(value) } }
}

/// Counts from any number of threads, and remembers the highest count.
package final class Gauge: Sendable {
    private let state = Lock((current: 0, highest: 0, total: 0))

    package init() {}

    package var current: Int { state.withLock { $0.current } }
    package var highest: Int { state.withLock { $0.highest } }
    /// How often it went up.
    package var total: Int { state.withLock { $0.total } }

    package func up() {
        state.withLock { state in
            state.current += 1
            state.total += 1
            state.highest = max(state.highest, state.current)
        }
    }

    package func down() { state.withLock { $0.current -= 1 } }
}

/// A number that any thread may change.
package final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    package init() {}

    package var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// - Returns: the new value.
    @discardableResult
    package func add(_ difference: Int) -> Int { number.add(difference, ordering: .sequentiallyConsistent).newValue }

    package func set(_ value: Int) { number.store(value, ordering: .sequentiallyConsistent) }
}
