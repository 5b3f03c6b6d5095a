import AsyncFlow

/// A step that asks a model, as a task of the engine.
struct PromptDefinition: Sendable {
    private let step: Step
    private let files: any FileReading
    private let policy: PolicyOptions
    private let task: any PromptTaskCalling

    /// - Throws: ``ValueError`` where prompts can't be answered.
    init(_ step: Step, _ model: PlanModel, _ context: RunContext, _ files: any FileReading) throws {
        self.step = step
        self.files = files
        policy = PolicyOptions(step.policy, files, context.options)
        guard case .prompt(let prompt) = step.action, let prompts = context.options.prompts else {
            throw ValueError("'\(step.name)' asks a model, which can't be done here")
        }
        task = try prompts.task(
            "\(step.name).prompt", asking: prompt, of: model, as: step.output, policy.promptOptions(nil),
            on: context.engine)
    }

    /// - Returns: the answer, in the form that the step says.
    func run(_ outer: Environment) async throws -> Value {
        guard case .prompt(let prompt) = step.action else { return .null }
        var evaluator = outer.evaluator(files)
        let text = try evaluator.text(of: prompt.text)
        let system = try prompt.system.map { (template) throws(ValueError) in try evaluator.text(of: template) }
        let answer = try await task.answer(text, system: system, policy.promptOptions(outer))
        return try ProcessOutput.value(of: answer, as: step.output, base: files.base)
    }
}
