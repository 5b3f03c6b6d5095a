import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowPlan

/// The output of a run's steps, as recorded in its journal.
struct RunLog {
    /// The output of one call of a step.
    struct Part {
        /// Unlike that of every other part.
        let id: String
        let text: String
    }

    private(set) var failures: [Part] = []
    private(set) var outputs: [Part] = []
    private let files: LocalFiles
    private let redactor = SecretRedactor(WithheldEnvironment.knownSecrets)

    /// - Parameter step: the only step that is wanted; nil for all.
    /// - Throws: an `ExitCode` if the journal can't be read, after that was told.
    init(_ entry: RunEntry, step: String?) throws {
        files = LocalFiles(base: entry.path)
        // A run that has only begun has none.
        guard access(entry.journal, F_OK) == 0 else { return }
        let contents: JournalContents
        let objects: ObjectStore
        do throws(JournalError) { (contents, objects) = try JournalStore.read(entry.journal) } catch {
            throw FlowExit.because("\(error)", FlowExit.unavailable)
        }
        let start: Int = if case .int(let began)? = entry.record["began"] { began } else { 0 }
        var parts: (failures: [Part], outputs: [Part]) = ([], [])
        contents.forEachCounting { record in
            guard let definition = record.definition, contents.runs.indices.contains(record.run),
                contents.runs[record.run].run.began >= start, Self.isWanted(definition.name, step)
            else { return }
            switch record.record {
            case .failure(let failure):
                parts.failures.append(
                    part(failure.header, definition.name, failure.parts, failure.error.message, isFailure: true))
            case .result(let result):
                guard let text = output(of: result, objects), !text.isEmpty else { return }
                parts.outputs.append(part(result.header, definition.name, result.parts, text, isFailure: false))
            default: break
            }
        }
        (failures, outputs) = parts
    }

    /// Whether a task is one of a step: its name is that of the step and, behind a dot, of the action.
    private static func isWanted(_ name: String, _ step: String?) -> Bool {
        guard let step else { return true }
        return name == step || name.hasPrefix("\(step).")
    }

    private func output(of result: ResultRecord, _ objects: ObjectStore) -> String? {
        if let file = result.files.first(where: { $0.name == ".stdout" }) { return try? files.read(file.path) }
        return RecordedOutput.text(of: result, in: objects)
    }

    private func part(
        _ header: CallHeader, _ name: String, _ parts: [KeyPart], _ text: String, isFailure: Bool
    ) -> Part {
        let words = parts.first { $0.name == "words" || $0.name == "prompt" }?.preview ?? ""
        var lines = "── \(name)\(isFailure ? " failed" : "")\(words.isEmpty ? "" : ": \(words)")\n"
        lines += redactor.redact(text).harmlessLines()
        if !lines.hasSuffix("\n") { lines += "\n" }
        return Part(id: "\(header.call) \(isFailure)", text: lines)
    }
}
