import AsyncFlow
import AsyncFlowBase
import AsyncFlowInference
import AsyncFlowPlan

/// Has the prompts of a flow answered by its models.
struct FlowPrompts: PromptAnswering {
    /// The backends of the models that a plan asks.
    ///
    /// - Throws: an error that names the model.
    static func backends(for plan: CheckedPlan) throws -> [any Backend] {
        var made: [String: InferenceBackend] = [:]
        for model in (plan.body.allSteps + plan.finally.allSteps).compactMap(\.model) where made[model.backend] == nil {
            made[model.backend] = try backend(of: model)
        }
        return made.values.sorted { $0.name < $1.name }
    }

    private static func backend(of planned: PlanModel) throws -> InferenceBackend {
        let model = planned.model
        let key = try model.key.map { name throws(ValueError) in
            try SecretStore(planned.plan).value(of: name.name)
        }
        do {
            return try InferenceBackend(
                planned.backend, model: model.model, baseURL: model.address, apiKey: key,
                limits: InferenceLimits(
                    concurrentRequests: model.requestsAtOnce, requestsPerMinute: model.requestsPerMinute,
                    tokensPerMinute: model.tokensPerMinute, totalTokens: model.totalTokens))
        } catch {
            throw ValueError("the model '\(model.name)' in line \(model.place.line): \(error)")
        }
    }

    func task(
        _ name: String, asking prompt: PromptAction, of model: PlanModel, as form: OutputForm,
        _ options: [TaskOption<PromptKind>], on engine: WorkflowEngine
    ) throws -> any PromptTaskCalling {
        var all: [TaskOption<PromptKind>] = [.on(model.backend)] + options
        if let temperature = prompt.temperature { all.append(.temperature(temperature)) }
        if let count = prompt.maximumTokens { all.append(.maxTokens(count)) }
        guard let type = form.schemaType else {
            let task = engine.promptTask(name) { (prompt: Prompt) in prompt }
            return TextTask(task: all.reduce(task) { $0.with($1) })
        }
        return FormedTask(
            task: engine.promptTask(name, all, schema: JSONSchema(TypeSchema.form(of: type))) { json in
                // Files can't be answers, so that no directory is needed.
                _ = try Conversion.convert(JSONText.value(of: json), to: type, base: "/")
            })
    }

    private struct TextTask: PromptTaskCalling {
        let task: PromptTask<Prompt>

        func answer(_ prompt: String, system: String?, _ options: [TaskOption<PromptKind>]) async throws -> String {
            try await options.reduce(task) { $0.with($1) }(Prompt(prompt, system: system)).valueOrCancel()
        }
    }

    private struct FormedTask: PromptTaskCalling {
        let task: WorkflowTask<PromptKind, CheckedAnswer, Prompt>

        func answer(_ prompt: String, system: String?, _ options: [TaskOption<PromptKind>]) async throws -> String {
            let call = options.reduce(task) { $0.with($1) }(Prompt(prompt, system: system))
            return try await call.valueOrCancel().json
        }
    }
}

extension OutputForm {
    /// The type that a model is asked for as JSON; nil for text.
    fileprivate var schemaType: ValueType? {
        switch self {
        case .text, .lines: nil
        case .typed(.string): nil
        case .typed(let type): type
        }
    }
}

/// JSON schemas of types.
enum TypeSchema {
    static func form(of type: ValueType) -> JSONValue {
        switch type {
        case .string, .file, .directory: .object(["type": "string"])
        case .int: .object(["type": "integer"])
        case .float: .object(["type": "number"])
        case .bool: .object(["type": "boolean"])
        case .null, .never: .object(["type": "null"])
        case .json: .object([:])
        case .list(let element): .object(["type": "array", "items": form(of: element)])
        case .optional(let inner): .object(["anyOf": [form(of: inner), .object(["type": "null"])]])
        case .enumeration(let names): .object(["type": "string", "enum": .array(names.map(JSONValue.string))])
        case .record(let fields):
            .object([
                "type": "object", "properties": .object(Dictionary(fields.map { ($0.name, form(of: $0.type)) }) { $1 }),
                "required": .array(fields.map { .string($0.name) }), "additionalProperties": false,
            ])
        }
    }
}
