/// W3: a task, 100 tasks that depend on it, a task that depends on all of those, and so on.
enum LayersByHand {
    static func variants(_ body: BodyKind) -> [Variant] {
        switch body {
        case .synchronous:
            [
                Variant("group per layer", run: groupPerLayerSynchronous),
                Variant("discarding group per layer", run: discardingGroupPerLayerSynchronous),
                Variant("task handles", hold: handlesSynchronous, run: { try await handlesSynchronous($0) }),
            ]
        case .asynchronous:
            [
                Variant("group per layer", run: groupPerLayerAsync),
                Variant("discarding group per layer", run: discardingGroupPerLayerAsync),
                Variant("task handles", hold: handlesAsync, run: { try await handlesAsync($0) }),
            ]
        }
    }
}

// MARK: - Synchronous bodies

extension LayersByHand {
    /// A task that joins a layer is the parent of the layer's tasks.
    private static func groupPerLayerSynchronous(_ tasks: Int) async -> Int {
        var value = await Task { taskBody(0) }.value
        for _ in 0..<Workload.layerCount(for: tasks) {
            let joint = Task { [value] in
                await withTaskGroup(of: Int.self) { group in
                    for _ in 0..<Workload.layerWidth {
                        group.addTask { taskBody(value) }
                    }
                    return taskBody(await group.reduce(0) { $0 &+ $1 })
                }
            }
            value = await joint.value
        }
        return value
    }

    /// A task that joins a layer is the parent of the layer's tasks.
    private static func discardingGroupPerLayerSynchronous(_ tasks: Int) async -> Int {
        var value = await Task { taskBody(0) }.value
        for _ in 0..<Workload.layerCount(for: tasks) {
            let joint = Task { [value] in
                let sum = Sum()
                await withDiscardingTaskGroup { group in
                    for _ in 0..<Workload.layerWidth {
                        group.addTask { sum.add(taskBody(value)) }
                    }
                }
                return taskBody(sum.value)
            }
            value = await joint.value
        }
        return value
    }

    private static func handlesSynchronous(_ tasks: Int, heldBy gate: Gate? = nil) async throws -> Int {
        var last = Task {
            await gate?.opened()
            return taskBody(0)
        }
        for _ in 0..<Workload.layerCount(for: tasks) {
            let previous = last
            let layer = (0..<Workload.layerWidth).map { _ in
                Task { taskBody(await previous.value) }
            }
            last = Task {
                var sum = 0
                for task in layer { sum &+= await task.value }
                return taskBody(sum)
            }
        }
        try await gate?.allTasksAreMade()
        return await last.value
    }
}

// MARK: - Async bodies

extension LayersByHand {
    /// A task that joins a layer is the parent of the layer's tasks.
    private static func groupPerLayerAsync(_ tasks: Int) async -> Int {
        var value = await Task { await asyncTaskBody(0) }.value
        for _ in 0..<Workload.layerCount(for: tasks) {
            let joint = Task { [value] in
                await withTaskGroup(of: Int.self) { group in
                    for _ in 0..<Workload.layerWidth {
                        group.addTask { await asyncTaskBody(value) }
                    }
                    return await asyncTaskBody(await group.reduce(0) { $0 &+ $1 })
                }
            }
            value = await joint.value
        }
        return value
    }

    /// A task that joins a layer is the parent of the layer's tasks.
    private static func discardingGroupPerLayerAsync(_ tasks: Int) async -> Int {
        var value = await Task { await asyncTaskBody(0) }.value
        for _ in 0..<Workload.layerCount(for: tasks) {
            let joint = Task { [value] in
                let sum = Sum()
                await withDiscardingTaskGroup { group in
                    for _ in 0..<Workload.layerWidth {
                        group.addTask { sum.add(await asyncTaskBody(value)) }
                    }
                }
                return await asyncTaskBody(sum.value)
            }
            value = await joint.value
        }
        return value
    }

    private static func handlesAsync(_ tasks: Int, heldBy gate: Gate? = nil) async throws -> Int {
        var last = Task {
            await gate?.opened()
            return await asyncTaskBody(0)
        }
        for _ in 0..<Workload.layerCount(for: tasks) {
            let previous = last
            let layer = (0..<Workload.layerWidth).map { _ in
                Task { await asyncTaskBody(await previous.value) }
            }
            last = Task {
                var sum = 0
                for task in layer { sum &+= await task.value }
                return await asyncTaskBody(sum)
            }
        }
        try await gate?.allTasksAreMade()
        return await last.value
    }
}
