/// A backend whose commands may outlive this process, and which can find them again.
package protocol ReattachingBackend: CommandBackend {
    /// Waits for a command that an earlier run of the program has started, as though this run had started it.
    ///
    /// - Parameters:
    ///   - ticket: what the backend has kept with ``CommandRequest/keep(ticket:)`` or ``CommandRequest/note(ticket:)``.
    ///   - request: the same command, whose output goes where the earlier run wanted it to.
    /// - Returns: nil if nothing of it runs or can run any more, so that it may be started again.
    /// - Throws: what `execute` would throw.
    func reattach(_ ticket: [UInt8], _ request: CommandRequest) async throws -> CommandResult?
}

/// A backend that holds things outside of this process which outlive it when it is killed.
package protocol LeavingBackend: Backend {
    /// Ends what interrupted runs of the program have left. Called when an engine begins; tasks may already run.
    ///
    /// - Parameter traces: what the backend of this name has kept with ``TaskContext/keep(trace:of:)`` since the last
    ///   run that ended by itself.
    func endLeftovers(_ traces: [[UInt8]]) async
}

/// Where a backend keeps the trace of a command.
package struct CommandTraceKeeper: Sendable {
    let traces: any CommandTraces
    /// The trace, except for the ticket.
    let form: CommandTrace

    fileprivate func trace(_ ticket: [UInt8]) -> CommandTrace {
        var trace = form
        trace.ticket = ticket
        return trace
    }
}

extension CommandRequest {
    /// Whether somebody keeps the traces of commands.
    package var isTraced: Bool { keeper != nil }

    /// Keeps what ``ReattachingBackend/reattach(_:_:)`` needs to find the command again, which goes on without this
    /// process. Returns when that is on disk.
    ///
    /// - Throws: if it can't be kept.
    package func keep(ticket: [UInt8]) async throws {
        guard let keeper else { return }
        try await keeper.traces.keep(keeper.trace(ticket))
    }

    /// The same for a command that is not meant to outlive this process; doesn't wait for the disk.
    package func note(ticket: @autoclosure () -> [UInt8]?) {
        guard let keeper, let ticket = ticket() else { return }
        keeper.traces.note(keeper.trace(ticket))
    }

    /// Has something done as soon as nobody needs what the command has left outside of this process: when its outcome
    /// is on disk, or at once if nobody records it.
    package func whenRecorded(_ body: @escaping @Sendable () -> Void) {
        guard let keeper else { return body() }
        keeper.traces.whenRecorded(body)
    }
}

extension TaskContext {
    /// Keeps what ``LeavingBackend/endLeftovers(_:)`` needs, if somebody keeps such traces. Returns when it is on disk.
    ///
    /// - Parameter backend: the backend's name.
    package func keep(trace: [UInt8], of backend: String) async throws {
        try await localEngine?.memory?.keep(trace: trace, of: backend)
    }
}
