import TestSupport
import AsyncFlow
import AsyncFlowTesting
import Testing

@Suite("A backend on which things go wrong", .timeLimit(.minutes(2)))
struct ScriptedBackendTests {
    @Test("tasks with retries and time limits all end with their values, whatever goes wrong", arguments: Seeds.some(4))
    func survives(seed: UInt64) async throws {
        let faults = ScriptedBackend.Faults(
            drops: 0.05, delays: 0.2, maximumDelay: .milliseconds(5), reorders: 0.2, duplicates: 0.3,
            crashes: [5, 40, 41, 200])
        let backend = ScriptedBackend(seed: seed, faults: faults)
        try await withTestEngine(backends: [backend]) { flow in
            let square = flow.functionTask(
                "square", .timeout(.seconds(2)), .retry(20, on: .workerLost, .timedOut)
            ) { (number: Int) in number * number }
            let sum = flow.functionTask("sum", .timeout(.seconds(2)), .retry(20, on: .workerLost, .timedOut)) {
                (parts: [Int]) in parts.reduce(0, +)
            }
            let parts = (1...100).map { square($0) }
            let total = try await sum(parts).value
            #expect(total == 338_350)
        }
        #expect(backend.crashCount == 4)
    }

    @Test("with one call at a time, the same seed gives the same faults")
    func repeats() async throws {
        func outcomes(_ seed: UInt64) async throws -> [Bool] {
            let backend = ScriptedBackend(seed: seed, faults: .init(duplicates: 0.5, crashes: [4, 9, 11]))
            return try await withTestEngine(backends: [backend]) { flow in
                let task = flow.functionTask("task") { (number: Int) in number }
                var outcomes: [Bool] = []
                for number in 1...6 { outcomes.append(await task(number).error == nil) }
                return outcomes
            }
        }
        let first = try await outcomes(3)
        #expect(first == [true, false, true, false, false, true])
        let second = try await outcomes(3)
        #expect(second == first)
    }

    @Test("a crash ends what is under way, and the next call works")
    func crash() async throws {
        let backend = ScriptedBackend(seed: 1, faults: .init(crashes: [2]))
        try await withTestEngine(backends: [backend]) { flow in
            let say = flow.executableTask("say") { "anything" }
            let error = await say().error as? TaskFailedError
            #expect(error?.cause is ScriptedCrash)
            let text = try await say().value
            #expect(text == "")
        }
        #expect(backend.crashCount == 1)
    }

    @Test("a result that never comes leaves the task running until it is cancelled")
    func drop() async throws {
        let backend = ScriptedBackend(seed: 1, faults: .init(drops: 1))
        try await withTestEngine(backends: [backend]) { flow in
            let say = flow.executableTask("say") { "anything" }()
            try await until { backend.eventCount == 3 }
            #expect(say.state == .running)
            #expect(say.cancel())
            let state = await say.finalState
            #expect(state == .cancelled)
        }
    }

    @Test("results that are held back come in another order")
    func reorder() async throws {
        let backend = ScriptedBackend(seed: 1, faults: .init(reorders: 1))
        let gate = Gate()
        try await withTestEngine(backends: [backend]) { flow in
            let wait = flow.functionTask("wait") { (number: Int) async throws -> Int in
                if number < 3 { return number }
                try await gate.wait()
                return number
            }
            let last = wait(3)
            try await until { backend.eventCount == 2 }
            let futures = [wait(1), wait(2), last]
            try await until { backend.eventCount == 8 }
            #expect(futures.allSatisfy { !$0.state.isTerminal })
            gate.open()
            let values = try await futures.values()
            #expect(values == [1, 2, 3])
        }
    }

    private func until(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }
}
