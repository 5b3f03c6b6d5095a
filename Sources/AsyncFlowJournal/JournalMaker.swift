import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The maker of the journal for an engine that is configured with one.
struct JournalMaker: EnginePartMaker {
    let journal: Journal

    func makePart(for configuration: WorkflowEngine.Configuration) throws -> (any EnginePart)? {
        if configuration.dryRun { return nil }
        return try JournalRecorder(
            journal, RunSettings(journal, environment: ProcessInfo.processInfo.environment), configuration.logger)
    }
}

/// The maker of the journal that `ASYNCFLOW_JOURNAL` names, for engines that aren't configured with one.
struct EnvironmentJournalMaker: EnginePartMaker {
    func makePart(for configuration: WorkflowEngine.Configuration) throws -> (any EnginePart)? {
        guard let path = ProcessInfo.processInfo.environment["ASYNCFLOW_JOURNAL"], !path.isEmpty,
            configuration.journal == nil
        else { return nil }
        let part = try JournalMaker(journal: Journal(path)).makePart(for: configuration)
        try (part as? JournalRecorder)?.store.append(
            .note(NoteRecord(kind: RecordedProgram.environmentNote, time: .now)))
        return part
    }
}

/// Registers the journal of the environment. It is called when the program is loaded, so that the program need not
/// import the module.
@_cdecl("asyncflow_journal_register")
package func registerJournal() { EngineParts.register(EnvironmentJournalMaker()) }
