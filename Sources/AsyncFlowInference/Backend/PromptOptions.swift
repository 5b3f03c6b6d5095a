/// The part of a task's options that only an ``InferenceBackend`` sees.
struct PromptOptions: Sendable {
    var settings = InferenceSettings()
    /// Set if the answer is to come in parts.
    var onText: (@Sendable (_ text: String, _ attempt: Int) async -> Void)?
}
