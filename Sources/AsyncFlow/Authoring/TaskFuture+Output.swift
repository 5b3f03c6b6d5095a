extension TaskFuture {
    /// The output of the task's command, line by line, while the command runs; see ``OutputLines``.
    ///
    /// ```swift
    /// let run = simulate(parameters)
    /// for try await line in run.outputLines where line.text.hasPrefix("step") { print(line) }
    /// ```
    public var outputLines: OutputLines { outputLines(of: nil) }

    /// Returns the lines that the task's command writes to one of its streams.
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

    /// Returns the values that the task's command writes to its standard output as JSON, one per line, while it runs.
    ///
    /// ```swift
    /// for try await step in training.jsonLines(as: Step.self) where step.loss > 10 { training.cancel() }
    /// ```
    ///
    /// - Parameters:
    ///   - type: the type of the values.
    ///   - onUndecodable: called with each line that looks like JSON but isn't such a value; reading then continues.
    ///     Without it, such a line is thrown as an error.
    public func jsonLines<Element: Decodable & Sendable>(
        as type: Element.Type, onUndecodable: (@Sendable (OutputDecodingError) -> Void)? = nil
    ) -> JSONLines<Element> {
        JSONLines(outputLines(of: .standardOutput), onUndecodable)
    }
}
