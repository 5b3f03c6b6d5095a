import Synchronization

/// Where the tasks of a discarding group leave their results.
final class Sum: Sendable {
    private let total = Atomic(0)

    var value: Int { total.load(ordering: .relaxed) }

    func add(_ value: Int) { total.wrappingAdd(value, ordering: .relaxed) }
}
