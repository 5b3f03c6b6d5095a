import AsyncFlow

/// The state of a run at one moment, or at its end.
public struct TelemetrySummary: Sendable, Codable, CustomStringConvertible {
    /// Durations in seconds. Quantiles are accurate to 3 %.
    public struct Durations: Sendable, Codable, Hashable {
        public var mean: Double
        public var median: Double
        public var p95: Double
        public var p99: Double
        public var maximum: Double

        init?(_ histogram: DurationHistogram) {
            guard let mean = histogram.mean, let median = histogram.quantile(0.5), let p95 = histogram.quantile(0.95),
                let p99 = histogram.quantile(0.99)
            else { return nil }
            self.mean = mean
            self.median = median
            self.p95 = p95
            self.p99 = p99
            maximum = histogram.maximum
        }
    }

    /// The waiting times by cause, in seconds over all tasks.
    public struct Waits: Sendable, Codable, Hashable {
        /// The wait for values of other tasks.
        public var dependencies: Double
        /// The wait for a free worker.
        public var workers: Double
        /// The wait for cores, memory, GPUs or slots that other tasks held.
        public var resources: Double
        /// The wait for fewer running tasks with the same limit.
        public var limit: Double
        /// The wait for the rate of starts to allow another one.
        public var rate: Double
        /// The pause before another attempt.
        public var retry: Double

        init(_ waits: RunStatistics.Waits) {
            dependencies = waits.dependencies
            workers = waits.workers
            resources = waits.resources
            limit = waits.limit
            rate = waits.rate
            retry = waits.retry
        }
    }

    /// The number of tasks in each state.
    public struct Counts: Sendable, Codable, Hashable {
        public var created: Int
        /// The tasks that wait for their dependencies.
        public var waiting: Int
        /// The tasks that are ready to run and wait for their start.
        public var queued: Int
        public var running: Int
        public var done: Int
        public var failed: Int
        public var cancelled: Int
        /// The tasks whose value an earlier run recorded; most of them count as done, too.
        public var reused: Int

        init(_ counts: RunStatistics.Counts) {
            created = counts.created
            waiting = counts.waiting
            queued = counts.queued
            running = counts.running
            done = counts.done
            failed = counts.failed
            cancelled = counts.cancelled
            reused = counts.reused
        }
    }

    /// All tasks of one name.
    public struct Name: Sendable, Codable {
        public var name: String
        /// `function`, `executable`, `prompt`, `service` or `block`.
        public var kind: String
        public var counts: Counts
        /// The durations of the tasks; nil if none has run and ended.
        public var durations: Durations?
        public var waits: Waits
        /// The CPU time of the tasks' commands, in seconds.
        public var cpuSeconds: Double
        /// The peak memory of the largest of the tasks' commands.
        public var peakMemoryBytes: Int64
        public var failedAttempts: Int
    }

    /// The time from the first event to the latest one, in seconds.
    public var elapsed: Double
    public var counts: Counts
    /// The durations of all tasks; nil if none has run and ended.
    public var durations: Durations?
    public var waits: Waits
    /// The number of tasks that ended per second.
    public var throughput: Double
    /// The average number of cores that running tasks used: those that were granted to them. Functions that request
    /// none count as one each, as far as the engine's backends have cores; blocks and prompts use none.
    public var meanCores: Double
    /// The maximum number of cores that running tasks used at once, counted as in ``meanCores``.
    public var peakCores: Int
    public var peakRunning: Int
    /// The CPU time of all commands, in seconds.
    public var cpuSeconds: Double
    /// The peak memory of the largest command.
    public var peakMemoryBytes: Int64
    /// The tasks by name, in the order in which the names appeared.
    public var names: [Name]
    /// The number of events in the recording; nil if there is no recording.
    public var recordedEvents: Int?
    /// The number of events missing in the recording because it couldn't be written, or not fast enough.
    public var unrecordedEvents: Int
    /// The number of events that this summary lacks.
    public var droppedEvents: Int

    init(_ statistics: RunStatistics, recorded: Int?, unrecorded: Int) {
        elapsed =
            statistics.firstTime.flatMap { first in
                statistics.lastTime.map { Double($0.nanoseconds - first.nanoseconds) * 1e-9 }
            } ?? 0
        counts = Counts(statistics.total)
        durations = Durations(statistics.durations)
        waits = Waits(statistics.waits)
        let ended = statistics.total.done + statistics.total.failed + statistics.total.cancelled
        throughput = elapsed > 0 ? Double(ended) / elapsed : 0
        meanCores = statistics.meanCores
        peakCores = statistics.peakCores
        peakRunning = statistics.peakRunning
        cpuSeconds = statistics.cpuSeconds
        peakMemoryBytes = statistics.peakMemoryBytes
        names = statistics.names.map { name in
            Name(
                name: name.name, kind: name.kind.description, counts: Counts(name.counts),
                durations: Durations(name.durations), waits: Waits(name.waits), cpuSeconds: name.cpuSeconds,
                peakMemoryBytes: name.peakMemoryBytes, failedAttempts: name.failedAttempts)
        }
        recordedEvents = recorded
        unrecordedEvents = unrecorded
        droppedEvents = statistics.droppedCount
    }

    public var description: String { SummaryText(self).text }
}
