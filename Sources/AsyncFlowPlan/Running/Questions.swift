package import AsyncFlow

/// Defines tasks whose prompts models answer: what a plan needs of whoever knows models.
package protocol PromptAnswering: Sendable {
    /// Defines a task that asks a model.
    ///
    /// - Parameters:
    ///   - name: the name of the task.
    ///   - model: one of the plan's models.
    ///   - form: the form of the answer.
    ///   - options: the policies of the step.
    /// - Returns: a function that asks, and returns the answer's text.
    func task(
        _ name: String, asking prompt: PromptAction, of model: PlanModel, as form: OutputForm,
        _ options: [TaskOption<PromptKind>], on engine: WorkflowEngine
    ) throws -> any PromptTaskCalling
}

/// A defined task that asks a model.
package protocol PromptTaskCalling: Sendable {
    /// - Returns: the text of the answer; JSON for a form that isn't text.
    func answer(_ prompt: String, system: String?, _ options: [TaskOption<PromptKind>]) async throws -> String
}

/// Asks people.
package protocol Asking: Sendable {
    /// - Parameters:
    ///   - step: the name of the question.
    ///   - question: the text for the person.
    ///   - type: the type of the answer.
    ///   - patience: the longest time to wait; nil for any.
    /// - Returns: the answer, of that type.
    /// - Throws: `CancellationError`, or an error that says that the time is over.
    func answer(_ step: String, _ question: String, as type: ValueType, patience: Duration?) async throws -> Value
}
