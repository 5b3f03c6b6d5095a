import AsyncFlow
import AsyncFlowBase

/// The settings for reuse in this run, from the journal's configuration and from the environment.
struct RunSettings: Sendable, Hashable {
    /// Whether earlier records are ignored.
    var isFresh: Bool
    /// The names of the tasks whose recorded calls run again.
    var rerun: [String]

    /// - Parameter environment: The environment, with `ASYNCFLOW_FRESH` (1, true, yes) and `ASYNCFLOW_RERUN`, names of
    ///   tasks separated by commas.
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
