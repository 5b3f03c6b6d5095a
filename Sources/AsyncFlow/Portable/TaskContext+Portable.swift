extension TaskContext {
    /// The variables by which a task that runs in another process learns of its resources (`CUDA_VISIBLE_DEVICES`,
    /// `OMP_NUM_THREADS`) and of its trace. Empty in the engine's own process.
    public var environment: [String: String] {
        if case .elsewhere(let subject) = subject { subject.environment } else { [:] }
    }

    /// Adds a custom event to the engine's events, as one of this task, even from another process.
    ///
    /// - Parameters:
    ///   - name: two or more words with dots between them; see ``CustomEvent/eventName``.
    ///   - attributes: the event's attributes, by name.
    /// - Throws: ``CustomEventError`` if a name isn't allowed.
    public func record(_ name: String, _ attributes: [String: EventValue] = [:]) throws(CustomEventError) {
        emit(try CustomEventContent(name, attributes))
    }

    /// Shows a line to those who watch the run, even from another process: as the custom event `asyncflow.log` of this
    /// task, with the attributes `level` and `message`, and `worker` if it comes from one.
    ///
    /// - Parameters:
    ///   - text: the line.
    ///   - level: the importance of the line, as a level of swift-log: `info` by default.
    public func log(_ text: String, level: String = "info") {
        if case .elsewhere(let subject) = subject { return subject.tell(.log(level: level, text: text)) }
        emit(CustomEventContent(own: "log", ["level": .string(level), "message": .string(text)]))
    }
}
