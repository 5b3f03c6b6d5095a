import AsyncFlowBase
import CProcesses

/// The handling of requests, events and the passing of time by the reactor's thread. Only that thread uses it.
struct ReactorLoop {
    private let poller: Poller
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var processes: [UInt64: RunningProcess] = [:]
    private var memoryKills = MemoryKills()
    private var wakeTimes: [UInt64: ProcessLifecycle.Instant] = [:]

    init(poller: Poller) {
        self.poller = poller
    }

    /// Returns the time until something has to be done if nothing happens before; -1 for no limit.
    func millisecondsToWait() -> CInt {
        guard let next = wakeTimes.values.min() else { return -1 }
        let pause = next - .now
        guard pause > .zero else { return 0 }
        // Rounded up: waking early would only mean waiting again. A day is as good as no limit.
        let milliseconds = min(pause, .seconds(86_400)) / .milliseconds(1)
        return CInt(milliseconds.rounded(.up))
    }

    mutating func handle(_ request: ProcessReactor.Request) {
        switch request {
        case .adopt(let process):
            processes[process.number] = process
        case .cancel(let number):
            guard let process = processes[number] else { return }
            perform(process.lifecycle.cancelled(now: .now), on: process)
        case .signal(let number, let signal):
            // Until it is reaped, no other process can have its id.
            if let process = processes[number], !process.wasReaped { kill(-process.group.id, signal) }
        case .fail(let number, let error):
            guard let process = processes[number] else { return }
            process.outcome.failure = error
            perform(process.lifecycle.cancelled(now: .now), on: process)
        case .exited(let number):
            if let process = processes[number] { leaderExited(process) }
        }
    }

    mutating func handle(_ token: Token) {
        guard let process = processes[token.process] else { return }
        switch token.source {
        case .exit:
            leaderExited(process)
        case .output, .error:
            if process.read(token.source, using: buffer) == 0 { close(token.source, of: process) }
            if process.isBeyondLimits, process.lifecycle.isRunning {
                perform(process.lifecycle.cancelled(now: .now), on: process)
            }
        case .input:
            if process.writeInput() { close(.input, of: process) }
        }
    }

    mutating func handlePassedTime() {
        guard !wakeTimes.isEmpty else { return }
        let now = ProcessLifecycle.Instant.now
        for (number, time) in wakeTimes where time <= now {
            guard let process = processes[number] else { continue }
            let groupIsGone = process.lifecycle.awaitsGroup && process.group.isGone
            perform(process.lifecycle.timePassed(groupIsGone: groupIsGone, now: now), on: process)
        }
    }

    private mutating func leaderExited(_ process: RunningProcess) {
        let now = ProcessLifecycle.Instant.now
        perform(process.lifecycle.leaderExited(now: now), on: process)
        var status: CInt = 0
        var usage = rusage()
        if (try? retrying { wait4(process.group.id, &status, 0, &usage) }) != nil {
            process.outcome.status = status
            process.outcome.usage = ResourceUsage(
                usage, elapsed: .now - process.started, startingFrom: process.peakMemoryOfStarter)
            if status & 0x7F == SIGKILL, !process.lifecycle.isCancelled {
                process.outcome.ranOutOfMemory = memoryKills.haveIncreased()
            }
        }
        process.wasReaped = true
        close(.exit, of: process)
        perform(process.lifecycle.leaderReaped(groupIsGone: process.group.isGone, now: now), on: process)
    }

    private mutating func perform(_ step: ProcessLifecycle.Step, on process: RunningProcess) {
        if let signal = step.signal { process.group.send(signal) }
        wakeTimes[process.number] = step.wakeAt
        guard step.isFinished else { return }
        processes[process.number] = nil
        for source in [Token.Source.output, .error] {
            process.drain(source, using: buffer)
            close(source, of: process)
        }
        close(.input, of: process)
        process.finish()
    }

    private func close(_ source: Token.Source, of process: RunningProcess) {
        switch source {
        case .exit: close(process.exitDescriptor.take(), watchedFor: .readable)
        case .output: close(process.output.take(), watchedFor: .readable)
        case .error: close(process.error.take(), watchedFor: .readable)
        case .input: close(process.input.take(), watchedFor: .writable)
        }
    }

    private func close(_ descriptor: consuming Descriptor?, watchedFor readiness: Readiness) {
        if let descriptor = descriptor.take() { poller.unwatch(descriptor.number, for: readiness) }
    }
}

extension ResourceUsage {
    /// - Parameter inherited: The peak, in bytes, that the process inherited from its starter; a larger one is its own.
    fileprivate init(_ usage: rusage, elapsed: Duration, startingFrom inherited: Int64) {
        #if canImport(Darwin)
        let peak = Int64(usage.ru_maxrss)
        #else
        let peak = Int64(usage.ru_maxrss) * 1024  // Linux counts in kilobytes
        #endif
        self.init(
            userTime: .microseconds(cprocesses_user_time(usage)),
            systemTime: .microseconds(cprocesses_system_time(usage)),
            peakMemory: peak > inherited ? .bytes(peak) : nil, elapsed: elapsed)
    }
}
