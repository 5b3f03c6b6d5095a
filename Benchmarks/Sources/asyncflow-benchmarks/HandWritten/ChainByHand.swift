/// W2: each task depends on the one before.
enum ChainByHand {
    static func variants(_ body: BodyKind) -> [Variant] {
        switch body {
        case .synchronous:
            [
                Variant("task handles", hold: handlesSynchronous, run: { try await handlesSynchronous($0) }),
                // The chain is the loop here; no task depends on another.
                Variant("tasks one by one", .reference, run: oneByOneSynchronous),
                Variant("async let one by one", .reference, run: asyncLetSynchronous),
            ]
        case .asynchronous:
            [
                Variant("task handles", hold: handlesAsync, run: { try await handlesAsync($0) }),
                // The chain is the loop here; no task depends on another.
                Variant("tasks one by one", .reference, run: oneByOneAsync),
                Variant("async let one by one", .reference, run: asyncLetAsync),
            ]
        }
    }
}

// MARK: - Synchronous bodies

extension ChainByHand {
    private static func handlesSynchronous(_ tasks: Int, heldBy gate: Gate? = nil) async throws -> Int {
        var last = Task {
            await gate?.opened()
            return taskBody(0)
        }
        for _ in 1..<tasks {
            let previous = last
            last = Task { taskBody(await previous.value) }
        }
        try await gate?.allTasksAreMade()
        return await last.value
    }

    private static func oneByOneSynchronous(_ tasks: Int) async -> Int {
        var value = 0
        for _ in 0..<tasks {
            value = await Task { [value] in taskBody(value) }.value
        }
        return value
    }

    private static func asyncLetSynchronous(_ tasks: Int) async -> Int {
        var value = 0
        for _ in 0..<tasks {
            async let next = taskBody(value)
            value = await next
        }
        return value
    }
}

// MARK: - Async bodies

extension ChainByHand {
    private static func handlesAsync(_ tasks: Int, heldBy gate: Gate? = nil) async throws -> Int {
        var last = Task {
            await gate?.opened()
            return await asyncTaskBody(0)
        }
        for _ in 1..<tasks {
            let previous = last
            last = Task { await asyncTaskBody(await previous.value) }
        }
        try await gate?.allTasksAreMade()
        return await last.value
    }

    private static func oneByOneAsync(_ tasks: Int) async -> Int {
        var value = 0
        for _ in 0..<tasks {
            value = await Task { [value] in await asyncTaskBody(value) }.value
        }
        return value
    }

    private static func asyncLetAsync(_ tasks: Int) async -> Int {
        var value = 0
        for _ in 0..<tasks {
            async let next = asyncTaskBody(value)
            value = await next
        }
        return value
    }
}
