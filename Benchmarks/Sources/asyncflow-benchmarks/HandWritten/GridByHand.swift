/// W4: each task depends on its neighbours above and to the left.
enum GridByHand {
    static func variants(_ body: BodyKind) -> [Variant] {
        switch body {
        case .synchronous:
            [
                Variant("task handles", hold: handlesSynchronous, run: { try await handlesSynchronous($0) }),
                // A task waits for the whole diagonal before it instead of for its two neighbours.
                Variant("discarding group per diagonal", .reference, run: diagonalsSynchronous),
            ]
        case .asynchronous:
            [
                Variant("task handles", hold: handlesAsync, run: { try await handlesAsync($0) }),
                // A task waits for the whole diagonal before it instead of for its two neighbours.
                Variant("discarding group per diagonal", .reference, run: diagonalsAsync),
            ]
        }
    }
}

// MARK: - Synchronous bodies

extension GridByHand {
    private static func handlesSynchronous(_ tasks: Int, heldBy gate: Gate? = nil) async throws -> Int {
        let side = Workload.gridSide(for: tasks)
        // One row at a time: a place holds the task above until the one that belongs there replaces it.
        var row: [Task<Int, Never>] = []
        row.reserveCapacity(side)
        var left = Task {
            await gate?.opened()
            return taskBody(0, 0)
        }
        row.append(left)
        for _ in 1..<side {
            let beside = left
            left = Task { taskBody(0, await beside.value) }
            row.append(left)
        }
        for _ in 1..<side {
            let above = row[0]
            left = Task { taskBody(await above.value, 0) }
            row[0] = left
            for column in 1..<side {
                let (above, beside) = (row[column], left)
                left = Task { taskBody(await above.value, await beside.value) }
                row[column] = left
            }
        }
        try await gate?.allTasksAreMade()
        return await left.value
    }

    private static func diagonalsSynchronous(_ tasks: Int) async -> Int {
        let side = Workload.gridSide(for: tasks)
        var previous = Diagonal(side: side)
        var current = Diagonal(side: side)
        defer {
            previous.deallocate()
            current.deallocate()
        }
        for diagonal in 0..<(2 * side - 1) {
            let rows = max(diagonal - side + 1, 0)...min(diagonal, side - 1)
            await withDiscardingTaskGroup { [previous, current] group in
                for row in rows {
                    group.addTask {
                        let above = row > 0 ? previous.values[row - 1] : 0
                        let beside = diagonal > row ? previous.values[row] : 0
                        current.values[row] = taskBody(above, beside)
                    }
                }
            }
            swap(&previous, &current)
        }
        return previous.values[side - 1]
    }
}

// MARK: - Async bodies

extension GridByHand {
    private static func handlesAsync(_ tasks: Int, heldBy gate: Gate? = nil) async throws -> Int {
        let side = Workload.gridSide(for: tasks)
        // One row at a time: a place holds the task above until the one that belongs there replaces it.
        var row: [Task<Int, Never>] = []
        row.reserveCapacity(side)
        var left = Task {
            await gate?.opened()
            return await asyncTaskBody(0, 0)
        }
        row.append(left)
        for _ in 1..<side {
            let beside = left
            left = Task { await asyncTaskBody(0, await beside.value) }
            row.append(left)
        }
        for _ in 1..<side {
            let above = row[0]
            left = Task { await asyncTaskBody(await above.value, 0) }
            row[0] = left
            for column in 1..<side {
                let (above, beside) = (row[column], left)
                left = Task { await asyncTaskBody(await above.value, await beside.value) }
                row[column] = left
            }
        }
        try await gate?.allTasksAreMade()
        return await left.value
    }

    private static func diagonalsAsync(_ tasks: Int) async -> Int {
        let side = Workload.gridSide(for: tasks)
        var previous = Diagonal(side: side)
        var current = Diagonal(side: side)
        defer {
            previous.deallocate()
            current.deallocate()
        }
        for diagonal in 0..<(2 * side - 1) {
            let rows = max(diagonal - side + 1, 0)...min(diagonal, side - 1)
            await withDiscardingTaskGroup { [previous, current] group in
                for row in rows {
                    group.addTask {
                        let above = row > 0 ? previous.values[row - 1] : 0
                        let beside = diagonal > row ? previous.values[row] : 0
                        current.values[row] = await asyncTaskBody(above, beside)
                    }
                }
            }
            swap(&previous, &current)
        }
        return previous.values[side - 1]
    }
}

/// The values of one diagonal, by row.
///
/// `@unchecked Sendable` because each task of a diagonal writes a place of its own, and the group's end comes before
/// any reading of it.
private struct Diagonal: @unchecked Sendable {
    let values: UnsafeMutablePointer<Int>

    init(side: Int) {
        values = .allocate(capacity: side)
        values.initialize(repeating: 0, count: side)
    }

    func deallocate() { values.deallocate() }
}
