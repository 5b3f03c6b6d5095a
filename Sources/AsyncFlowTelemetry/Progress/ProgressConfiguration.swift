import AsyncFlowBase

/// How the progress of a run is shown. The defaults just work.
public struct ProgressConfiguration: Sendable {
    /// Where it is shown.
    public struct Output: Sendable, Hashable {
        let descriptor: Int32

        /// Where log lines go, too, so that the program's results can be redirected without them.
        public static let standardError = Output(descriptor: STDERR_FILENO)
        /// Where the program's results go.
        public static let standardOutput = Output(descriptor: STDOUT_FILENO)
    }

    /// What it looks like.
    public struct Style: Sendable, Hashable {
        enum Value { case automatic, live, plain, off }
        let value: Value

        /// A live display on a terminal; plain lines if the output is something else, if `CI` is set, or if `TERM` is
        /// `dumb`.
        public static let automatic = Style(value: .automatic)
        /// A live display; plain lines where that is impossible.
        public static let live = Style(value: .live)
        /// Now and then a line.
        public static let plain = Style(value: .plain)
        /// Nothing at all.
        public static let off = Style(value: .off)
    }

    /// Where it is shown; standard error.
    public var output: Output
    /// What it looks like; by default what suits the output. `ASYNCFLOW_PROGRESS`, set to `off`, `plain` or `live` by
    /// whoever starts the program, goes before this.
    public var style: Style
    /// The time between plain lines, at least 0.1 s; if it is nil, 10 s before the first, and then longer and longer up
    /// to a minute. A live display shows every change, at most ten times a second.
    public var interval: Duration?
    /// How many tasks of a name there will be, for names of which that is known from the start: bars are right at once
    /// then, and the time left can be told although tasks are still being called.
    public var expectedTasks: [String: Int]

    /// - Parameters:
    ///   - output: where it is shown.
    ///   - style: what it looks like.
    ///   - interval: the time between plain lines.
    ///   - expectedTasks: how many tasks of a name there will be, where that is known.
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
