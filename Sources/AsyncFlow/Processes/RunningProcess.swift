import AsyncFlowBase
internal import CProcesses

/// How a process ended.
struct ProcessOutcome: Sendable {
    /// The status as `waitpid` gives it, or `nil` when somebody else has taken it.
    var status: CInt?
    /// Whether the process was cancelled before it ended by itself.
    var isCancelled = false
    /// What went wrong on our side, for which the process was ended.
    var failure: SystemError?
    /// What it took of the machine.
    var usage: ResourceUsage?
    /// Whether the system ended it because memory ran out.
    var ranOutOfMemory = false
    /// What it wrote to its standard output, where that is kept in memory.
    var output = CapturedOutput()
    /// Whether it was ended because that was more than is kept.
    var hasTooMuchOutput = false
    /// The end of what it wrote to its standard error, where that is kept in memory.
    var errorTail: [UInt8] = []
}

/// A process that was started, with its pipes.
///
/// `@unchecked Sendable` because it changes hands once: the task that has started it hands it over to the reactor's
/// inbox, and from there on only the reactor's thread touches it.
final class RunningProcess: @unchecked Sendable {
    /// More than a pipe ever holds. Someone who has left the group and writes without end isn't read any further.
    static let mostInPipe = 16 << 20

    /// A number that no other process gets in the lifetime of this one, unlike a process id.
    let number: UInt64
    let group: ProcessGroup
    var lifecycle: ProcessLifecycle
    /// What reports its end, where that is a descriptor.
    var exitDescriptor: Descriptor?
    var output: Descriptor?
    var error: Descriptor?
    var input: Descriptor?
    var remainingInput: ArraySlice<UInt8>
    var outcome = ProcessOutcome()
    let started = ContinuousClock.now
    /// What this process had at most until now, in bytes: on Linux, a child counts that as its own.
    let peakMemoryOfStarter: Int64
    /// Takes all that it writes, besides.
    var tap: OutputTap?
    var wasReaped = false
    /// What has it ended should this process die.
    private var supervision: Supervision?
    private var hasBegun = false
    /// Gets all that it writes.
    var watcher: CommandWatcher?
    /// The most of its standard output that is kept, in bytes.
    var outputLimit = CommandRunner.defaultOutputLimit
    private var errorTail = TailBuffer(limit: CommandRunner.standardErrorLimit)
    private var continuation: CheckedContinuation<ProcessOutcome, Never>?

    init(number: UInt64, pid: pid_t, gracePeriod: Duration, pipes: consuming ParentPipes) {
        self.number = number
        exitDescriptor = Poller.exitDescriptor(of: pid)
        group = ProcessGroup(id: pid)
        #if os(Linux)
        peakMemoryOfStarter = cprocesses_own_peak_memory()
        #else
        peakMemoryOfStarter = 0
        #endif
        lifecycle = ProcessLifecycle(gracePeriod: gracePeriod)
        output = pipes.output.take()
        error = pipes.error.take()
        input = pipes.input.take()
        remainingInput = pipes.remainingInput
    }

    /// The process counts from now on, and is ended should this process die.
    func begin() {
        hasBegun = true
        CommandEnds.shared.started()
        supervision = ProcessSupervisor.shared.watch(group: group.id)
    }

    /// Sets who waits for the process.
    func setContinuation(_ continuation: CheckedContinuation<ProcessOutcome, Never>) {
        self.continuation = continuation
    }

    /// Whether what it writes can't be kept, so that it has to end.
    var isBeyondLimits: Bool { outcome.hasTooMuchOutput || outcome.failure != nil }

    /// Tells whoever waits how the process ended.
    func finish() {
        supervision = nil
        if hasBegun { CommandEnds.shared.ended() }
        hasBegun = false
        outcome.isCancelled = lifecycle.isCancelled
        outcome.errorTail = errorTail.bytes
        continuation?.resume(returning: outcome)
        continuation = nil
    }

    /// Reads once from one of the output pipes.
    ///
    /// - Returns: The number of bytes, 0 at the end, -1 when there is nothing now.
    func read(_ source: Token.Source, using buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let number = source == .output ? output?.number : error?.number else { return 0 }
        let count: Int
        do {
            count = try retrying { systemRead(number, buffer) }
        } catch {
            return error.code == EAGAIN ? -1 : 0
        }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
        if count > 0 { tap?.receive(bytes, from: source == .output ? .standardOutput : .standardError) }
        if count > 0 { watcher?.received(bytes) }
        if source == .error {
            errorTail.append(bytes)
        } else if watcher == nil, !outcome.hasTooMuchOutput {
            if outcome.output.count + count > outputLimit {
                outcome.hasTooMuchOutput = true
                outcome.output = CapturedOutput()
            } else if !outcome.output.append(bytes) {
                outcome.failure = SystemError(code: ENOMEM)
            }
        }
        return count
    }

    /// Reads what is left in an output pipe when everybody has ended.
    func drain(_ source: Token.Source, using buffer: UnsafeMutableRawBufferPointer) {
        var total = 0
        while total < Self.mostInPipe {
            let count = read(source, using: buffer)
            guard count > 0 else { return }
            total += count
        }
    }

    /// Writes as much of the input as the pipe takes.
    ///
    /// - Returns: Whether that was the last of it, or nobody reads it any more.
    func writeInput() -> Bool {
        guard let number = input?.number else { return true }
        do {
            remainingInput = try InputWriter.write(remainingInput, to: number)
            return remainingInput.isEmpty
        } catch {
            return true
        }
    }
}

private func systemRead(_ number: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(number, buffer.baseAddress, buffer.count)
}
