/// Where the waits and loops of earlier runs are: what a call needs that goes on instead of being made again.
struct PlaceHistory: Sendable {
    /// The moments up to which calls sleep.
    private(set) var due: [CallID: JournalTime] = [:]
    /// The moments since which calls wait for a signal.
    private(set) var since: [CallID: JournalTime] = [:]
    /// The answers that were accepted.
    private(set) var answers: [CallID: [UInt8]] = [:]
    private(set) var seen = SeenMessages()
    /// The numbers of ended iterations, by loop.
    private(set) var iterations: [CallID: UInt64] = [:]

    /// Reads the whole journal once, so that it is made only when somebody waits or loops.
    init(_ contents: JournalContents, from firstRun: Int) {
        var names: [CallID: String] = [:]
        contents.forEach([.timer, .waiting, .signal, .iteration, .forgotten]) { entry in
            guard entry.run < 0 || entry.run >= firstRun else { return true }
            switch entry.record {
            case .timer(let timer):
                due[timer.call] = timer.due
                names[timer.call] = timer.name
            case .waiting(let waiting):
                since[waiting.call] = since[waiting.call] ?? waiting.since
                names[waiting.call] = waiting.name
            case .signal(let signal):
                seen.insert(signal.message)
                if let answered = signal.answered { answers[answered.call] = signal.payload }
            case .iteration(let iteration): iterations[iteration.loop] = iteration.count
            case .forgotten(let forgotten) where !forgotten.failuresOnly:
                forget(Set(forgotten.calls))
                let meant = Set(forgotten.names)
                if !meant.isEmpty { forget(Set(names.filter { meant.contains($0.value) }.keys)) }
            default: break
            }
            return true
        }
    }

    private mutating func forget(_ calls: Set<CallID>) {
        for call in calls {
            due[call] = nil
            since[call] = nil
            answers[call] = nil
            iterations[call] = nil
        }
    }
}
