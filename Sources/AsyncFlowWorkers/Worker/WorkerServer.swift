import AsyncFlow
import AsyncFlowBase
import CProcesses
import Synchronization

/// A worker: one thread reads the pool's messages, some run bodies, and one sends what those leave behind.
///
/// A separate thread reads, because a body may block for hours, and pings and cancellations still have to be handled.
final class WorkerServer: Sendable {
    struct Inbox {
        var waiting: [Job] = []
        var head = 0
        var running: [UInt64: Job] = [:]
        /// Whether the announcer isn't watching the running jobs, because there are none to watch.
        var isUnobserved = true

        var isEmpty: Bool { head == waiting.count }

        /// - Returns: the job, and whether the announcer has to be woken; nil if there is no job.
        mutating func take() -> (job: Job, wakesAnnouncer: Bool)? {
            guard head < waiting.count else { return nil }
            let job = waiting[head]
            job.start = .now
            defer { isUnobserved = false }
            head += 1
            if head == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                head = 0
            }
            running[job.number] = job
            return (job, isUnobserved)
        }

        /// Returns the jobs that have run for a while and whose start is to be reported.
        mutating func takeUnannounced(after delay: Duration) -> [(call: UInt64, elapsed: Duration)] {
            let now = ContinuousClock.now
            var found: [(call: UInt64, elapsed: Duration)] = []
            isUnobserved = true
            for job in running.values where !job.isAnnounced {
                let elapsed = now - job.start
                if elapsed >= delay {
                    job.isAnnounced = true
                    found.append((job.number, elapsed))
                } else {
                    isUnobserved = false
                }
            }
            return found
        }
    }

    /// The time after which the start of a running body is reported, and the interval between checks. The start of a
    /// shorter one is reported with its end.
    private static let announcement: (delay: Duration, interval: UInt32) = (.milliseconds(2), 3_000)  // µs

    private let tasks: [any PortableTaskDefinition]
    private let ownCount: Int
    private let settings: WorkerSettings
    private let input: CInt
    private let outbox: WorkerOutbox
    private let inbox = Monitor(Inbox())
    /// Whether there are bodies to watch.
    private let announcer = Monitor(false)
    private let heard = Atomic<Int64>(0)
    private let ticks = Atomic<Int64>(0)

    /// Takes over the standard streams: from now on, printed output goes to the standard error.
    ///
    /// - Parameter builtIn: the library's own tasks that the worker may be asked to run.
    init(
        _ tasks: [any PortableTaskDefinition], builtIn: [any PortableTaskDefinition] = [], _ settings: WorkerSettings
    ) throws {
        self.tasks = tasks + builtIn
        ownCount = tasks.count
        self.settings = settings
        input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        let null = open("/dev/null", O_RDWR)
        guard input >= 0, output >= 0, null >= 0 else {
            throw WireError("a worker needs its standard input and output, and /dev/null: error \(errno)")
        }
        dup2(null, STDIN_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        if null > STDERR_FILENO { close(null) }
        cprocesses_print_lines()
        outbox = WorkerOutbox(descriptor: output)
    }

    /// Starts the threads, one of which ends the program when there is nothing left to do.
    func start() throws {
        CrashPause.install()
        let signatures = tasks.map(\.signature)
        let hello = Hello(
            hash: WireProtocol.hash(of: signatures.prefix(ownCount)), processID: getpid(), host: Host.name,
            tasks: zip(tasks.map(\.name), signatures).map { ($0, $1) })
        outbox.append { bytes in
            bytes.append(contentsOf: WireProtocol.opening)
            WireProtocol.append(.hello, to: &bytes) { hello.write(to: &$0) }
        }
        outbox.flush()
        try SystemThread.startDetached { [self] in outbox.sendForever() }
        for _ in 0..<settings.concurrency { try SystemThread.startDetached { [self] in runJobs() } }
        try SystemThread.startDetached { [self] in announceStarts() }
        if settings.silence > 0 { try SystemThread.startDetached { [self] in watchForSilence() } }
        try SystemThread.startDetached { [self] in readMessages() }
    }

    // MARK: - Reading

    private func readMessages() {
        var splitter = FrameSplitter()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let (count, _) = splitter.append(by: buffer) { read(input, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { end("the pool is gone", code: 0, isExpected: true) }
            heard.store(ticks.load(ordering: .relaxed), ordering: .relaxed)
            var jobs: [Job] = []
            do {
                while let frame = try splitter.next() {
                    var reader = ByteReader(frame.content)
                    switch WireProtocol.ToWorker(rawValue: frame.type) {
                    case .call: jobs.append(try job(&reader))
                    case .cancel:
                        enqueue(&jobs)
                        cancel(try reader.next())
                    case .ping: answerPing()
                    case .define: throw WireError("the pool takes this program for one of another language")
                    case nil: throw WireError("the pool sent a message of the unknown type \(frame.type)")
                    }
                }
            } catch {
                end("the pool can't be understood: \(error)", code: 70, isExpected: false)
            }
            enqueue(&jobs)
        }
    }

    private func job(_ reader: inout ByteReader) throws -> Job {
        let number = try reader.next(UInt64.self)
        let index = Int(try reader.next(UInt32.self))
        guard tasks.indices.contains(index) else { throw WireError("there is no portable task \(index)") }
        let content = try CallContent(&reader)
        let outbox = outbox
        let task = RemoteTask(
            taskID: content.taskID, taskName: content.taskName, engineID: content.engineID,
            workflowID: content.workflowID, attempt: content.attempt, environment: content.environment
        ) { report in
            outbox.append { ReportContent.append(report, of: number, to: &$0) }
            outbox.sendSoon()
        }
        return Job(number: number, definition: tasks[index], input: content.input.standalone, task: task)
    }

    private func enqueue(_ jobs: inout [Job]) {
        guard !jobs.isEmpty else { return }
        let count = jobs.count
        inbox.signal { $0.waiting.append(contentsOf: jobs) }
        // The thread that was woken takes the first one; others are needed only for more.
        for _ in 1..<max(1, min(count, settings.concurrency)) { inbox.signal { _ in } }
        jobs.removeAll(keepingCapacity: true)
    }

    private func cancel(_ number: UInt64) {
        let (job, hasBegun) = inbox.withLock { inbox -> (Job?, Bool) in
            if let job = inbox.running[number] { return (job, true) }
            guard let place = inbox.waiting[inbox.head...].firstIndex(where: { $0.number == number }) else {
                return (nil, false)
            }
            return (inbox.waiting.remove(at: place), false)
        }
        guard let job else { return }  // it has ended meanwhile
        if hasBegun { return job.cancel() }
        outbox.append { bytes in
            WireProtocol.append(.failure, to: &bytes) { writer in
                writer.write(number)
                writer.write(UInt64(0))
                CallFailure(kind: .cancelled).write(to: &writer)
            }
        }
        outbox.flush()
    }

    private func answerPing() {
        let memory = ResidentMemory.bytes
        outbox.append { bytes in WireProtocol.append(.pong, to: &bytes) { $0.write(memory) } }
        outbox.flush()
    }

    // MARK: - Running

    private func runJobs() {
        CrashPause.unblockSignals()
        while true {
            let (job, wakesAnnouncer) = inbox.wait { $0.take() }
            if wakesAnnouncer { announcer.signal { $0 = true } }
            let outcome = job.run().sendable
            let elapsed = UInt64(clamping: (ContinuousClock.now - job.start).clampedNanoseconds)
            let isLast = inbox.withLock { inbox in
                inbox.running[job.number] = nil
                return inbox.isEmpty
            }
            outcome.append(of: job.number, elapsed: elapsed, to: outbox)
            if isLast { outbox.flush() } else { outbox.sendSoon() }
        }
    }

    /// Tells the pool which bodies have begun and don't end at once. Short ones cost no message, and no thread is woken
    /// for them more often than every few milliseconds.
    private func announceStarts() {
        while true {
            announcer.wait { hasBodies -> Void? in
                guard hasBodies else { return nil }
                hasBodies = false
                return ()
            }
            while true {
                usleep(Self.announcement.interval)
                let (found, isDone) = inbox.withLock { inbox in
                    (inbox.takeUnannounced(after: Self.announcement.delay), inbox.isUnobserved)
                }
                for (call, elapsed) in found {
                    outbox.append { bytes in
                        WireProtocol.append(.started, to: &bytes) { writer in
                            writer.write(call)
                            writer.write(UInt64(clamping: elapsed.clampedNanoseconds))
                        }
                    }
                }
                if !found.isEmpty { outbox.flush() }
                if isDone { break }
            }
        }
    }

    // MARK: - The end

    /// Ends the worker when no message has come from the pool for long, although the connection isn't closed: the
    /// pool's machine, or the connection to it, is gone.
    private func watchForSilence() {
        while true {
            sleep(1)
            let now = ticks.add(1, ordering: .relaxed).newValue
            if now - heard.load(ordering: .relaxed) > Int64(settings.silence) {
                end("no message from the pool for \(settings.silence) s", code: 71, isExpected: false)
            }
        }
    }

    /// Ends the commands, which have their own groups and which nothing else would end. Waits for their end, but not
    /// forever.
    private func endCommands() {
        let commands = inbox.withLock { inbox in
            inbox.waiting.removeAll()
            inbox.head = 0
            return inbox.running.values.filter(\.isCommand)
        }
        for command in commands { command.cancel() }
        for _ in 0..<1000 {
            if !inbox.withLock({ $0.running.values.contains(where: \.isCommand) }) { return }
            usleep(10_000)
        }
    }

    private func end(_ reason: String, code: Int32, isExpected: Bool) -> Never {
        if !isExpected {
            let line = "worker '\(settings.name)' ends: \(reason)\n"
            _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        }
        endCommands()
        // Processes that the bodies have started end as well, if they are in this process's own group.
        if getpgrp() == getpid() {
            signal(SIGTERM, SIG_IGN)
            kill(0, SIGTERM)
        }
        fflush(nil)
        _exit(code)
    }
}
