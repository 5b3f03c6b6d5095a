import AsyncFlowBase

/// What a feature hangs on a task to take part in its life: the services that the task uses, for example.
///
/// Nothing here is called under the task's lock.
protocol TaskAttachment: AnyObject, Sendable {
    /// The task is about to be submitted; it may be withdrawn from now on.
    func attach(to task: ManagedTaskNode)
    /// Why the task can't run, if that is known when it is called.
    func refusal(of task: ManagedTaskNode) -> (any WorkflowError)?
    /// All dependencies have values, and the first attempt is about to be queued.
    func dependenciesEnded(of task: ManagedTaskNode)
    /// The body of an attempt has failed.
    ///
    /// - Returns: whether ``TaskNode/fail(_:)`` is called again, when more is known about the reason.
    func holdsBack(_ error: any Error, of task: ManagedTaskNode) -> Bool
    /// The task has ended. Called once, perhaps while one of the others is.
    func detach(from task: ManagedTaskNode)
}

/// What has begun by a task and keeps the task's turn, and what was given to it, after the task's end: a service.
protocol TurnKeeper: AnyObject, Sendable {
    /// The task's node was made.
    func introduce(_ node: ManagedTaskNode)
    /// What waits in the queue for the task.
    func turn(of node: ManagedTaskNode) -> any TurnTaker
    /// The task has ended with a value.
    ///
    /// - Returns: whether the turn is kept, and given back to the scheduler later.
    func keepTurn(in scheduler: ResourceScheduler?) -> Bool
}

extension ManagedTaskNode {
    /// Why a task can't go on, whatever its body does: something that it uses has ended.
    struct Withdrawal {
        /// What its body fails with.
        let failure: any Error
        /// What the task fails with if no body of it has begun.
        let unrunError: any WorkflowError
    }

    /// Fails the task because something that it uses has ended: at once if its body hasn't begun, and else when that
    /// has stopped. A value that the body returns nevertheless counts.
    func withdraw(because withdrawal: Withdrawal) {
        if engine.isInterrupting { return }
        let isFirst = run.withLock { run in
            guard run.life.stage != .over, run.withdrawal == nil else { return false }
            run.withdrawal = withdrawal
            return true
        }
        guard isFirst else { return }
        giveUp(because: withdrawal)
        if run.withLock({ $0.life.stage == .attempting }) { interruptBody() }
    }

    func giveUp(because withdrawal: Withdrawal) {
        if run.withLock({ $0.life.giveUp(self) }) { endUnrun(withdrawal.unrunError) }
    }

    /// Whether the end of an attempt is told later, because an attachment finds out more about it.
    func isHeldBack(_ error: any Error) -> Bool {
        guard let attachment, run.withLock({ $0.life.stage == .attempting && $0.withdrawal == nil }) else {
            return false
        }
        return attachment.holdsBack(error, of: self)
    }
}

extension ManagedTaskNode: TurnTaker {
    var label: String { "\(definition.name) (\(id))" }
    var outlivesTask: Bool { false }
}
