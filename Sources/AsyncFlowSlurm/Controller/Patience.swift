import AsyncFlowBase

/// The error of an answer that didn't come in time.
package struct OverdueAnswer: Error {}

/// Waits for an answer for a limited time; then the question is cancelled, and the function waits until it has ended.
///
/// - Throws: ``OverdueAnswer``; the errors of the question.
package func within<Answer: Sendable>(
    _ patience: Duration, _ question: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
    try await withThrowingTaskGroup(of: Answer?.self) { group in
        group.addTask(operation: question)
        group.addTask {
            try await Task.sleep(for: patience.bounded)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let answer = first else { throw OverdueAnswer() }
        return answer
    }
}
