import AsyncFlowBase

/// An object by which a feature takes part in the life of a task: for example the services that the task uses.
///
/// None of these methods is called under the task's lock.
protocol TaskAttachment: AnyObject, Sendable {
    /// Called when the task is about to be submitted; it may be withdrawn from now on.
    func attach(to task: ManagedTaskNode)
    /// Returns the reason why the task can't run, if it is known when the task is called.
    func refusal(of task: ManagedTaskNode) -> (any WorkflowError)?
    /// Called when all dependencies have values and the first attempt is about to be queued.
    func dependenciesEnded(of task: ManagedTaskNode)
    /// Called when the body of an attempt has failed.
    ///
    /// - Returns: whether the failure is held back: ``TaskNode/fail(_:)`` is called again when its reason is known.
    func holdsBack(_ error: any Error, of task: ManagedTaskNode) -> Bool
    /// Called once when the task has ended, possibly while another of these methods is running.
    func detach(from task: ManagedTaskNode)
}

/// An object, such as a service, that keeps a task's turn and its resources after the task's end.
protocol TurnKeeper: AnyObject, Sendable {
    /// Called when the task's node has been made.
    func introduce(_ node: ManagedTaskNode)
    /// Returns the object that waits in the queue on behalf of the task.
    func turn(of node: ManagedTaskNode) -> any TurnTaker
    /// Called when the task has ended with a value.
    ///
    /// - Returns: whether the turn is kept, to be given back to the scheduler later.
    func keepTurn(in scheduler: ResourceScheduler?) -> Bool
}

extension ManagedTaskNode {
    /// The reason why a task can't continue, whatever its body does: something that it uses has ended.
    struct Withdrawal {
        /// The error with which its body fails.
        let failure: any Error
        /// The error with which the task fails if no body of it has begun.
        let unrunError: any WorkflowError
    }

    /// Fails the task because something that it uses has ended: at once if its body hasn't begun, otherwise when the
    /// body has stopped. A value that the body returns nevertheless is accepted.
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

    /// Returns whether an attempt's failure is reported later, because an attachment is determining its reason.
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
