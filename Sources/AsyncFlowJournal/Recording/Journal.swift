/// A directory in which a program records the results of its tasks, so that a later run of the program continues where
/// the last one stopped.
///
/// ```swift
/// try await withWorkflowEngine(.init(journal: Journal("campaign.journal"))) { flow in
///     let train = flow.functionTask("train", durable: 1) { (seed: Int) in fit(seed) }
///     print(try await train(42).value)
/// }
/// ```
///
/// When the program is killed at any moment and started again, it makes the same calls; calls that the journal contains
/// are answered from it. Commands, prompts and portable tasks are recorded automatically, functions and blocks with
/// `durable:`. A call is identified by what it does: a command by its words and the content of its files, a function by
/// its name, its version and its arguments.
///
/// `ASYNCFLOW_JOURNAL=campaign.journal` adds a journal to every program that is linked with this module.
/// `ASYNCFLOW_FRESH=1` ignores all earlier records; `ASYNCFLOW_RERUN=train,score` runs the calls of these tasks again.
///
/// Only one engine at a time can write a journal; a second one fails with a ``JournalError``.
public struct Journal: Sendable, Hashable {
    /// The use of the results of earlier runs.
    public enum Reuse: Sendable, Hashable {
        /// Recorded calls are answered from the journal, whether the last run was interrupted or not.
        case automatic
        /// All calls run and their results are recorded; earlier records are no longer used.
        case fresh
    }

    /// The reaction to a journal that can no longer be written.
    public enum WriteFailure: Sendable, Hashable {
        /// No more tasks start, running tasks are cancelled, and the run fails with a ``JournalError``.
        case stop
        /// The run continues without recording, after a warning.
        case goOn
    }

    /// The directory's path.
    public var directory: String
    /// The time at which a result is safe.
    public var durability: JournalDurability
    /// The use of the results of earlier runs.
    public var reuse: Reuse
    /// The names of tasks whose recorded calls run again. Calls that depend on them run again if their values change.
    public var rerunning: [String]
    /// The number of completed runs whose results are kept, at least 1: a result is kept as long as one of these runs,
    /// or a later one, has made or used it.
    public var retainedRuns: Int
    /// The reaction to a journal that can no longer be written.
    public var onFailure: WriteFailure
    /// The number of crashes in a row after which a call that was running at each of them isn't started again, at least
    /// 1.
    public var crashLimit: Int
    /// The time after which the run ends with a ``ParkedError``, exit code 75, if meanwhile nothing has gone on but
    /// waits for signals, and for times that are further away than this; nil, the default, for a program that stays.
    ///
    /// `asyncflow resume JOURNAL --when-due` goes on. What the program does beside its tasks isn't seen: the time has
    /// to be longer than that.
    public var parking: Duration?

    /// - Parameters:
    ///   - directory: The path of the directory, which is created if it doesn't exist; relative to this process's
    ///     current directory if it isn't absolute.
    ///   - durability: The time at which a result is safe; by default on disk within a second.
    ///   - reuse: The use of the results of earlier runs.
    ///   - rerunning: The names of tasks whose recorded calls run again.
    ///   - retainedRuns: The number of completed runs whose results are kept.
    ///   - onFailure: The reaction to a journal that can no longer be written.
    ///   - crashLimit: The number of crashes in a row after which a call that was running at each of them isn't started
    ///     again.
    ///   - parking: the time after which a run ends that only waits for signals, and for times further away than this.
    public init(
        _ directory: String, durability: JournalDurability = .background(), reuse: Reuse = .automatic,
        rerunning: [String] = [], retainedRuns: Int = 3, onFailure: WriteFailure = .stop, crashLimit: Int = 3,
        parking: Duration? = nil
    ) {
        self.directory = directory
        self.durability = durability
        self.reuse = reuse
        self.rerunning = rerunning
        self.retainedRuns = max(1, retainedRuns)
        self.onFailure = onFailure
        self.crashLimit = max(1, crashLimit)
        self.parking = parking
    }
}
