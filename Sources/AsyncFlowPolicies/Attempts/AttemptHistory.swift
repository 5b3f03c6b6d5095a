/// The failed attempts of one task, in order. The number of attempts may be unlimited; the number that is kept isn't.
struct AttemptHistory: Sendable {
    /// The first failure and the latest ones.
    private(set) var failures: [AttemptFailure] = []
    private static let capacity = 100

    mutating func append(_ failure: AttemptFailure) {
        if failures.count == Self.capacity { failures.remove(at: 1) }
        failures.append(failure)
    }
}
