/// The part of a task's options that only an ``InferenceBackend`` sees.
struct PromptOptions: Sendable {
    var settings = InferenceSettings()
    /// The closure that receives the parts of a streamed answer; nil if the answer isn't streamed.
    var onText: (@Sendable (_ text: String, _ attempt: Int) async -> Void)?
}
