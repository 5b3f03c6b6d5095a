/// W1: tasks that depend on nothing.
enum IndependentByHand {
    static func variants(_ body: BodyKind) -> [Variant] {
        switch body {
        case .synchronous:
            [
                // Not held for its memory: a group takes quadratic time when its tasks don't end in the order made.
                Variant("task group", run: taskGroupSynchronous),
                Variant("windowed group", run: windowedGroupSynchronous),
                Variant("discarding group", run: discardingGroupSynchronous),
                Variant("task handles", hold: heldHandlesSynchronous, run: handlesSynchronous),
                // Each runs inside the loop that makes it, never two at the same time.
                Variant("immediate tasks", .reference, run: immediateSynchronous),
            ]
        case .asynchronous:
            [
                // Not held for its memory: a group takes quadratic time when its tasks don't end in the order made.
                Variant("task group", run: taskGroupAsync),
                Variant("windowed group", run: windowedGroupAsync),
                Variant("discarding group", run: discardingGroupAsync),
                Variant("task handles", hold: heldHandlesAsync, run: handlesAsync),
                // Each runs inside the loop that makes it, never two at the same time.
                Variant("immediate tasks", .reference, run: immediateAsync),
            ]
        }
    }
}

// MARK: - Synchronous bodies

extension IndependentByHand {
    /// How many tasks of a windowed group exist at a time.
    private static let window = 1_000

    private static func taskGroupSynchronous(_ tasks: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<tasks {
                group.addTask { taskBody(number) }
            }
            return await group.reduce(0) { $0 &+ $1 }
        }
    }

    private static func windowedGroupSynchronous(_ tasks: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            var sum = 0
            for number in 0..<tasks {
                if number >= window, let value = await group.next() { sum &+= value }
                group.addTask { taskBody(number) }
            }
            return await group.reduce(sum) { $0 &+ $1 }
        }
    }

    private static func discardingGroupSynchronous(_ tasks: Int) async -> Int {
        let sum = Sum()
        await withDiscardingTaskGroup { group in
            for number in 0..<tasks {
                group.addTask { sum.add(taskBody(number)) }
            }
        }
        return sum.value
    }

    private static func handlesSynchronous(_ tasks: Int) async -> Int {
        var handles: [Task<Int, Never>] = []
        handles.reserveCapacity(tasks)
        for number in 0..<tasks {
            handles.append(Task { taskBody(number) })
        }
        var sum = 0
        for handle in handles { sum &+= await handle.value }
        return sum
    }

    private static func immediateSynchronous(_ tasks: Int) async -> Int {
        guard #available(macOS 26, *) else { return await handlesSynchronous(tasks) }
        var handles: [Task<Int, Never>] = []
        handles.reserveCapacity(tasks)
        for number in 0..<tasks {
            handles.append(Task.immediate { taskBody(number) })
        }
        var sum = 0
        for handle in handles { sum &+= await handle.value }
        return sum
    }

    private static func heldHandlesSynchronous(_ tasks: Int, _ gate: Gate) async throws -> Int {
        let first = Task { await gate.opened() }
        var handles: [Task<Int, Never>] = []
        handles.reserveCapacity(tasks)
        for number in 0..<tasks {
            handles.append(
                Task {
                    await first.value
                    return taskBody(number)
                })
        }
        try await gate.allTasksAreMade()
        var sum = 0
        for handle in handles { sum &+= await handle.value }
        return sum
    }
}

// MARK: - Async bodies

extension IndependentByHand {
    private static func taskGroupAsync(_ tasks: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<tasks {
                group.addTask { await asyncTaskBody(number) }
            }
            return await group.reduce(0) { $0 &+ $1 }
        }
    }

    private static func windowedGroupAsync(_ tasks: Int) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            var sum = 0
            for number in 0..<tasks {
                if number >= window, let value = await group.next() { sum &+= value }
                group.addTask { await asyncTaskBody(number) }
            }
            return await group.reduce(sum) { $0 &+ $1 }
        }
    }

    private static func discardingGroupAsync(_ tasks: Int) async -> Int {
        let sum = Sum()
        await withDiscardingTaskGroup { group in
            for number in 0..<tasks {
                group.addTask { sum.add(await asyncTaskBody(number)) }
            }
        }
        return sum.value
    }

    private static func handlesAsync(_ tasks: Int) async -> Int {
        var handles: [Task<Int, Never>] = []
        handles.reserveCapacity(tasks)
        for number in 0..<tasks {
            handles.append(Task { await asyncTaskBody(number) })
        }
        var sum = 0
        for handle in handles { sum &+= await handle.value }
        return sum
    }

    private static func immediateAsync(_ tasks: Int) async -> Int {
        guard #available(macOS 26, *) else { return await handlesAsync(tasks) }
        var handles: [Task<Int, Never>] = []
        handles.reserveCapacity(tasks)
        for number in 0..<tasks {
            handles.append(Task.immediate { await asyncTaskBody(number) })
        }
        var sum = 0
        for handle in handles { sum &+= await handle.value }
        return sum
    }

    private static func heldHandlesAsync(_ tasks: Int, _ gate: Gate) async throws -> Int {
        let first = Task { await gate.opened() }
        var handles: [Task<Int, Never>] = []
        handles.reserveCapacity(tasks)
        for number in 0..<tasks {
            handles.append(
                Task {
                    await first.value
                    return await asyncTaskBody(number)
                })
        }
        try await gate.allTasksAreMade()
        var sum = 0
        for handle in handles { sum &+= await handle.value }
        return sum
    }
}
