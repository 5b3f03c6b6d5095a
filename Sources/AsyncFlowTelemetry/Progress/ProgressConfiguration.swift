import AsyncFlowBase

/// The settings for showing the progress of a run. The defaults suit most programs.
public struct ProgressConfiguration: Sendable {
    /// The output that progress is written to.
    public struct Output: Sendable, Hashable {
        let descriptor: Int32

        /// The standard error, which log lines go to as well, so that the program's results can be redirected without
        /// them.
        public static let standardError = Output(descriptor: STDERR_FILENO)
        /// The standard output, which the program's results go to.
        public static let standardOutput = Output(descriptor: STDOUT_FILENO)
    }

    /// The form in which progress is shown.
    public struct Style: Sendable, Hashable {
        enum Value { case automatic, live, plain, off }
        let value: Value

        /// A live display on a terminal; plain lines if the output is something else, if `CI` is set, or if `TERM` is
        /// `dumb`.
        public static let automatic = Style(value: .automatic)
        /// A live display; plain lines where that is impossible.
        public static let live = Style(value: .live)
        /// A line from time to time.
        public static let plain = Style(value: .plain)
        /// Nothing at all.
        public static let off = Style(value: .off)
    }

    /// The output that progress is written to; standard error by default.
    public var output: Output
    /// The form in which progress is shown; by default the one that suits the output. The environment variable
    /// `ASYNCFLOW_PROGRESS`, set to `off`, `plain` or `live`, takes precedence.
    public var style: Style
    /// The time between plain lines, at least 0.1 s. If it is nil, the first line comes after 10 s, and the intervals
    /// double up to a minute. A live display shows every change, at most ten times a second.
    public var interval: Duration?
    /// The expected number of tasks by name, for names where it is known from the start. Bars are then right at once,
    /// and the time left can be shown although tasks are still being called.
    public var expectedTasks: [String: Int]

    /// - Parameters:
    ///   - output: the output that progress is written to.
    ///   - style: the form in which progress is shown.
    ///   - interval: the time between plain lines.
    ///   - expectedTasks: the expected number of tasks by name, where it is known.
    public init(
        output: Output = .standardError, style: Style = .automatic, interval: Duration? = nil,
        expectedTasks: [String: Int] = [:]
    ) {
        self.output = output
        self.style = style
        self.interval = interval
        self.expectedTasks = expectedTasks
    }
}
