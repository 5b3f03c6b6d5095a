import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Opens the journal of an engine that is configured with one.
struct JournalMaker: EnginePartMaker {
    let journal: Journal

    func makePart(for configuration: WorkflowEngine.Configuration) throws -> (any EnginePart)? {
        if configuration.dryRun { return nil }
        return try JournalRecorder(
            journal, RunSettings(journal, environment: ProcessInfo.processInfo.environment), configuration.logger)
    }
}

/// Opens the journal that `ASYNCFLOW_JOURNAL` names, for engines that aren't configured with one.
struct EnvironmentJournalMaker: EnginePartMaker {
    func makePart(for configuration: WorkflowEngine.Configuration) throws -> (any EnginePart)? {
        guard let path = ProcessInfo.processInfo.environment["ASYNCFLOW_JOURNAL"], !path.isEmpty,
            configuration.journal == nil
        else { return nil }
        return try JournalMaker(journal: Journal(path)).makePart(for: configuration)
    }
}

/// Called when the program is loaded, so that it need not name the module.
@_cdecl("asyncflow_journal_register")
package func registerJournal() { EngineParts.register(EnvironmentJournalMaker()) }
