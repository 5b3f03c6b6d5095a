/// The waiting requests, ordered by priority and then by arrival.
struct Backlog: Sendable {
    private struct Line {
        var ids: [Int] = []
        /// The number of requests that have left the line at its front.
        var gone = 0
    }

    private var lines: [Int: Line] = [:]
    /// The priorities of the lines, the highest last.
    private var priorities: [Int] = []
    /// The estimated tokens of waiting requests, by id. Requests that gave up stay in their lines.
    private var guesses: [Int: TokenGuess] = [:]

    var isEmpty: Bool { guesses.isEmpty }

    mutating func append(_ id: Int, _ guess: TokenGuess, priority: Int) {
        guesses[id] = guess
        if lines[priority] == nil {
            let index = priorities.firstIndex { $0 > priority } ?? priorities.endIndex
            priorities.insert(priority, at: index)
        }
        lines[priority, default: Line()].ids.append(id)
    }

    /// - Returns: whether the request was waiting.
    mutating func remove(_ id: Int) -> Bool { guesses.removeValue(forKey: id) != nil }

    /// Returns the next request.
    mutating func first() -> (id: Int, guess: TokenGuess)? {
        while let priority = priorities.last, let line = lines[priority] {
            guard line.gone < line.ids.count else {
                lines[priority] = nil
                priorities.removeLast()
                continue
            }
            let id = line.ids[line.gone]
            if let guess = guesses[id] { return (id, guess) }
            leave(priority)
        }
        return nil
    }

    mutating func removeFirst() {
        guard let first = first(), let priority = priorities.last else { return }
        guesses[first.id] = nil
        leave(priority)
    }

    private mutating func leave(_ priority: Int) {
        lines[priority]!.gone += 1
        if lines[priority]!.gone > 64, lines[priority]!.gone * 2 > lines[priority]!.ids.count {
            lines[priority]!.ids.removeFirst(lines[priority]!.gone)
            lines[priority]!.gone = 0
        }
    }
}
