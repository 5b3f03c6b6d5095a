import NIOConcurrencyHelpers

public import AsyncFlow

/// A part of a streamed answer.
public struct TextPart: Sendable, Hashable {
    /// The text of one or more tokens, as the server sends them.
    public var text: String
    /// The number of the attempt that the part belongs to, from 1. An answer that broke off, or didn't have the
    /// required form, begins again, and all earlier parts are void.
    public var attempt: Int
}

extension TaskFuture where Value == String {
    /// The answer as the model writes it; the sequence ends when the task has ended in any way.
    ///
    /// ```swift
    /// let write = flow.promptTask("write", .streamed()) { (topic: String) in "Write about \(topic)." }
    /// let story = write("tardigrades")
    /// for await part in story.textParts { print(part.text, terminator: "") }
    /// ```
    ///
    /// A reader that starts late first receives everything so far as one part. Without the option `.streamed` the whole
    /// answer comes as one part. Unread parts are kept.
    public var textParts: AsyncStream<TextPart> { AnswerStreams.parts(of: self) { $0 } }
}

extension TaskFuture where Value == Completion {
    /// The answer as the model writes it; the sequence ends when the task has ended in any way.
    ///
    /// A reader that starts late first receives everything so far as one part. Without the option `.streamed` the whole
    /// answer comes as one part. Unread parts are kept.
    public var textParts: AsyncStream<TextPart> { AnswerStreams.parts(of: self, text: \.text) }
}

/// The streams that pass the answers of one engine's tasks to readers as they come.
final class AnswerStreams: Sendable {
    private struct Reader {
        let continuation: AsyncStream<TextPart>.Continuation
        var hasReceived = false
    }

    private struct Answer {
        var attempt = 0
        var text = ""
        var isUnderWay = false
        var readers: [Int: Reader] = [:]
    }

    private struct State {
        var answers: [TaskID: Answer] = [:]
        var lastReader = 0
    }
    private let state = NIOLockedValueBox(State())  // a lock that the thread sanitizer sees

    static func parts<Value>(
        of future: TaskFuture<Value>, text: @escaping @Sendable (Value) -> String
    ) -> AsyncStream<TextPart> {
        let streams = future.companion(AnswerStreams.self) { AnswerStreams() }
        let id = future.id
        let parts = streams.parts(of: id)
        future.onCompletion { result in streams.finish(id, text: (try? result.get()).map(text)) }
        return parts
    }

    // MARK: - Who receives the answer

    /// Notes that an answer begins, perhaps again.
    func begin(_ task: TaskID) {
        state.withLockedValue { state in
            state.answers[task, default: Answer()].attempt += 1
            state.answers[task]!.text = ""
            state.answers[task]!.isUnderWay = true
        }
    }

    func receive(_ text: String, of task: TaskID) {
        state.withLockedValue { state in
            guard var answer = state.answers.removeValue(forKey: task) else { return }
            answer.text += text
            let part = TextPart(text: text, attempt: answer.attempt)
            for number in answer.readers.keys {
                answer.readers[number]!.hasReceived = true
                answer.readers[number]!.continuation.yield(part)
            }
            state.answers[task] = answer
        }
    }

    /// Notes that nothing more comes for now. Without a reader, the answer is forgotten.
    func pause(_ task: TaskID) {
        state.withLockedValue { state in
            state.answers[task]?.isUnderWay = false
            if state.answers[task]?.readers.isEmpty == true { state.answers[task] = nil }
        }
    }

    // MARK: - Readers

    private func parts(of task: TaskID) -> AsyncStream<TextPart> {
        let (parts, continuation) = AsyncStream.makeStream(of: TextPart.self)
        let number = state.withLockedValue { state in
            state.lastReader += 1
            var reader = Reader(continuation: continuation)
            let answer = state.answers[task, default: Answer()]
            if !answer.text.isEmpty {
                reader.hasReceived = true
                continuation.yield(TextPart(text: answer.text, attempt: answer.attempt))
            }
            state.answers[task, default: Answer()].readers[state.lastReader] = reader
            return state.lastReader
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number, of: task) }
        return parts
    }

    private func remove(_ number: Int, of task: TaskID) {
        state.withLockedValue { state in
            state.answers[task]?.readers[number] = nil
            if let answer = state.answers[task], answer.readers.isEmpty, !answer.isUnderWay {
                state.answers[task] = nil
            }
        }
    }

    /// Ends the streams of a task that has ended.
    private func finish(_ task: TaskID, text: String?) {
        let answer = state.withLockedValue { $0.answers.removeValue(forKey: task) }
        guard let answer else { return }
        for reader in answer.readers.values {
            if !reader.hasReceived, let text {
                reader.continuation.yield(TextPart(text: text, attempt: max(1, answer.attempt)))
            }
            reader.continuation.finish()
        }
    }
}
