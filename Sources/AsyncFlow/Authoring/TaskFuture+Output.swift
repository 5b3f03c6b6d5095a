extension TaskFuture {
    /// What the task's command writes, line by line, while it runs; see ``OutputLines``.
    ///
    /// ```swift
    /// let run = simulate(parameters)
    /// for try await line in run.outputLines where line.text.hasPrefix("step") { print(line) }
    /// ```
    public var outputLines: OutputLines { outputLines(of: nil) }

    /// What the task's command writes to one of its streams.
    public func outputLines(of stream: OutputLine.Stream) -> OutputLines { outputLines(of: .some(stream)) }

    private func outputLines(of stream: OutputLine.Stream?) -> OutputLines {
        guard kind == .executable else { return OutputLines(nil, of: stream) }
        let problem =
            node.definition.options.capturesStdio
            ? EngineError(
                .outputNotStreamed,
                "the output of \(name) (\(id)) can't be read line by line, because .captureStdio has the command write "
                    + "it into files itself; leave that option out, or read the files")
            : nil
        return OutputLines(node.output?.makeReader(), of: stream, problem: problem)
    }

    /// The values that the task's command writes to its standard output as JSON, one a line, while it runs.
    ///
    /// ```swift
    /// for try await step in training.jsonLines(as: Step.self) where step.loss > 10 { training.cancel() }
    /// ```
    ///
    /// - Parameters:
    ///   - type: the type of the values.
    ///   - onUndecodable: called with each line that looks like JSON and isn't such a value; the reading then goes on.
    ///     Without it, such a line is thrown as an error.
    public func jsonLines<Element: Decodable & Sendable>(
        as type: Element.Type, onUndecodable: (@Sendable (OutputDecodingError) -> Void)? = nil
    ) -> JSONLines<Element> {
        JSONLines(outputLines(of: .standardOutput), onUndecodable)
    }
}
