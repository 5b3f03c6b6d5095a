/// The differences between a call and a recorded call of the same task.
package struct Explanation: Sendable, Equatable {
    /// One part of a call's key, in both calls.
    package struct Difference: Sendable, Equatable {
        package enum Kind: Sendable, Equatable { case same, changed, added, removed }
        package var kind: Kind
        /// The part's name, such as `argument 1`, `words`, `file reads.fq` or `version`.
        package var name: String
        package var before: String
        package var now: String
    }
    package var differences: [Difference]

    package var changes: [Difference] { differences.filter { $0.kind != .same } }

    /// Compares the parts of two calls of one task.
    ///
    /// - Parameters:
    ///   - before: The recorded call, with the version of its task.
    ///   - now: The other call.
    package init(
        before: [KeyPart], version versionBefore: String = "", now: [KeyPart], version versionNow: String = ""
    ) {
        differences = []
        if versionBefore != versionNow {
            differences.append(Difference(kind: .changed, name: "version", before: versionBefore, now: versionNow))
        } else if !versionNow.isEmpty {
            differences.append(Difference(kind: .same, name: "version", before: versionBefore, now: versionNow))
        }
        var rest = Self.named(before)
        for (name, part) in Self.named(now) {
            guard let index = rest.firstIndex(where: { $0.name == name }) else {
                differences.append(Difference(kind: .added, name: name, before: "", now: part.preview))
                continue
            }
            let other = rest.remove(at: index).part
            differences.append(
                Difference(
                    kind: other.digest == part.digest ? .same : .changed, name: name, before: other.preview,
                    now: part.preview))
        }
        for (name, part) in rest {
            differences.append(Difference(kind: .removed, name: name, before: part.preview, now: ""))
        }
    }

    private static func named(_ parts: [KeyPart]) -> [(name: String, part: KeyPart)] {
        parts.enumerated().map { index, part in
            (part.name.isEmpty ? "argument \(index + 1)" : part.name, part)
        }
    }

    /// The number of equal parts, which measures the similarity.
    package var likeness: Int { differences.count { $0.kind == .same } }

    /// The changes in one line, such as `version 1 → 2, argument 1 4711 → 1234`.
    package var summary: String {
        changes.map { change in
            switch change.kind {
            case .same: change.name
            case .changed where change.before == change.now: "\(change.name) changed"
            case .changed: "\(change.name) \(change.before) → \(change.now)"
            case .added: "\(change.name) is new"
            case .removed: "\(change.name) is gone"
            }
        }.joined(separator: ", ")
    }
}

/// A search for the recorded call of one task that is most similar to another call.
package struct NearestCall: Sendable {
    private let parts: [KeyPart]
    private let version: String
    package private(set) var best: (call: CallID, explanation: Explanation)?

    package init(parts: [KeyPart], version: String) {
        self.parts = parts
        self.version = version
    }

    /// Considers a recorded call. Of equally similar calls the last one counts.
    package mutating func consider(_ result: ResultRecord, version other: String) {
        let explanation = Explanation(before: result.parts, version: other, now: parts, version: version)
        if let best, best.explanation.likeness > explanation.likeness { return }
        best = (result.header.call, explanation)
    }
}
