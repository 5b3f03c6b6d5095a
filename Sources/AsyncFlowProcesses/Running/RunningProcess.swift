package import AsyncFlowBase
internal import CProcesses

/// The outcome of a process.
package struct ProcessOutcome: Sendable {
    /// The status that `waitpid` returned; nil if other code took it.
    package var status: CInt?
    /// Whether the process was cancelled before it ended by itself.
    package var isCancelled = false
    /// The failure on this side for which the process was ended.
    package var failure: SystemError?
    /// The resources that it used.
    package var usage: ResourceUsage?
    /// Whether the system ended it because memory ran out.
    package var ranOutOfMemory = false
    /// Its standard output, where that is kept in memory.
    package var output = CapturedOutput()
    /// Whether it was ended because it wrote more than is kept.
    var hasTooMuchOutput = false
    /// The end of its standard error, where that is kept in memory.
    package var errorTail: [UInt8] = []
}

/// A started process, with its pipes.
///
/// `@unchecked Sendable` because it changes hands once: the task that started it puts it into the reactor's inbox, and
/// from then on only the reactor's thread touches it.
package final class RunningProcess: @unchecked Sendable {
    /// More than a pipe ever holds. A process that has left the group and writes endlessly isn't read beyond this.
    static let mostInPipe = 16 << 20

    /// A number that no other process gets in the lifetime of this program, unlike a process id.
    package let number: UInt64
    package let group: ProcessGroup
    package var lifecycle: ProcessLifecycle
    /// The descriptor that reports its end, where there is one.
    var exitDescriptor: Descriptor?
    package var output: Descriptor?
    package var error: Descriptor?
    package var input: Descriptor?
    var remainingInput: ArraySlice<UInt8>
    package var outcome = ProcessOutcome()
    package let started = ContinuousClock.now
    /// The peak memory of this process so far, in bytes: on Linux, a child counts that as its own.
    let peakMemoryOfStarter: Int64
    /// Also receives its output.
    package var tap: OutputTap?
    var wasReaped = false
    /// The watch that ends it if this process dies.
    private var supervision: Supervision?
    private var hasBegun = false
    /// Receives its output.
    package var watcher: CommandWatcher?
    /// The maximum number of bytes of its standard output that are kept.
    package var outputLimit = CommandRunner.defaultOutputLimit
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

    /// Counts the process from now on, and makes it end if this process dies.
    package func begin() {
        hasBegun = true
        CommandEnds.shared.started()
        supervision = ProcessSupervisor.shared.watch(group: group.id)
    }

    /// Sets the caller that waits for the process.
    func setContinuation(_ continuation: CheckedContinuation<ProcessOutcome, Never>) {
        self.continuation = continuation
    }

    /// Whether its output can't be kept, so that it has to end.
    var isBeyondLimits: Bool { outcome.hasTooMuchOutput || outcome.failure != nil }

    /// Reports the outcome to the caller that waits.
    package func finish() {
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
    /// - Returns: The number of bytes; 0 at the end, -1 if there is nothing now.
    package func read(_ source: Token.Source, using buffer: UnsafeMutableRawBufferPointer) -> Int {
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

    /// Reads the rest of an output pipe when all processes have ended.
    package func drain(_ source: Token.Source, using buffer: UnsafeMutableRawBufferPointer) {
        var total = 0
        while total < Self.mostInPipe {
            let count = read(source, using: buffer)
            guard count > 0 else { return }
            total += count
        }
    }

    /// Writes as much of the input as the pipe accepts.
    ///
    /// - Returns: Whether that was the last of it, or nothing reads it.
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
