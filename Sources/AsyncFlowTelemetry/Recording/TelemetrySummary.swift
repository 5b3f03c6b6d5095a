import AsyncFlow

/// How a run stands, or stood at its end.
public struct TelemetrySummary: Sendable, Codable, CustomStringConvertible {
    /// How long things took, in seconds. Quantiles are known to 3 %.
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

    /// What tasks waited for, in seconds of all of them together.
    public struct Waits: Sendable, Codable, Hashable {
        /// Values of other tasks.
        public var dependencies: Double
        /// A free worker.
        public var workers: Double
        /// Cores, memory, GPUs or slots that other tasks had.
        public var resources: Double
        /// That fewer tasks with the same limit run.
        public var limit: Double
        /// That the rate of starts allows another one.
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

    /// How many tasks are in which state.
    public struct Counts: Sendable, Codable, Hashable {
        public var created: Int
        /// For their dependencies.
        public var waiting: Int
        /// For their turn.
        public var queued: Int
        public var running: Int
        public var done: Int
        public var failed: Int
        public var cancelled: Int

        init(_ counts: RunStatistics.Counts) {
            created = counts.created
            waiting = counts.waiting
            queued = counts.queued
            running = counts.running
            done = counts.done
            failed = counts.failed
            cancelled = counts.cancelled
        }
    }

    /// All tasks of one name.
    public struct Name: Sendable, Codable {
        public var name: String
        /// `function`, `executable`, `prompt`, `service` or `block`.
        public var kind: String
        public var counts: Counts
        /// Nil if none has run and ended.
        public var durations: Durations?
        public var waits: Waits
        /// Of its commands, in seconds.
        public var cpuSeconds: Double
        /// Of the largest of its commands.
        public var peakMemoryBytes: Int64
        public var failedAttempts: Int
    }

    /// From the first event to the last one so far, in seconds.
    public var elapsed: Double
    public var counts: Counts
    /// Nil if no task has run and ended.
    public var durations: Durations?
    public var waits: Waits
    /// Tasks that ended per second.
    public var throughput: Double
    /// The cores that running tasks used, on average: those that were granted to them. Functions that ask for none
    /// count as one each, as far as the engine's backends have cores; blocks and prompts use none.
    public var meanCores: Double
    /// The most cores that running tasks used at once, counted as in ``meanCores``.
    public var peakCores: Int
    public var peakRunning: Int
    /// Of all commands, in seconds.
    public var cpuSeconds: Double
    /// Of the largest command.
    public var peakMemoryBytes: Int64
    /// By name, in the order in which they came up.
    public var names: [Name]
    /// How many events are in the recording; nil if there is none.
    public var recordedEvents: Int?
    /// How many events are missing in the recording: it couldn't be written, or not fast enough.
    public var unrecordedEvents: Int
    /// How many events this summary is without.
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
