public import AsyncFlow

extension TaskOption where Kind == PromptKind {
    /// Requests another model than the backend's.
    public static func model(_ name: String) -> Self { setting { $0.settings.model = name } }
    /// Sets the temperature: 0 for the most likely answer, more for more variety.
    public static func temperature(_ value: Double) -> Self { setting { $0.settings.temperature = value } }
    /// Restricts sampling to the most likely tokens that together have this probability.
    public static func topP(_ value: Double) -> Self { setting { $0.settings.topP = value } }
    /// Ends the answer after this many tokens.
    public static func maxTokens(_ count: Int) -> Self { setting { $0.settings.maxTokens = count } }
    /// Ends the answer before one of these texts.
    public static func stop(_ texts: String...) -> Self { setting { $0.settings.stop = texts } }
    /// Sets the seed: the same seed gives the same answer, if the server supports that.
    public static func seed(_ value: Int) -> Self { setting { $0.settings.seed = value } }
    /// Adds a system message before the prompt, unless the prompt has one.
    public static func system(_ text: String) -> Self { setting { $0.settings.system = text } }
    /// Adds a top-level field to the request; it takes precedence over fields with their own options.
    public static func field(_ name: String, _ value: JSONValue) -> Self {
        setting { $0.settings.extraFields[name] = value }
    }

    /// Streams the answer in parts as the model writes it. The task reports its progress.
    ///
    /// - Parameter onText: receives each part, in order, on the Swift task that receives the answer; while it runs,
    ///   nothing more is received. After an attempt that broke off, the next one begins from the first part again, with
    ///   `attempt` one higher.
    public static func streamed(
        _ onText: @escaping @Sendable (_ text: String, _ attempt: Int) async -> Void = { _, _ in }
    ) -> Self { setting { $0.onText = onText } }

    private static func setting(_ change: @escaping @Sendable (inout PromptOptions) -> Void) -> Self {
        backend { (before: PromptOptions?) in
            var options = before ?? PromptOptions()
            change(&options)
            return options
        }
    }
}
