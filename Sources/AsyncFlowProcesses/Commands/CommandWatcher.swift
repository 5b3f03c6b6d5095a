/// A receiver of information about a command while it runs, for commands that are meant to run, not to end.
///
/// The standard output of a command with a watcher isn't kept for it: the watcher keeps what it needs.
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

    /// Reports that the command is running. Backends call it if they can.
    public func started(_ command: RunningCommand) { onStart(command) }

    /// Reports bytes that the command has written to its standard output or error. Backends call it if they can, piece
    /// by piece, in the order in which the bytes arrive.
    public func received(_ bytes: UnsafeRawBufferPointer) { onOutput(bytes) }
}

/// A running command.
public struct RunningCommand: Sendable {
    /// The command's process id; 0 if it isn't a process of this machine.
    public let processID: Int32
    private let sendSignal: @Sendable (Int32) -> Void

    /// Creates a running command.
    ///
    /// - Parameters:
    ///   - processID: its process id; 0 if it isn't a process of this machine.
    ///   - send: sends a signal to the command and everything that it started; does nothing if it has ended.
    public init(processID: Int32, send: @escaping @Sendable (_ signal: Int32) -> Void) {
        self.processID = processID
        sendSignal = send
    }

    /// Sends a signal to the command and everything that it started; does nothing if it has ended.
    public func send(_ signal: Int32) { sendSignal(signal) }
}
