public import AsyncFlow

extension WorkflowEngine.Configuration {
    /// Where the engine records what its tasks have given; nil, the default, for nowhere.
    public var journal: Journal? {
        get { parts.lazy.compactMap { ($0 as? JournalMaker)?.journal }.first }
        set {
            parts.removeAll { $0 is JournalMaker }
            if let newValue { parts.append(JournalMaker(journal: newValue)) }
        }
    }

    /// The defaults, with a journal.
    public init(journal: Journal) {
        self.init()
        self.journal = journal
    }
}
