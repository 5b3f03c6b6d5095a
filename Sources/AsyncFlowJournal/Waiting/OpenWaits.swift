/// The recorded waits of a journal's program, whether it is running or not.
package struct OpenWaits: Sendable {
    /// A question without an answer.
    package struct Question: Sendable, Equatable {
        package var name: String
        package var type: String
        package var text: String
        package var since: JournalTime
        package var deadline: JournalTime?
    }
    /// A sleep that hasn't ended.
    package struct Sleep: Sendable, Equatable {
        package var name: String
        package var due: JournalTime
    }
    /// In the order in which they were asked.
    package private(set) var questions: [Question] = []
    package private(set) var sleeps: [Sleep] = []

    private struct Entry {
        var record: JournalRecord
        var scope: ScopeID
        var name: String
    }

    /// Looks at the last run, and at those before it as far as the ones after them were interrupted: these may not have
    /// got as far.
    package init(_ contents: JournalContents) {
        var first = contents.runs.count - 1
        while first > 0, contents.runs[first].end == nil { first -= 1 }
        var order: [CallID] = []
        var open: [CallID: Entry] = [:]
        contents.forEach([.timer, .waiting, .signal, .superseded, .forgotten, .note]) { entry in
            switch entry.record {
            case .timer(let timer) where entry.run >= first:
                order.append(timer.call)
                open[timer.call] = Entry(record: entry.record, scope: timer.scope, name: timer.name)
            case .waiting(let waiting) where entry.run >= first:
                order.append(waiting.call)
                open[waiting.call] = Entry(record: entry.record, scope: waiting.scope, name: waiting.name)
            case .signal(let signal): if let answered = signal.answered { open[answered.call] = nil }
            case .superseded(let scope): open = open.filter { $0.value.scope != scope }
            case .forgotten(let forgotten) where !forgotten.failuresOnly:
                open = open.filter { !forgotten.calls.contains($0.key) && !forgotten.names.contains($0.value.name) }
            case .note(let note) where note.kind == "fresh": open = [:]
            default: break
            }
            return true
        }
        var seen: Set<CallID> = []
        for call in order where seen.insert(call).inserted {
            guard let entry = open[call] else { continue }
            if case .result? = contents.outcome(of: call, withParts: false)?.record { continue }
            switch entry.record {
            case .timer(let timer): sleeps.append(Sleep(name: timer.name, due: timer.due))
            case .waiting(let waiting):
                questions.append(
                    Question(
                        name: waiting.name, type: waiting.type, text: waiting.question, since: waiting.since,
                        deadline: waiting.deadline))
            default: break
            }
        }
    }

    package var isEmpty: Bool { questions.isEmpty && sleeps.isEmpty }

    /// Whether a program that was parked has something to do.
    ///
    /// - Parameter messages: the names that there are messages for.
    package func isDue(at now: JournalTime, messages: Set<String>) -> Bool {
        sleeps.contains { $0.due <= now }
            || questions.contains { messages.contains($0.name) || ($0.deadline.map { $0 <= now } ?? false) }
    }

    /// The first time that is waited for.
    package var nextTime: JournalTime? { (sleeps.map(\.due) + questions.compactMap(\.deadline)).min() }
}
