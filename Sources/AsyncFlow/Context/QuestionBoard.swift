import AsyncFlowBase

/// The questions of a run that wait for an answer from a person, for whoever shows the run: one per engine, by
/// ``WorkflowEngine/companion(_:make:)``.
package final class QuestionBoard: Sendable {
    package struct Question: Sendable, Hashable {
        /// The name that an answer is sent to.
        package var name: String
        /// The type of the answer, for people.
        package var type: String
        package var text: String
        /// Seconds since 1970.
        package var since: Double
        /// Seconds since 1970; nil without a time limit.
        package var deadline: Double?

        package init(name: String, type: String, text: String, since: Double, deadline: Double?) {
            self.name = name
            self.type = type
            self.text = text
            self.since = since
            self.deadline = deadline
        }
    }

    /// The reception of an answer.
    package enum Outcome: Sendable, Hashable {
        case taken
        /// Nobody waits for it.
        case notAsked
        /// It isn't what was asked for.
        case refused(String)
    }

    private struct Entry {
        let question: Question
        let answer: @Sendable ([UInt8]) -> Outcome
    }
    private struct State {
        var entries: [UInt64: Entry] = [:]
        var lastNumber: UInt64 = 0
    }
    private let state = Lock(State())

    package init() {}

    /// Shows a question.
    ///
    /// - Parameter answer: takes an answer as JSON; may block.
    /// - Returns: the question's number.
    package func ask(_ question: Question, answer: @escaping @Sendable ([UInt8]) -> Outcome) -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            state.entries[state.lastNumber] = Entry(question: question, answer: answer)
            return state.lastNumber
        }
    }

    package func withdraw(_ number: UInt64) { state.withLock { _ = $0.entries.removeValue(forKey: number) } }

    /// The open questions, the oldest first.
    package var open: [Question] {
        state.withLock { $0.entries.sorted { $0.key < $1.key }.map(\.value.question) }
    }

    /// Answers the oldest open question of a name. May block.
    package func answer(_ name: String, with json: [UInt8]) -> Outcome {
        let answer = state.withLock { state in
            state.entries.filter { $0.value.question.name == name }.min { $0.key < $1.key }?.value.answer
        }
        return answer?(json) ?? .notAsked
    }
}

extension WorkflowEngine {
    /// The questions that wait for an answer.
    package var questions: QuestionBoard { companion(QuestionBoard.self) { QuestionBoard() } }
}
