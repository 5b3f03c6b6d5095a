/// The tasks that a dry run would have run, in the order in which they would have begun.
public struct DryRunReport: Sendable, CustomStringConvertible {
    /// One task of the report.
    public struct Entry: Sendable, Hashable {
        public let id: TaskID
        public let name: String
        public let kind: TaskKind
        /// The backend on which it would have run; nil for blocks.
        public let backend: String?
        /// The tasks whose futures were its arguments.
        public let dependencies: [TaskID]
        /// The block that it is a member of, if any.
        public let blockID: TaskID?
        /// The workflow that it belongs to, if any.
        public let workflowID: String?
        /// The command line or the prompt; nil for functions and blocks.
        public let detail: String?
        /// The resources that it would have requested from its backend.
        public let resources: ResourceRequest
        /// The paths of the files among its arguments that no task makes and that don't exist now.
        public let missingFiles: [String]
    }

    /// The tasks, in the order in which they would have begun.
    public let entries: [Entry]

    /// The paths of all files that tasks take, that no task makes, and that don't exist now.
    public var missingFiles: [String] {
        var seen: Set<String> = []
        return entries.flatMap(\.missingFiles).filter { seen.insert($0).inserted }
    }

    /// One line for each task, with its position, name, id, kind, backend, resources, dependencies, and command line or
    /// prompt; and one line for each missing file.
    public var description: String {
        let lines = entries.enumerated().map { index, entry in
            var line = "\(index + 1). \(entry.kind) \(entry.name) (\(entry.id))"
            if let backend = entry.backend { line += " on \(backend)" }
            if let block = entry.blockID { line += ", in \(block)" }
            let needs = entry.resources.summary
            if !needs.isEmpty { line += " with \(needs)" }
            if let workflow = entry.workflowID { line += ", workflow \(workflow)" }
            if !entry.dependencies.isEmpty {
                line += ", after " + entry.dependencies.map(\.description).joined(separator: ", ")
            }
            if let detail = entry.detail { line += ": \(detail.replacing("\n", with: "\\n"))" }
            return line
        }
        let missing = missingFiles.map { "missing file: \($0); no task makes it" }
        return (["dry run: \(entries.count) tasks would have run"] + lines + missing).joined(separator: "\n")
    }
}

extension WorkflowEngine {
    /// The tasks that would have run so far; empty unless the engine's configuration has `dryRun`.
    public var dryRunReport: DryRunReport { core.dryRun?.report ?? DryRunReport(entries: []) }
}
