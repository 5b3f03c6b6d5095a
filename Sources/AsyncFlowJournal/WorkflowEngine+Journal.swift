public import AsyncFlow

extension WorkflowEngine.Configuration {
    /// The journal in which the engine records the results of its tasks; nil, the default, for none.
    public var journal: Journal? {
        get { parts.lazy.compactMap { ($0 as? JournalMaker)?.journal }.first }
        set {
            parts.removeAll { $0 is JournalMaker }
            if let newValue { parts.append(JournalMaker(journal: newValue)) }
        }
    }

    /// Creates the default configuration with a journal.
    public init(journal: Journal) {
        self.init()
        self.journal = journal
    }
}
