internal import AsyncFlowBase
import AsyncFlow
import Logging
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The thread of a pool: reads what the workers say, launches them, notices how they end.
final class PoolLoop {
    private let core: PoolCore
    private var readers: [Int: Reader] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    /// What comes from one worker.
    private final class Reader {
        let link: WorkerLink
        var splitter = FrameSplitter(opening: WireProtocol.opening)
        var hello: Hello?
        /// Whether more can come.
        var isOpen = true
        /// Whether no worker like this one can ever be of use.
        var isHopeless = false

        init(_ link: WorkerLink) { self.link = link }
    }

    init(_ core: PoolCore) { self.core = core }

    deinit { buffer.deallocate() }

    func run() {
        while true {
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
            defer { state.whenOver = [] }
            return state.whenOver
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: - Sleeping

    private func takeDirty() -> [WorkerLink] {
        core.state.withLock { state in
            defer { state.dirty.removeAll(keepingCapacity: true) }
            return state.dirty
        }
    }

    /// - Returns: how many milliseconds to sleep at most; nil if there is something to do, a negative number at the end.
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
            return CInt(min(3_600_000, (time - now) / .milliseconds(1))) + 1
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

    /// What came in one go.
    private struct Batch {
        var results: [(call: UInt64, elapsed: UInt64, result: Result<[UInt8], FailureBox>)] = []
        var reports: [(call: UInt64, report: RemoteReport)] = []
        var hello: Hello?
        var memory: UInt64?
        var trouble: String?
    }
    private struct FailureBox: Error { let failure: CallFailure }

    private func read(from reader: Reader) {
        for _ in 0..<16 {
            let count = systemRead(reader.link.reading, buffer)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else {
                reader.isOpen = false
                // Most often its end is about to be reported. A worker that goes on without its pipe must not.
                core.change { state, effects in
                    core.perform(state.machine.cutOff(reader.link.worker, now: core.now), &state, &effects)
                }
                return
            }
            reader.splitter.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            var batch = Batch()
            do { try takeFrames(from: reader, &batch) } catch { batch.trouble = "\(error)" }
            apply(batch, from: reader)
            if batch.trouble != nil {
                reader.isOpen = false
                return
            }
            if count < buffer.count { return }
        }
    }

    private func takeFrames(from reader: Reader, _ batch: inout Batch) throws {
        while let frame = try reader.splitter.next() {
            guard let type = WireProtocol.ToPool(rawValue: frame.type) else {
                throw WireError("it sent a message of the unknown type \(frame.type)")
            }
            var content = ByteReader(frame.content)
            switch type {
            case .hello:
                let hello = try Hello(frame.content)
                reader.hello = hello
                batch.hello = hello
                if let problem = PoolCore.problem(with: hello, known: WorkflowWorker.known.withLock { $0 }) {
                    reader.isHopeless = true
                    reader.hello = nil
                    throw WireError(problem)
                }
            case .result:
                let (call, elapsed): (UInt64, UInt64) = (try content.next(), try content.next())
                batch.results.append((call, elapsed, .success(Array(content.remaining))))
            case .failure:
                let (call, elapsed): (UInt64, UInt64) = (try content.next(), try content.next())
                batch.results.append((call, elapsed, .failure(FailureBox(failure: try CallFailure(&content)))))
            case .progress, .custom, .log:
                let call: UInt64 = try content.next()
                // An event that can't be read isn't worth the worker.
                if let report = try? ReportContent.read(type, &content) { batch.reports.append((call, report)) }
            case .pong: batch.memory = try content.next()
            }
        }
    }

    private func apply(_ batch: Batch, from reader: Reader) {
        let worker = reader.link.worker
        if !batch.reports.isEmpty {
            let calls = core.state.withLock { state in batch.reports.map { state.calls[$0.call]?.call } }
            for (call, report) in zip(calls, batch.reports) { call?.received(report.report, from: reader.link.name) }
        }
        var started: [CheckedContinuation<Void, any Error>] = []
        core.change { state, effects in
            let now = core.now
            if let hello = reader.hello, batch.hello != nil {
                state.workers[worker]?.hello = hello
                state.workers[worker]?.places = Dictionary(
                    hello.tasks.enumerated().map { ($1.name, (UInt32($0), $1.signature)) }
                ) { first, _ in first }
                core.perform(state.machine.connected(worker, now: now), &state, &effects)
                swap(&started, &state.starting)
            }
            state.machine.heard(worker, now: now)
            if let memory = batch.memory {
                core.perform(state.machine.reportedMemory(worker, bytes: memory, now: now), &state, &effects)
            }
            for (call, elapsed, result) in batch.results {
                let actions = state.machine.finished(
                    call, by: worker, elapsed: .nanoseconds(Int64(clamping: elapsed)), now: now)
                core.perform(actions, &state, &effects, delivering: outcome(result, of: reader))
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
        _ result: Result<[UInt8], FailureBox>, of reader: Reader
    ) -> Result<PortableResult, any Error> {
        switch result {
        case .success(let output): return .success(PortableResult(output: output))
        case .failure(let box):
            switch box.failure.kind {
            case .cancelled: return .failure(CancellationError())
            case .unusable:
                return .failure(PortableCodingError(box.failure.chain.first?.message ?? "a value can't be coded"))
            case .thrown:
                return .failure(
                    RemoteTaskError(
                        chain: box.failure.chain, workerName: reader.link.name, host: reader.hello?.host ?? "",
                        processID: reader.hello?.processID ?? 0, encoded: box.failure.encoded))
            }
        }
    }

    // MARK: - Workers' lives

    private func doWhatIsDue() {
        change { state, effects in
            if state.wantsClose { core.perform(state.machine.close(now: core.now), &state, &effects) }
            core.perform(state.machine.timePassed(core.now), &state, &effects)
        }
    }

    /// As the core's, with launches.
    private func change(_ body: (inout PoolCore.State, inout PoolCore.Effects) -> Void) {
        var launches: [(worker: Int, slot: Int)] = []
        var starting: [CheckedContinuation<Void, any Error>] = []
        var failure: (any Error)?
        core.change { state, effects in
            body(&state, &effects)
            swap(&launches, &effects.launches)
            guard state.machine.hasFailed || state.machine.isClosing else { return }
            swap(&starting, &state.starting)
            failure = state.machine.hasFailed ? core.poolFailure(state) : CancellationError()
        }
        for continuation in starting { continuation.resume(throwing: failure!) }
        for (worker, slot) in launches { launch(worker, slot) }
    }

    private func launch(_ worker: Int, _ slot: Int) {
        let channel: ProcessChannel
        do { channel = try ProcessChannel() } catch {
            let end = WorkerEnd(reason: "no pipes to it could be made: \(systemMessage(error.code))")
            core.state.withLock { $0.ended.append((worker, end)) }
            return
        }
        let link = WorkerLink(worker: worker, slot: slot, name: core.workerName(worker), channel: channel)
        readers[worker] = Reader(link)
        core.state.withLock { $0.workers[worker] = PoolCore.WorkerRecord(link) }
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
                let tail = lost.standardErrorTail
                state.failure = "\(lost.reason)\(tail.isEmpty ? "" : "; the end of its standard error:\n\(tail)")"
            }
            let actions = state.machine.ended(
                worker, hadConnected: reader?.hello != nil, isHopeless: reader?.isHopeless ?? false, now: core.now)
            core.perform(actions, &state, &effects)
            state.workers[worker] = nil
        }
        if !wasExpected { log(lost, of: worker, hadConnected: reader?.hello != nil) }
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

private func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

private func systemMessage(_ code: CInt) -> String { String(cString: strerror(code)) }
