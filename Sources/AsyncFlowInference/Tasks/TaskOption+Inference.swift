public import AsyncFlow

extension TaskOption where Kind == PromptKind {
    /// Asks for another model than that of the backend.
    public static func model(_ name: String) -> Self { setting { $0.settings.model = name } }
    /// 0 for the likeliest answer, more for more variety.
    public static func temperature(_ value: Double) -> Self { setting { $0.settings.temperature = value } }
    /// Of the likeliest tokens only those that together have this probability.
    public static func topP(_ value: Double) -> Self { setting { $0.settings.topP = value } }
    /// The answer ends after as many tokens.
    public static func maxTokens(_ count: Int) -> Self { setting { $0.settings.maxTokens = count } }
    /// The answer ends before one of these texts.
    public static func stop(_ texts: String...) -> Self { setting { $0.settings.stop = texts } }
    /// The same seed gives the same answer, where the server can.
    public static func seed(_ value: Int) -> Self { setting { $0.settings.seed = value } }
    /// Text that precedes the prompt as the system's message, unless the prompt has one.
    public static func system(_ text: String) -> Self { setting { $0.settings.system = text } }
    /// One more top-level field of the request; it takes precedence over those that have options of their own.
    public static func field(_ name: String, _ value: JSONValue) -> Self {
        setting { $0.settings.extraFields[name] = value }
    }

    /// Has the answer come in parts, as the model writes it. Those who watch the run see how far it is.
    ///
    /// - Parameter onText: takes each part, in order, on the Swift task that receives the answer: while it runs nothing
    ///   more is received. After an attempt that broke, the next one begins from the first part again, with `attempt`
    ///   one higher.
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
