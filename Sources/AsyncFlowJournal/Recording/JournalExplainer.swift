import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An explanation of a journal's last run, with the reused calls, the calls that ran, and the reasons; and a comparison
/// of two journals. It only reads.
package struct JournalExplainer {
    private struct Call {
        var definition: DefinitionRecord
        var result: ResultRecord
        var run: Int
    }

    private let directory: String
    private let contents: JournalContents

    /// - Throws: ``JournalError`` if there is no journal, or it can't be read.
    package init(_ directory: String) throws(JournalError) {
        self.directory = directory
        contents = try JournalStore.read(directory).0
    }

    private var lastRun: Int { contents.runs.count - 1 }

    /// Calls a function with each call that has a value, in the order in which they were recorded.
    private func forEachCall(_ body: (Call) -> Void) {
        contents.forEach([.result]) { entry in
            if case .result(let result) = entry.record, let definition = entry.definition {
                body(Call(definition: definition, result: result, run: entry.run))
            }
            return true
        }
    }

    // MARK: - The last run

    /// Returns a paragraph about the last run.
    package func overview() -> String {
        guard let last = contents.runs.last else { return "the journal \(directory.harmless()) has no run" }
        var (reused, failed) = (0, 0)
        contents.forEach([.reused, .failure, .attempt]) { entry in
            guard entry.run == lastRun else { return true }
            if case .reused = entry.record { reused += 1 } else { failed += 1 }
            return true
        }
        var ran: [String: [Call]] = [:]
        var count = 0
        forEachCall { call in
            guard call.run == lastRun else { return }
            count += 1
            // A few calls are enough to show the reasons.
            if ran[call.definition.name, default: []].count < 3 { ran[call.definition.name, default: []].append(call) }
        }
        var counts: [String: Int] = [:]
        forEachCall { if $0.run == lastRun { counts[$0.definition.name, default: 0] += 1 } }
        let nearest = nearest(to: ran.values.joined().map { $0 })
        let end = last.end == nil ? "which was interrupted, or runs now" : "which ended by itself"
        var lines = [
            "run \(contents.runs.count) of \(time(last.run.began)), \(end): \(reused + count) recorded calls, "
                + "\(reused) reused, \(count) ran, \(failed) attempts failed"
        ]
        for (name, calls) in ran.sorted(by: { $0.key < $1.key }) {
            let reasons = calls.map { call in
                nearest[call.result.header.call]?.best.map { summary($0.explanation) } ?? "not recorded before"
            }
            var shown: [String] = []
            for reason in reasons where !shown.contains(reason) { shown.append(reason) }
            lines.append("  \(name.harmless()): \(counts[name] ?? 0) ran: \(shown.joined(separator: "; "))")
        }
        lines += contents.losses.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    private func summary(_ explanation: Explanation) -> String {
        let text = explanation.summary.harmless()
        return text.isEmpty
            ? "the same call is recorded, but its rerun was requested or its value couldn't be used" : text
    }

    /// Returns, for each call, the most similar call of its task in the runs before.
    private func nearest(to calls: [Call]) -> [CallID: NearestCall] {
        var found: [CallID: NearestCall] = [:]
        var wanted: [String: [Call]] = [:]
        for call in calls {
            found[call.result.header.call] = NearestCall(parts: call.result.parts, version: call.definition.version)
            wanted[call.definition.name, default: []].append(call)
        }
        forEachCall { other in
            for call in wanted[other.definition.name] ?? [] where other.run < call.run {
                found[call.result.header.call]?.consider(other.result, version: other.definition.version)
            }
        }
        return found
    }

    // MARK: - One call

    /// Returns a description of one call and of its differences from the most similar earlier call.
    ///
    /// - Parameter name: The beginning of a call's id, or the name of a task, which selects its last call.
    /// - Returns: nil if there is no such call.
    package func call(_ name: String) -> String? {
        var wanted: Call?
        forEachCall { call in
            let id = call.result.header.call.description
            if (name.utf8.count >= 4 && id.hasPrefix(name)) || call.definition.name == name { wanted = call }
        }
        guard let wanted else { return nil }
        let result = wanted.result
        var lines = [
            "\(wanted.definition.name.harmless()) (call \(result.header.call)) ran at \(time(result.began)) for "
                + "\(Double(result.duration / 1000) / 1000) s"
        ]
        if !wanted.definition.place.isEmpty { lines.append("  defined in \(wanted.definition.place.harmless())") }
        if let best = nearest(to: [wanted])[result.header.call]?.best {
            lines.append("the nearest recorded call of the runs before is \(best.call):")
            for difference in best.explanation.differences { lines.append("  \(line(difference).harmless())") }
        } else {
            lines.append("no run before had a call of this task:")
            for (index, part) in result.parts.enumerated() {
                let name = part.name.isEmpty ? "argument \(index + 1)" : part.name
                lines.append("  \(name)  \(part.preview)".harmless())
            }
        }
        for file in result.files { lines.append("  made \(file.path.harmless()), \(file.size) bytes") }
        return lines.joined(separator: "\n")
    }

    private func line(_ difference: Explanation.Difference) -> String {
        switch difference.kind {
        case .same: "same     \(difference.name)  \(difference.now)"
        case .changed: "CHANGED  \(difference.name)  \(difference.before) → \(difference.now)"
        case .added: "NEW      \(difference.name)  \(difference.now)"
        case .removed: "GONE     \(difference.name)  \(difference.before)"
        }
    }

    private func time(_ time: JournalTime) -> String {
        Date(timeIntervalSince1970: Double(time) / 1_000_000).formatted(.iso8601)
    }

    // MARK: - Two journals

    /// Returns the differences between two journals, task by task.
    package static func differences(between one: JournalExplainer, and other: JournalExplainer) -> String {
        let (before, after) = (one.callsByName(), other.callsByName())
        var lines: [String] = []
        for name in Set(before.keys).union(after.keys).sorted() {
            let (old, new) = (before[name] ?? [:], after[name] ?? [:])
            let same = old.keys.filter { new[$0] != nil }
            let others = same.count { old[$0]?.result.value != new[$0]?.result.value }
            let (gone, added) = (old.filter { new[$0.key] == nil }, new.filter { old[$0.key] == nil })
            if gone.isEmpty, added.isEmpty, others == 0 { continue }
            var text = "\(name.harmless()): \(same.count) calls in both"
            if others > 0 { text += ", \(others) of them with another value" }
            if !gone.isEmpty { text += ", \(gone.count) only in \(one.directory.harmless())" }
            if !added.isEmpty { text += ", \(added.count) only in \(other.directory.harmless())" }
            lines.append(text)
            for call in added.values.sorted(by: { $0.result.began < $1.result.began }).prefix(3) {
                var nearest = NearestCall(parts: call.result.parts, version: call.definition.version)
                for old in old.values { nearest.consider(old.result, version: old.definition.version) }
                if let best = nearest.best { lines.append("  \(best.explanation.summary.harmless())") }
            }
        }
        return lines.isEmpty ? "the journals have the same calls with the same values" : lines.joined(separator: "\n")
    }

    /// Returns the last calls of each task by their ids.
    private func callsByName() -> [String: [CallID: Call]] {
        var calls: [String: [CallID: Call]] = [:]
        forEachCall { calls[$0.definition.name, default: [:]][$0.result.header.call] = $0 }
        return calls
    }
}
