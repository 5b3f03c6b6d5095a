import AsyncFlow
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowJournal
import AsyncFlowPlan

/// The engine of a run, with its journal and its backends.
struct FlowEngine {
    let engine: WorkflowEngine
    let backends: [any Backend]
    /// The directory of the journal.
    let journal: String

    init(_ session: FlowSession, _ directory: RunDirectory) throws {
        backends =
            try FlowBackends(session.flow, session.plan, jobs: session.options.jobs).make()
            + FlowPrompts.backends(for: session.plan)
        var configuration = WorkflowEngine.Configuration()
        configuration.workDirectory = "\(directory.path)/tasks"
        // Steps wait for each other as the flow says, however long that takes.
        configuration.stallWarning = nil
        configuration.logger = .forFlows
        let own = "\(directory.path)/journal"
        let wanted = Self.journal(of: session, directory) ?? own
        configuration.journal = Self.journal(wanted, session)
        do {
            engine = try WorkflowEngine(configuration, backends: backends)
            journal = wanted
        } catch let error as JournalError where session.former == nil && wanted != own && error.reason == .locked {
            FlowConsole.note(
                "another run of '\(session.flow.plan.name)' goes on: this one takes nothing of earlier ones")
            configuration.journal = Self.journal(own, session)
            engine = try WorkflowEngine(configuration, backends: backends)
            journal = own
        }
    }

    private static func journal(_ path: String, _ session: FlowSession) -> Journal {
        // The names of the tasks of the steps that run again.
        let rerunning = session.plan.body.allSteps.filter { session.options.rerun.contains($0.step.name) }
            .map { "\($0.step.name).\($0.step.action.keyword)" }
        return Journal(path, reuse: session.options.isFresh ? .fresh : .automatic, rerunning: rerunning)
    }

    /// Where a run records, unless it is in its own directory: where it has recorded, or, if later runs may take
    /// something, in one place for all runs of the flow.
    private static func journal(of session: FlowSession, _ directory: RunDirectory) -> String? {
        if let former = session.former { return former.journal }
        guard session.plan.usesCache else { return nil }
        let cache = "\(PathText.parent(of: directory.path))/.cache"
        // The journal reports a directory that can't be made.
        try? PrivateDirectory.createPath(cache)
        return "\(cache)/\(session.flow.plan.name).journal"
    }
}
