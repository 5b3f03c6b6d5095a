import AsyncFlow
import AsyncFlowBase
import NIOConcurrencyHelpers

/// The events of prompts, with the names and values of OpenTelemetry's semantic conventions for generative AI.
extension TaskContext {
    func record(_ completion: Completion, asked: String) {
        var attributes: [String: EventValue] = [
            "gen_ai.operation.name": "chat", "gen_ai.request.model": .string(asked),
            "gen_ai.response.model": .string(completion.model),
            "gen_ai.client.operation.duration": .number(completion.latency / .seconds(1)),
            "asyncflow.attempts": .integer(completion.attempts),
        ]
        if let reason = completion.finishReason {
            attributes["gen_ai.response.finish_reasons"] = .array([.string(reason.description)])
        }
        if let usage = completion.usage {
            attributes["gen_ai.usage.input_tokens"] = .integer(usage.inputTokens)
            attributes["gen_ai.usage.output_tokens"] = .integer(usage.outputTokens)
        }
        if let first = completion.timeToFirstToken {
            attributes["gen_ai.response.time_to_first_chunk"] = .number(first / .seconds(1))
        }
        if let speed = completion.tokensPerSecond { attributes["asyncflow.tokens_per_second"] = .number(speed) }
        try? record("gen_ai.completed", attributes)  // the names are allowed
    }

    func record(_ embeddings: Embeddings, asked: String) {
        var attributes: [String: EventValue] = [
            "gen_ai.operation.name": "embeddings", "gen_ai.request.model": .string(asked),
            "gen_ai.response.model": .string(embeddings.model),
            "gen_ai.client.operation.duration": .number(embeddings.latency / .seconds(1)),
            "gen_ai.embeddings.dimension.count": .integer(embeddings.vectors.first?.count ?? 0),
            "asyncflow.attempts": .integer(embeddings.attempts),
        ]
        if let usage = embeddings.usage { attributes["gen_ai.usage.input_tokens"] = .integer(usage.inputTokens) }
        try? record("gen_ai.completed", attributes)  // the names are allowed
    }

    func recordRetry(after error: InferenceError, _ pause: Duration, asked: String) {
        var attributes: [String: EventValue] = [
            "gen_ai.request.model": .string(asked), "error.type": .string(error.code.description),
            "asyncflow.pause": .number(pause / .seconds(1)),
            CustomEventContent.warningAttribute: .string(
                "\(asked) is asked again\(pause > .zero ? " in \(pause.shortText)" : ""): \(error.message)"),
        ]
        if let status = error.status { attributes["http.response.status_code"] = .integer(status) }
        try? record("gen_ai.retried", attributes)  // the names are allowed
    }
}

/// A meter that reports the progress of a streamed answer.
final class TokenMeter: Sendable {
    private let task: TaskContext?
    private let limit: Int?
    private let parts = NIOLockedValueBox(0)

    init(_ task: TaskContext?, limit: Int?) {
        self.task = task
        self.limit = limit
    }

    /// Counts a part, which is about one token.
    func received(_ text: String) {
        guard let task else { return }
        let count = parts.withLockedValue { count in
            count += 1
            return count
        }
        task.report(TaskProgress(fraction: limit.map { Double(count) / Double(max(1, $0)) }, message: "\(count) parts"))
    }
}
