import AsyncFlow
import AsyncFlowBase
import Logging
import Synchronization

/// The thread of a pool: it reads the workers' messages, launches workers, and notices how they end.
final class PoolLoop {
    private let core: PoolCore
    /// The time at which this thread is to check everything again.
    private var nextTurn: Duration
    /// The delay that doesn't yet mean that the thread was stopped.
    private let patience: Duration
    private var readers: [Int: Reader] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    /// The input from one worker.
    private final class Reader {
        let link: WorkerLink
        var splitter = FrameSplitter(opening: WireProtocol.opening)
        var hello: Hello?
        /// Whether more can arrive.
        var isOpen = true
        /// Whether no worker like this one can ever be of use.
        var isHopeless = false

        init(_ link: WorkerLink) { self.link = link }

        /// The text that arrived instead of a worker's opening, or before it, for people; nil if there is none.
        var noiseText: String? {
            let noise = splitter.unexplained
            guard hello == nil, !noise.isEmpty else { return nil }
            return String(decoding: noise.prefix(2_000), as: UTF8.self).harmless().trimmingSpaces
        }
    }

    init(_ core: PoolCore) {
        self.core = core
        nextTurn = core.now
        patience = min(.milliseconds(500), core.configuration.heartbeatTimeout / 4)
    }

    deinit { buffer.deallocate() }

    func run() {
        while true {
            noticePause()
            doWhatIsDue()
            takeEnds()
            for link in takeDirty() { link.flush() }
            guard let timeout = fallAsleep() else { continue }
            if timeout < 0 { break }
            waitForDescriptors(timeout)
        }
        core.waker.close()
        let waiting = core.state.withLock { state in
            state.isRunning = false
            state.wantsClose = false
            defer { state.whenOver = [] }
            return state.whenOver
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: - Sleeping

    /// Determines whether this program, or the machine, was stopped. Messages that arrived in the meantime have just
    /// been read.
    private func noticePause() {
        let now = core.now
        let gap = now - nextTurn
        nextTurn = now
        guard gap > patience else { return }
        core.state.withLock { $0.machine.paused(for: gap, now: now) }
    }

    private func takeDirty() -> [WorkerLink] {
        core.state.withLock { state in
            defer { state.dirty.removeAll(keepingCapacity: true) }
            return state.dirty
        }
    }

    /// - Returns: the maximum time to sleep in milliseconds; nil if there is something to do, a negative number at the
    ///   end.
    private func fallAsleep() -> CInt? {
        let now = core.now
        return core.state.withLock { state in
            if state.machine.isOver, state.workers.isEmpty { return -1 }
            guard state.dirty.isEmpty, state.ended.isEmpty, !state.wantsClose || state.machine.isClosing else {
                return nil
            }
            let time = state.machine.nextTime ?? now + .seconds(3600)
            if time <= now { return nil }
            state.isAsleep = true
            let timeout = CInt(min(3_600_000, (time - now) / .milliseconds(1))) + 1
            nextTurn = now + .milliseconds(Int(timeout))
            return timeout
        }
    }

    private func waitForDescriptors(_ timeout: CInt) {
        var list = [pollfd(fd: core.waker.reading, events: Int16(POLLIN), revents: 0)]
        let open = readers.values.filter(\.isOpen)
        for reader in open { list.append(pollfd(fd: reader.link.reading, events: Int16(POLLIN), revents: 0)) }
        let blocked = readers.values.filter(\.link.isBlocked)
        for reader in blocked {
            list.append(pollfd(fd: reader.link.writingDescriptor, events: Int16(POLLOUT), revents: 0))
        }
        poll(&list, nfds_t(list.count), timeout)
        core.state.withLock { $0.isAsleep = false }
        if list[0].revents != 0 { core.waker.clear() }
        for (place, reader) in open.enumerated() where list[place + 1].revents != 0 { read(from: reader) }
        for (place, reader) in blocked.enumerated() where list[place + 1 + open.count].revents != 0 {
            reader.link.flush()
        }
    }

    // MARK: - Reading

    /// The messages that arrived together.
    private struct Batch {
        /// The calls that began and that ended, in order.
        var news: [(call: UInt64, elapsed: UInt64, result: Result<ArraySlice<UInt8>, FailureBox>?)] = []
        var reports: [(call: UInt64, report: RemoteReport)] = []
        var hello: Hello?
        var memory: UInt64?
        var trouble: String?
    }
    struct FailureBox: Error { let failure: CallFailure }

    private func read(from reader: Reader) {
        for _ in 0..<16 {
            let (count, room) = reader.splitter.append(by: buffer) { systemRead(reader.link.reading, $0) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else {
                reader.isOpen = false
                // Usually the worker's end is about to be reported. A worker must not continue without its pipe.
                core.change { state, effects in
                    core.perform(state.machine.cutOff(reader.link.worker, now: core.now), &state, &effects)
                }
                return
            }
            var batch = Batch()
            do { try takeFrames(from: reader, &batch) } catch { batch.trouble = "\(error)" }
            apply(batch, from: reader)
            if batch.trouble != nil {
                reader.isOpen = false
                return
            }
            if count < room { return }
        }
    }

    private func takeFrames(from reader: Reader, _ batch: inout Batch) throws {
        while let frame = try reader.splitter.next() {
            guard let type = WireProtocol.ToPool(rawValue: frame.type) else {
                throw WireError("it sent a message of the unknown type \(frame.type)")
            }
            var content = ByteReader(frame.content)
            guard (type == .hello) == (reader.hello == nil) else {
                throw WireError(
                    "it \(type == .hello ? "introduced itself twice" : "sent \(type) before it introduced itself")")
            }
            switch type {
            case .hello:
                quoteNoise(of: reader)
                let hello = try Hello(frame.content)
                reader.hello = hello
                batch.hello = hello
                // A worker of another language has no list of tasks, but gets their definitions.
                let known = core.configuration.foreign == nil ? WorkflowWorker.known.withLock { $0 } : nil
                if let problem = PoolCore.problem(with: hello, known: known) {
                    reader.isHopeless = true
                    reader.hello = nil
                    throw WireError(problem)
                }
            case .result:
                let (call, elapsed): (UInt64, UInt64) = (try content.next(), try content.next())
                batch.news.append((call, elapsed, .success(content.remaining.standalone)))
            case .failure:
                let (call, elapsed): (UInt64, UInt64) = (try content.next(), try content.next())
                batch.news.append((call, elapsed, .failure(FailureBox(failure: try CallFailure(&content)))))
            case .started: batch.news.append((try content.next(), try content.next(), nil))
            case .progress, .custom, .log:
                let call: UInt64 = try content.next()
                // An event that can't be read isn't worth losing the worker.
                if let report = try? ReportContent.read(type, &content) { batch.reports.append((call, report)) }
            case .pong: batch.memory = try content.next()
            }
        }
    }

    /// Logs the text that a shell or a launcher printed before the worker began.
    private func quoteNoise(of reader: Reader) {
        guard let text = reader.noiseText else { return }
        core.configuration.logger.info(
            "text that was printed before the worker started is skipped",
            metadata: ["worker": "\(reader.link.name)", "text": "\(text)"])
    }

    /// Passes on reports. A body that reports something has begun.
    private func passOn(_ reports: [(call: UInt64, report: RemoteReport)], from reader: Reader) {
        let worker = reader.link.worker
        core.change { state, effects in
            for (call, _) in reports { core.started(call, by: worker, elapsed: .zero, &state, &effects) }
        }
        let calls = core.state.withLock { state in
            reports.map { state.machine.calls[$0.call]?.worker == worker ? state.calls[$0.call]?.call : nil }
        }
        for (call, report) in zip(calls, reports) { call?.received(report.report, from: reader.link.name) }
    }

    private func apply(_ batch: Batch, from reader: Reader) {
        let worker = reader.link.worker
        if !batch.reports.isEmpty { passOn(batch.reports, from: reader) }
        var started: [CheckedContinuation<Void, any Error>] = []
        core.change { state, effects in
            let now = core.now
            if let hello = reader.hello, batch.hello != nil {
                state.workers[worker]?.hello = hello
                state.workers[worker]?.places = Dictionary(
                    hello.tasks.enumerated().map { ($1.name, (UInt32($0), $1.signature)) }
                ) { first, _ in first }
                core.perform(state.machine.connected(worker, now: now), &state, &effects)
                started = state.takeStarting()
            }
            state.machine.heard(worker, now: now)
            if let memory = batch.memory {
                core.perform(state.machine.reportedMemory(worker, bytes: memory, now: now), &state, &effects)
            }
            for (call, elapsed, result) in batch.news {
                // No call takes longer than a century.
                let elapsed = Duration.nanoseconds(Int64(clamping: elapsed)).bounded
                guard let result else {
                    core.started(call, by: worker, elapsed: elapsed, &state, &effects)
                    continue
                }
                let actions = state.machine.finished(call, by: worker, elapsed: elapsed, now: now)
                core.perform(
                    actions, &state, &effects, delivering: outcome(result, of: state.calls[call], from: reader),
                    elapsed: result.hasRun ? elapsed : nil)
            }
            core.perform(state.machine.fill(), &state, &effects)
            if let trouble = batch.trouble {
                state.workers[worker]?.trouble = trouble
                core.perform(state.machine.broken(worker, .garbage), &state, &effects)
            }
        }
        for continuation in started { continuation.resume() }
    }

    private func outcome(
        _ result: Result<ArraySlice<UInt8>, FailureBox>, of call: PoolCore.PendingCall?, from reader: Reader
    ) -> Result<PortableResult, any Error> {
        switch result {
        case .success(let output): return .success(PortableResult(content: output))
        case .failure(let box):
            switch box.failure.kind {
            case .cancelled: return .failure(CancellationError())
            case .unusable:
                return .failure(
                    PortableCodingError(box.failure.chain.first?.message.harmlessLines() ?? "a value can't be coded"))
            case .refused:
                let message = box.failure.chain.first?.message.harmlessLines() ?? "it can't be run there"
                return .failure(
                    WorkerPoolError(code: .unsupportedByBackend, poolName: core.name, message: message))
            case .lost: return .failure(LostWorker.error(box.failure, of: call?.call.task, behind: reader.link.name))
            case .thrown:
                let place = box.failure.place
                return .failure(
                    RemoteTaskError(
                        chain: box.failure.chain, workerName: place?.worker ?? reader.link.name,
                        host: place?.host ?? reader.hello?.host ?? "",
                        processID: place?.processID ?? reader.hello?.processID ?? 0, encoded: box.failure.encoded))
            }
        }
    }

    // MARK: - Lives of workers

    private func doWhatIsDue() {
        change { state, effects in
            if state.wantsClose { core.perform(state.machine.close(now: core.now), &state, &effects) }
            core.perform(state.machine.timePassed(core.now), &state, &effects)
        }
    }

    /// Changes the state as the core does, and also launches workers.
    private func change(_ body: (inout PoolCore.State, inout PoolCore.Effects) -> Void) {
        var launches: [(worker: Int, slot: Int)] = []
        var starting: [CheckedContinuation<Void, any Error>] = []
        var failure: (any Error)?
        core.change { state, effects in
            body(&state, &effects)
            swap(&launches, &effects.launches)
            guard state.machine.hasFailed || state.machine.isClosing else { return }
            starting = state.takeStarting()
            failure = state.machine.hasFailed ? core.poolFailure(state) : CancellationError()
        }
        for continuation in starting { continuation.resume(throwing: failure!) }
        for (worker, slot) in launches { launch(worker, slot) }
    }

    private func launch(_ worker: Int, _ slot: Int) {
        let channel: ProcessChannel
        do { channel = try ProcessChannel() } catch {
            let end = WorkerEnd(reason: "creating the pipes to it failed: \(systemMessage(error.code))")
            core.state.withLock { $0.ended.append((worker, end)) }
            return
        }
        let link = WorkerLink(worker: worker, slot: slot, name: core.workerName(worker), channel: channel)
        if core.workerCount <= 32 { link.widenPipes() }
        readers[worker] = Reader(link)
        core.state.withLock { $0.workers[worker] = PoolCore.WorkerRecord(link) }
        if let foreign = core.configuration.foreign {
            link.append({ _ in }, content: foreign.preamble(link.name)[...])
            link.flush()
        }
        let process = WorkerProcess(core, link, channel)
        let task = Task.detached { [core] in
            let end = await process.run()
            core.change { state, effects in
                state.ended.append((worker, end))
                effects.wakes = true
            }
        }
        link.process.withLock { $0.task = task }
    }

    private func takeEnds() {
        let ended = core.state.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
        for (worker, end) in ended { finish(worker, end) }
    }

    private func finish(_ worker: Int, _ end: WorkerEnd) {
        let reader = readers.removeValue(forKey: worker)
        if let reader {
            while reader.isOpen, isReadable(reader.link.reading) { read(from: reader) }
            reader.link.closeInput()
            closeDescriptor(reader.link.reading)
        }
        var lost = end
        var wasExpected = false
        change { state, effects in
            if let trouble = state.workers[worker]?.trouble { lost.reason = trouble }
            if case .closing? = state.machine.workers[worker]?.stage { wasExpected = true }
            state.workers[worker]?.end = lost
            if reader?.hello == nil, !state.machine.hasFailed {
                state.failure = Self.description(of: lost, noise: reader?.noiseText)
            }
            let actions = state.machine.ended(
                worker, hadConnected: reader?.hello != nil, isHopeless: reader?.isHopeless ?? false, now: core.now)
            core.perform(actions, &state, &effects)
            state.workers[worker] = nil
        }
        if !wasExpected { log(lost, of: worker, hadConnected: reader?.hello != nil) }
    }

    private static func description(of end: WorkerEnd, noise: String?) -> String {
        var text = end.reason
        if !end.crashMessage.isEmpty { text += ": \(end.crashMessage.harmlessLines())" }
        if let noise, !text.contains("something other than messages") { text += "; its standard output: \(noise)" }
        let tail = end.standardErrorTail
        return tail.isEmpty ? text : "\(text); the end of its standard error:\n\(tail.harmlessLines())"
    }

    private func log(_ end: WorkerEnd, of worker: Int, hadConnected: Bool) {
        core.configuration.logger.warning(
            "worker \(hadConnected ? "was lost" : "couldn't be started")",
            metadata: ["worker": "\(core.workerName(worker))", "reason": "\(end.reason)"])
    }

    private func isReadable(_ descriptor: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}

private func systemMessage(_ code: CInt) -> String { String(cString: strerror(code)) }

extension Result where Success == ArraySlice<UInt8>, Failure == PoolLoop.FailureBox {
    /// Whether it is the result of a body that has run, not of a call that was cancelled before.
    fileprivate var hasRun: Bool {
        if case .failure(let box) = self { box.failure.kind != .cancelled } else { true }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        let words = Substring(self).drop { $0 == " " }
        return String(words.reversed().drop { $0 == " " }.reversed())
    }
}
