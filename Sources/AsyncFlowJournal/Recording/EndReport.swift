import Synchronization

/// A summary of the calls that a run has reused and those that it has run, with the reasons.
struct EndReport {
    let reused: Int
    let ran: Int
    /// The text; nil for a run that had nothing to reuse.
    let text: String?

    /// The maximum number of records that are searched for the most similar calls.
    private static let searchLimit = 200_000

    init(_ recorder: JournalRecorder) {
        let definitions = recorder.allDefinitions
        reused = definitions.reduce(0) { $0 + $1.reusedCount.load(ordering: .relaxed) }
        ran = definitions.reduce(0) { $0 + $1.ranCount.load(ordering: .relaxed) }
        guard !recorder.history.isEmpty else {
            text = nil
            return
        }
        var lines = ["\(Self.count(reused + ran, "recorded call")): \(reused) reused, \(ran) ran"]
        let nearest = Self.nearest(to: definitions, in: recorder.store.contents)
        for definition in definitions.sorted(by: { $0.record.name < $1.record.name }) {
            lines += Self.lines(definition, nearest)
        }
        lines += Self.rebuilt(recorder, definitions)
        text = lines.joined(separator: "\n")
    }

    private static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func lines(_ definition: RecordedDefinition, _ nearest: [CallID: NearestCall]) -> [String] {
        let ran = definition.ranCount.load(ordering: .relaxed)
        guard ran > 0 else { return [] }
        var reasons: [String] = []
        for miss in definition.firstMisses {
            let reason = text(of: miss, nearest[miss.call])
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        let shown = reasons.prefix(3).joined(separator: "; ") + (reasons.count > 3 ? "; and others" : "")
        return ["  \(definition.record.name): \(ran) ran: \(shown)"]
    }

    private static func text(of miss: RecordedDefinition.Miss, _ nearest: NearestCall?) -> String {
        switch miss.reason {
        case .new:
            guard let best = nearest?.best, !best.explanation.summary.isEmpty else { return "not recorded before" }
            return best.explanation.summary
        case .failed: return "it failed in an earlier run"
        case .rerun: return "its rerun was requested"
        case .undecodable(let what): return "its recorded value can't be decoded: \(what)"
        case .changedOutput(let path): return "its output \(path) is missing or has changed"
        case .lostValue(let what): return "its recorded value is gone: \(what)"
        case .rebuilt: return "the program was rebuilt, and the code that it calls may have changed"
        case .interrupted: return "it was running when the run was interrupted"
        }
    }

    /// Returns, for each call that wasn't recorded before, the most similar recorded call of its task.
    private static func nearest(
        to definitions: [RecordedDefinition], in contents: JournalContents
    ) -> [CallID: NearestCall] {
        var found: [CallID: NearestCall] = [:]
        var wanted: [String: [CallID]] = [:]
        for definition in definitions {
            for miss in definition.firstMisses where miss.reason == .new {
                found[miss.call] = NearestCall(parts: miss.parts, version: definition.record.version)
                wanted[definition.record.name, default: []].append(miss.call)
            }
        }
        guard !wanted.isEmpty, contents.callCount <= searchLimit else { return found }
        contents.forEach([.result]) { entry in
            guard case .result(let result) = entry.record, let definition = entry.definition else { return true }
            for call in wanted[definition.name] ?? [] { found[call]?.consider(result, version: definition.version) }
            return true
        }
        return found
    }

    /// Returns a warning if results of functions were reused that another build of the program recorded, since the code
    /// of closures can't be compared.
    private static func rebuilt(_ recorder: JournalRecorder, _ definitions: [RecordedDefinition]) -> [String] {
        guard let last = recorder.store.contents.runs.last?.run.build, last != ThisProgram.build else { return [] }
        let reused = definitions.filter {
            $0.prefix.isEmpty == false && $0.record.kind == "function" && $0.reusedCount.load(ordering: .relaxed) > 0
        }
        guard !reused.isEmpty else { return [] }
        let names = reused.map {
            "\($0.record.name) (version \($0.record.version), \($0.reusedCount.load(ordering: .relaxed)))"
        }
        return [
            "  this program was rebuilt since the last run, and reuses results of "
                + names.sorted().prefix(10).joined(separator: ", ")
                + ". If the meaning of their code has changed, raise durable:, or start the program with "
                + "ASYNCFLOW_RERUN=…"
        ]
    }
}
