/// Why a prompt has no answer. The cause of the `TaskFailedError` of its task.
///
/// The API key is in none of its parts, even where a server repeats it.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of trouble it is. New ones may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ name: String) { description = name }

        /// The base URL can't be used.
        public static let invalidURL = Code("invalidURL")
        /// The request can't be written as JSON.
        public static let invalidRequest = Code("invalidRequest")
        /// The server can't be reached, or the connection broke.
        public static let connectionFailed = Code("connectionFailed")
        /// The server took too long.
        public static let timedOut = Code("timedOut")
        /// The server refused, with a status or an error object.
        public static let refused = Code("refused")
        /// The account's quota is used up; trying again doesn't help.
        public static let quotaExceeded = Code("quotaExceeded")
        /// The limit of tokens cut an answer short that was to be decoded.
        public static let truncated = Code("truncated")
        /// The backend may not take so many more tokens: see ``InferenceLimits/totalTokens``.
        public static let budgetExhausted = Code("budgetExhausted")
        /// An agent has no answer after all its steps.
        public static let tooManySteps = Code("tooManySteps")
        /// The backend can't do what the task asks for.
        public static let unsupported = Code("unsupported")
        /// The answer isn't in the cache, and no server may be asked.
        public static let notRecorded = Code("notRecorded")
        /// The answer can't be kept in the cache.
        public static let notKept = Code("notKept")
        /// What came isn't an answer.
        public static let invalidAnswer = Code("invalidAnswer")
    }

    public let code: Code
    /// The HTTP status; nil if there was no answer.
    public let status: Int?
    /// What happened, with which backend and URL, and what can be done.
    public let message: String
    public var description: String { message }

    init(_ code: Code, status: Int? = nil, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }
}
