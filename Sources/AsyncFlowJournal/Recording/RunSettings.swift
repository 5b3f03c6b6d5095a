import AsyncFlow
import AsyncFlowBase

/// The settings of this process that say what is recorded and reused: from the journal's own, and from the environment.
struct RunSettings: Sendable, Hashable {
    /// Whether nothing that was recorded before is looked at.
    var isFresh: Bool
    /// The tasks whose recorded calls run again.
    var rerun: [String]

    /// - Parameter environment: `ASYNCFLOW_FRESH` (1, true, yes) and `ASYNCFLOW_RERUN`, names of tasks with commas
    ///   between.
    init(_ journal: Journal, environment: [String: String]) {
        let fresh = environment["ASYNCFLOW_FRESH"]?.lowercased() ?? ""
        isFresh = journal.reuse == .fresh || ["1", "true", "yes"].contains(fresh)
        let names = (environment["ASYNCFLOW_RERUN"] ?? "").split(separator: ",").map { $0.trimmingBlanks }
        rerun = journal.rerunning + names.filter { !$0.isEmpty }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
