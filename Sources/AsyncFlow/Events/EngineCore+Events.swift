extension EngineCore {
    func emit(
        _ type: EventType, of task: TaskNode, dependencies: [TaskID] = [], error: (any Error)? = nil,
        attempt: Int? = nil, retryDelay: Duration? = nil
    ) {
        events.emit(
            WorkflowEvent(
                type, engineID: id, task: task.eventDescription, dependencies: dependencies, error: error,
                workflowID: task.membership?.workflowID, attempt: attempt ?? task.attempt, retryDelay: retryDelay))
    }

    func emitCreation(of task: TaskNode, dependencies: [TaskID]) {
        emit(.taskCreated, of: task, dependencies: dependencies)
    }

    /// The one terminal event of a task.
    func emitEnd(of task: TaskNode) {
        switch task.currentPhase {
        case .done: emit(.taskCompleted, of: task)
        case .failed: emit(.taskFailed, of: task, error: task.content.error)
        case .cancelled: emit(.taskCancelled, of: task, error: task.content.error)
        case .waiting, .announcing, .announcingCancelled, .dispatched, .running, .cancelling:
            preconditionFailure("a task that hasn't ended can't be announced as ended")
        }
    }

    /// - Parameter failure: why the service ended or is restarted, if that wasn't wanted.
    func emit(_ type: EventType, of service: Service, run: Int, failure: ServiceFailure? = nil) {
        guard isObserved || (events.isObserved && failure != nil) else { return }
        events.emit(
            WorkflowEvent(
                type, engineID: id, task: service.task, error: failure, workflowID: service.membership?.workflowID,
                attempt: run))
    }

    func emit(_ type: EventType, workflowID: String? = nil) {
        guard events.isObserved else { return }
        events.emit(WorkflowEvent(type, engineID: id, workflowID: workflowID))
    }
}

extension TaskNode {
    /// How far a file is that the task waits for.
    func emit(_ progress: FileProgress) {
        guard engine.isObserved else { return }
        engine.events.emit(
            WorkflowEvent(
                .fileProgress, engineID: engine.id, task: eventDescription, workflowID: membership?.workflowID,
                fileProgress: progress))
    }

    var eventDescription: WorkflowEvent.TaskDescription {
        WorkflowEvent.TaskDescription(
            id: id, name: definition.name, kind: definition.kind, backend: definition.backend?.name,
            blockID: membership?.block?.taskID)
    }
}
