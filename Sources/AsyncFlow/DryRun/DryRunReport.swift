/// What a dry run would have run, in the order in which it would have.
public struct DryRunReport: Sendable, CustomStringConvertible {
    /// One task of the report.
    public struct Entry: Sendable, Hashable {
        public let id: TaskID
        public let name: String
        public let kind: TaskKind
        /// The backend that it would have run on; nil for blocks.
        public let backend: String?
        /// The tasks whose futures were its arguments.
        public let dependencies: [TaskID]
        /// The block that it is a member of, if any.
        public let blockID: TaskID?
        /// The workflow that it belongs to, if any.
        public let workflowID: String?
        /// The command line or the prompt; nil for functions and blocks.
        public let detail: String?
    }

    /// The tasks, in the order in which they would have begun.
    public let entries: [Entry]

    /// One line a task: its place, name, id, kind, backend, dependencies, and command line or prompt.
    public var description: String {
        let lines = entries.enumerated().map { index, entry in
            var line = "\(index + 1). \(entry.kind) \(entry.name) (\(entry.id))"
            if let backend = entry.backend { line += " on \(backend)" }
            if let block = entry.blockID { line += ", in \(block)" }
            if let workflow = entry.workflowID { line += ", workflow \(workflow)" }
            if !entry.dependencies.isEmpty {
                line += ", after " + entry.dependencies.map(\.description).joined(separator: ", ")
            }
            if let detail = entry.detail { line += ": \(detail.replacing("\n", with: "\\n"))" }
            return line
        }
        return (["dry run: \(entries.count) tasks would have run"] + lines).joined(separator: "\n")
    }
}

extension WorkflowEngine {
    /// What would have run so far; empty unless the engine's configuration has `dryRun`.
    public var dryRunReport: DryRunReport { core.dryRun?.report ?? DryRunReport(entries: []) }
}
