/// A directory in which a program records what its tasks have given, so that it goes on where it was when it is started
/// again.
///
/// ```swift
/// try await withWorkflowEngine(.init(journal: Journal("campaign.journal"))) { flow in
///     let train = flow.functionTask("train", durable: 1) { (seed: Int) in fit(seed) }
///     print(try await train(42).value)
/// }
/// ```
///
/// Killed at any moment and started again, the program makes the same calls; those that the journal knows are answered
/// from it. Commands, prompts and portable tasks are recorded by themselves, functions and blocks with `durable:`. A
/// call is known by what it does: a command by its words and the content of its files, a function by its name, its
/// version and its arguments.
///
/// `ASYNCFLOW_JOURNAL=campaign.journal` gives every program that is linked with this module a journal.
/// `ASYNCFLOW_FRESH=1` looks at nothing that was recorded before; `ASYNCFLOW_RERUN=train,score` has the calls of these
/// tasks run again.
///
/// One engine at a time writes a journal; a second one is refused with a ``JournalError``.
public struct Journal: Sendable, Hashable {
    /// The use of what earlier runs recorded.
    public enum Reuse: Sendable, Hashable {
        /// Calls that are recorded are answered, whether the last run was interrupted or not.
        case automatic
        /// Everything runs; what it gives is recorded anew, and what was recorded before isn't looked at again.
        case fresh
    }

    /// What happens when the journal can't be written any more.
    public enum WriteFailure: Sendable, Hashable {
        /// No more tasks start, running ones are cancelled, and the run fails with a ``JournalError``.
        case stop
        /// The run goes on without recording, after a warning.
        case goOn
    }

    /// The directory's path.
    public var directory: String
    /// The moment at which a result is safe.
    public var durability: JournalDurability
    /// The use of what earlier runs recorded.
    public var reuse: Reuse
    /// Names of tasks whose recorded calls run again; what depends on them follows by itself, if their values change.
    public var rerunning: [String]
    /// The number of runs whose records are kept for explanations, at least 1. What the last ones use is kept anyway.
    public var retainedRuns: Int
    /// What happens when the journal can't be written any more.
    public var onFailure: WriteFailure
    /// The number of crashes in a row after which a call that was running at each of them isn't started again, at least
    /// 1.
    public var crashLimit: Int

    /// - Parameters:
    ///   - directory: where the journal is, or is to be made; relative to this process's current directory if it isn't
    ///     absolute.
    ///   - durability: the moment at which a result is safe; within a second on disk by default.
    ///   - reuse: the use of what earlier runs recorded.
    ///   - rerunning: names of tasks whose recorded calls run again.
    ///   - retainedRuns: the number of runs whose records are kept for explanations.
    ///   - onFailure: what happens when the journal can't be written any more.
    ///   - crashLimit: the number of crashes in a row after which a call that was running at each of them isn't started
    ///     again.
    public init(
        _ directory: String, durability: JournalDurability = .background(), reuse: Reuse = .automatic,
        rerunning: [String] = [], retainedRuns: Int = 3, onFailure: WriteFailure = .stop, crashLimit: Int = 3
    ) {
        self.directory = directory
        self.durability = durability
        self.reuse = reuse
        self.rerunning = rerunning
        self.retainedRuns = max(1, retainedRuns)
        self.onFailure = onFailure
        self.crashLimit = max(1, crashLimit)
    }
}
