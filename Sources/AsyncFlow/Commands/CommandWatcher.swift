/// Learns of a command while it runs: for commands that are there to run, not to end.
///
/// A command with a watcher doesn't have its standard output kept for it: whoever watches keeps what they need.
public struct CommandWatcher: Sendable {
    private let onStart: @Sendable (RunningCommand) -> Void
    private let onOutput: @Sendable (UnsafeRawBufferPointer) -> Void

    package init(
        onStart: @escaping @Sendable (RunningCommand) -> Void,
        onOutput: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        self.onStart = onStart
        self.onOutput = onOutput
    }

    /// The command runs. To be called by backends that can tell.
    public func started(_ command: RunningCommand) { onStart(command) }

    /// The command has written something to its standard output or error. To be called by backends that can tell, in
    /// the order in which it comes, piece by piece.
    public func received(_ bytes: UnsafeRawBufferPointer) { onOutput(bytes) }
}

/// A command that runs.
public struct RunningCommand: Sendable {
    /// Its process id; 0 if it is no process of this machine.
    public let processID: Int32
    private let sendSignal: @Sendable (Int32) -> Void

    /// - Parameters:
    ///   - processID: its process id; 0 if it is no process of this machine.
    ///   - send: sends a signal to the command and what it has started; does nothing if it has ended.
    public init(processID: Int32, send: @escaping @Sendable (_ signal: Int32) -> Void) {
        self.processID = processID
        sendSignal = send
    }

    /// Sends a signal to the command and what it has started; does nothing if it has ended.
    public func send(_ signal: Int32) { sendSignal(signal) }
}
