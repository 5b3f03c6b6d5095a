package import Testing

/// Lets other tasks run until a condition holds.
///
/// - Parameters:
///   - expected: The event that is waited for, for the message if it never comes.
///   - limit: The time after which the wait is given up; generous, since tests run beside other work.
///   - condition: Asked again and again.
/// - Throws: ``NeverHappened`` after the limit, and `CancellationError`.
package nonisolated(nonsending) func until(
    _ expected: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        if ContinuousClock.now > end {
            Issue.record("it never happened that \(expected)", sourceLocation: sourceLocation)
            throw NeverHappened(expected: expected)
        }
        try Task.checkCancellation()
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// An event that a test waited for in vain.
package struct NeverHappened: Error, CustomStringConvertible {
    package var expected: String

    package var description: String { "it never happened that \(expected)" }
}
