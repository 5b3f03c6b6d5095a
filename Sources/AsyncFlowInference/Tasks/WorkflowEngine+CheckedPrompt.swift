package import AsyncFlow
import Foundation

/// An answer as JSON, of a form that only running code knows.
package struct CheckedAnswer: Codable, Sendable {
    /// The answer's JSON.
    package var json: String
}

extension WorkflowEngine {
    /// Defines a task whose answer is JSON of a form that only running code knows.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("openai")`.
    ///   - schema: the form, for the server.
    ///   - repairs: the number of times that the model may try again.
    ///   - check: throws an error that says, in words for the model, what is wrong with an answer.
    package func promptTask(
        _ name: String, _ options: [TaskOption<PromptKind>], schema: JSONSchema, repairs: Int = 2,
        check: @escaping @Sendable (String) throws -> Void
    ) -> WorkflowTask<PromptKind, CheckedAnswer, Prompt> {
        // The question alone doesn't say what form its answer has.
        let form = schema.json.sortedText
        return promptTask(
            name, options + [.recording { $0.version += " \(form)" }],
            dryRunValue: CheckedAnswer(json: "null"), text: \Prompt.text
        ) { backend, prompt, task in
            try await InferenceBackend.of(backend).checked(prompt, schema: schema, repairs: repairs, task, check)
        } prompt: { (prompt: Prompt) in
            prompt
        }
    }
}

extension InferenceBackend {
    /// Asks until the answer is of the form that it should have.
    fileprivate func checked(
        _ prompt: Prompt, schema: JSONSchema, repairs: Int, _ task: TaskContext,
        _ check: @Sendable (String) throws -> Void
    ) async throws -> CheckedAnswer {
        let form = InferenceSettings(extraFields: ["response_format": schema.responseFormat(name: task.taskName)])
        var dialogue = RepairDialogue(prompt, repairs: repairs, quote: quote)
        while true {
            let completion = try await complete(dialogue.prompt, for: task, adding: form)
            let answer = dialogue.answered(completion) { text in
                let json = try StructuredAnswer.decode(JSONValue.self, from: text).sortedText
                try check(json)
                return CheckedAnswer(json: json)
            }
            switch answer {
            case .value(let value): return value
            case .askAgain: continue
            case .fail(let error): throw described(error)
            }
        }
    }
}

extension JSONValue {
    /// The value as JSON, the same for equal values.
    fileprivate var sortedText: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A value of JSON can be written, unless a number in it is none.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
