import AsyncFlowBase

/// A display of a recording in a terminal, like the run's own progress display, while it grows and when it has ended.
package struct RunWatch: ~Copyable {
    /// The reason that watching ended.
    package enum End: Sendable, Equatable {
        /// The run has ended.
        case ended
        /// The recording has no end, and the process that wrote it is gone.
        case processGone
        /// The caller asked for a single look, or the output was closed.
        case looked
    }

    private enum Pace {
        static let look = 250_000
        static let firstLine = Duration.seconds(10)
        static let mostBetweenLines = Duration.seconds(60)
        /// The time between checks that the process is still there.
        static let process = Duration.seconds(2)
    }

    private var follower: RecordingFollower
    private var rates: [RateMeter] = []
    private let start = ContinuousClock.now
    private var isClosed = false
    private let plan: ProgressPlan
    private let descriptor: Int32

    /// - Parameters:
    ///   - path: the newest file of the recording.
    ///   - environment: the variables that decide on colours and on a live display, as for the run's own progress.
    ///   - descriptor: the output.
    /// - Throws: ``RunFileError`` if the recording can't be opened.
    package init(
        path: String, environment: [String: String], descriptor: Int32 = STDOUT_FILENO
    ) throws(RunFileError) {
        follower = try RecordingFollower(path: path)
        plan = ProgressPlan(.automatic, environment: environment, isTerminal: isatty(descriptor) == 1)
        self.descriptor = descriptor
    }

    /// Shows the run until it has ended.
    ///
    /// - Parameter once: whether to show only the current state.
    /// - Throws: ``RunFileError`` if the recording can't be read or isn't one.
    package mutating func run(once: Bool) throws(RunFileError) -> End {
        let device = once || plan.form != .live ? nil : TerminalDevice(descriptor)
        let screen = device.map { TerminalScreen($0) }
        let wake = WakeUp()
        var (gap, nextLine, nextLook) = (Pace.firstLine, ContinuousClock.now + Pace.firstLine, ContinuousClock.now)
        while true {
            let isNew = try follower.advance()
            let now = ContinuousClock.now
            var end: End? = follower.reader.model.hasEnded ? .ended : once ? .looked : nil
            if end == nil, !isNew, now >= nextLook {
                nextLook = now + Pace.process
                if isProcessGone { end = .processGone }
            }
            if isClosed { return .looked }
            if let end {
                screen?.finish("", within: .milliseconds(700))
                writeEnd(end)
                return end
            }
            if let screen {
                let size = screen.device.size
                let statistics = statistics(isOver: false)
                let frame = ProgressFrame(statistics: statistics, size: size, look: plan.look)
                _ = screen.draw(statistics.rows.isEmpty ? [] : frame.lines, size)
            } else if now >= nextLine, plan.form != .off {
                write(ProgressLine.now(statistics(isOver: false)))
                gap = min(gap * 2, Pace.mostBetweenLines)
                nextLine = now + gap
            }
            _ = wake.wait(microseconds: Pace.look)
        }
    }

    /// Writes the final or current state of the run: the whole table and one line.
    private mutating func writeEnd(_ end: End) {
        let statistics = statistics(isOver: end != .looked)
        var size = TerminalSize(columns: 120, rows: 1_000)
        if let device = TerminalDevice(descriptor) { size.columns = device.size.columns }
        let look = ProgressLook(unicode: plan.look.unicode, colour: plan.look.colour)
        if !statistics.rows.isEmpty {
            for line in ProgressTable(rows: statistics.rows, columns: max(20, size.columns - 1), look: look).lines {
                write(line)
            }
        }
        write(ProgressLine.summary(statistics, unicode: look.unicode))
        if end == .processGone {
            write("asyncflow: the process of the run is gone, and no end is recorded: it was killed")
        }
    }

    /// Writes a line. If it can't be written, the output counts as closed.
    private mutating func write(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty, !isClosed {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { isClosed = true }
        }
    }

    // MARK: - The run

    /// Whether the run was on this computer, in a process that no longer exists.
    private var isProcessGone: Bool {
        let session = follower.reader.model.session
        guard let id = session.processID, session.host == ResourceSampler.node else { return false }
        return kill(pid_t(clamping: id), 0) != 0 && errno == ESRCH
    }

    /// Returns the statistics of the model that the display shows.
    private mutating func statistics(isOver: Bool) -> ProgressStatistics {
        let model = follower.reader.model
        let now = ContinuousClock.now - start
        while rates.count < model.names.count { rates.append(RateMeter()) }
        var statistics = ProgressStatistics()
        for (index, facts) in model.names.enumerated() where facts.counts.reduce(0, +) > 0 {
            func count(_ state: RunState) -> Int { facts.counts[Int(state.rawValue)] }
            var row = ProgressStatistics.Row(name: model.texts[facts.text])
            row.total = facts.counts.reduce(0, +)
            (row.completed, row.failed, row.cancelled) = (count(.done), count(.failed), count(.cancelled))
            row.running = count(.running)
            row.isService = facts.kind == .service
            rates[index].note(row.ended, at: now)
            row.rate = isOver ? nil : rates[index].rate(of: row.ended, at: now)
            statistics.rows.append(row)
        }
        let seconds = model.hasEnded || isOver ? model.lastTime : elapsed(model)
        statistics.elapsed = .seconds(min(seconds, RunBounds.durations.upperBound))
        var cores = CoreUse()
        for place in 0..<model.taskCount where model.state[place] == .running { cores += model.coreUse(place) }
        statistics.coresTotal = Int(min(model.session.cores ?? 0, 1e9))
        statistics.coresBusy = Int(cores.total(of: model.session.cores))
        statistics.dropped = model.droppedCount
        if let failure = model.failures.newest.last {
            statistics.lastFailure = ProgressStatistics.Failure(
                name: model.name(failure.place), error: RecordedFailure(text: failure.text))
        }
        return statistics
    }

    /// Returns the seconds since the run began, or those up to its last event if its clock isn't this one.
    private func elapsed(_ model: RunModel) -> Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let seconds = Double(now.tv_sec) - model.origin
        return seconds.isFinite && seconds >= model.lastTime ? seconds : model.lastTime
    }
}

/// A failure from a recording.
private struct RecordedFailure: Error, CustomStringConvertible {
    let text: RunFailureText
    var description: String { text.message.isEmpty ? text.type : text.message }
}
