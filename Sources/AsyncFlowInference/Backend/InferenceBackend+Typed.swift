import AsyncFlow

extension InferenceBackend {
    static func of(_ backend: any PromptBackend) throws -> InferenceBackend {
        guard let own = backend as? InferenceBackend else {
            throw InferenceError(
                .unsupported,
                "backend '\(backend.name)' only answers texts with texts; "
                    + "send this task to an InferenceBackend with .on"
            )
        }
        return own
    }

    /// Asks until the answer has the required form.
    func decoded<Output: Decodable>(
        _ prompt: Prompt, as type: Output.Type, schema: JSONSchema, repairs: Int, _ task: TaskContext
    ) async throws -> Output {
        let form = InferenceSettings(extraFields: ["response_format": schema.responseFormat(name: "\(type)")])
        var dialogue = RepairDialogue(prompt, repairs: repairs, quote: quote)
        while true {
            let completion = try await complete(dialogue.prompt, for: task, adding: form)
            switch dialogue.answered(completion, decode: { try StructuredAnswer.decode(type, from: $0) }) {
            case .value(let value): return value
            case .askAgain: continue
            case .fail(let error): throw described(error)
            }
        }
    }
}
