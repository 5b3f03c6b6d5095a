extension TaskContext {
    /// What a task that runs in another process than its engine was told about what it got (`CUDA_VISIBLE_DEVICES`,
    /// `OMP_NUM_THREADS`) and the trace it belongs to. Empty in the engine's own process.
    public var environment: [String: String] {
        if case .elsewhere(let subject) = subject { subject.environment } else { [:] }
    }

    /// Adds an event of your own to the events of the engine, as one of this task, also from another process.
    ///
    /// - Parameters:
    ///   - name: two or more words with dots between them: see ``CustomEvent/eventName``.
    ///   - attributes: what it says.
    /// - Throws: ``CustomEventError`` if a name isn't allowed.
    public func record(_ name: String, _ attributes: [String: EventValue] = [:]) throws(CustomEventError) {
        emit(try CustomEventContent(name, attributes))
    }

    /// Tells those who watch the run a line, also from another process: it is the custom event `asyncflow.log` of this
    /// task, with the attributes `level` and `message`, and `worker` if it comes from one.
    ///
    /// - Parameters:
    ///   - text: the line.
    ///   - level: how much it matters, in the words of swift-log: `info` by default.
    public func log(_ text: String, level: String = "info") {
        if case .elsewhere(let subject) = subject { return subject.tell(.log(level: level, text: text)) }
        emit(CustomEventContent(own: "log", ["level": .string(level), "message": .string(text)]))
    }
}
