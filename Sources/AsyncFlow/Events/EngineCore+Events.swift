extension EngineCore {
    /// Emits the only terminal event of a task.
    func emitEnd(of task: TaskNode) {
        switch task.currentPhase {
        case .done: task.emit(.taskCompleted, task.execution.map { .ended(error: nil, execution: $0, retryDelay: nil) })
        case .failed: task.emit(.taskFailed, .ended(task.content.error, task.execution))
        case .cancelled: task.emit(.taskCancelled, .ended(task.content.error, task.execution))
        case .waiting, .announcing, .announcingCancelled, .dispatched, .running, .cancelling:
            preconditionFailure("a task that hasn't ended can't be announced as ended")
        }
    }

    func emit(_ type: EventType, workflowID: String? = nil) {
        guard events.isObserved else { return }
        events.emit(
            WorkflowEvent(type, of: .engine(self), details: workflowID.map { .scope(workflowID: $0) }))
    }

    /// Emits an event about tasks that wait for each other and will do so forever.
    func emit(stalled text: String) {
        guard events.isObserved else { return }
        let custom = CustomEventContent(own: CustomEventContent.stalled, ["message": .string(text)])
        events.emit(WorkflowEvent(.custom, of: .engine(self), details: .custom(custom, workflowID: nil)))
    }

    /// Whether anybody reads the event: a warning reaches the log even if nothing else is read.
    fileprivate func isWanted(_ custom: CustomEventContent) -> Bool {
        custom.warning == nil ? isObserved : events.isObserved
    }

    /// Emits a custom event, as one of the running task if that belongs to this engine.
    func emit(_ custom: CustomEventContent) {
        guard isWanted(custom) else { return }
        let context = ExecutionContext.current
        let membership = ExecutionContext.currentMembership(in: self)
        let task = context?.task.flatMap { $0.engine === self ? $0 : nil }
        let details = EventDetails.custom(custom, workflowID: membership?.workflowID)
        guard let task else { return events.emit(WorkflowEvent(.custom, of: .engine(self), details: details)) }
        events.emit(
            WorkflowEvent(
                .custom, of: .task(task.number, task.definition, membership), attempt: task.attempt, details: details))
    }
}

extension TaskNode {
    func emit(
        _ type: EventType, attempt: Int? = nil, worker: Int? = nil, ago: Duration = .zero,
        _ details: EventDetails? = nil
    ) {
        definition.uncountedEngine {
            $0.events.emit(
                WorkflowEvent(
                    type, of: .task(number, definition, membership), attempt: attempt ?? self.attempt, worker: worker,
                    ago: ago, details: details))
        }
    }

    func emitStart(ago: Duration = .zero) {
        emit(.taskStarted, worker: Worker.current?.index, ago: ago, startDetails)
    }

    func emitCreation() {
        let dependencies = dependencyIDs
        emit(.taskCreated, attempt: 0, dependencies.isEmpty ? nil : .created(dependencies: dependencies))
    }

    func emit(_ custom: CustomEventContent) {
        if engine.isWanted(custom) { emit(.custom, .custom(custom, workflowID: nil)) }
    }

    var eventDescription: WorkflowEvent.TaskDescription { .init(of: number, definition, membership) }
}

extension TaskContext {
    func emit(_ progress: TaskProgress) {
        switch subject {
        case .task(let node): if node.engine.isObserved { node.emit(.taskProgress, .progress(progress)) }
        case .elsewhere(let subject): subject.tell(.progress(progress))
        }
    }

    package func emit(_ custom: CustomEventContent) {
        switch subject {
        case .task(let node): node.emit(custom)
        case .elsewhere(let subject): subject.tell(.custom(custom))
        }
    }
}
