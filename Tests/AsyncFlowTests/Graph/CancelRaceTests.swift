import TestSupport
import AsyncFlow
import Testing

@Suite("Races between cancelling and finishing", .timeLimit(.minutes(1)))
struct CancelRaceTests {
    @Test("whoever is first wins, and everybody agrees who that was", arguments: Seeds.some(2), [false, true])
    func cancelAgainstFinish(seed: UInt64, isAsync: Bool) async throws {
        var random = SeededRandom(seed: seed)
        try await withTestEngine { flow in
            let synchronous = flow.functionTask("sync") { (spins: Int) in
                var value = 0
                for spin in 0..<spins { value &+= spin }
                return value
            }
            let asynchronous = flow.functionTask("async") { (spins: Int) in
                for _ in 0..<(spins / 100) { await Task.yield() }
                return spins
            }
            let after = flow.functionTask("after") { (value: Int) in value }
            for _ in 0..<2_000 {
                let spins = Int.random(in: 0..<400, using: &random)
                let future = (isAsync ? asynchronous : synchronous)(spins)
                let next = after(future)
                async let cancelled = [future.cancel(), future.cancel()]
                let won = await cancelled
                let result = await future.result
                #expect(won[1] == false)
                switch result {
                case .success: #expect(!won[0], "seed \(seed): cancel() won, but there is a value")
                case .failure(let error): #expect(won[0] && error is TaskCancelledError, "seed \(seed): \(error)")
                }
                #expect(await next.finalState == future.state, "seed \(seed)")
            }
        }
    }

    @Test("of many cancellers at the same time one wins, at most")
    func manyCancellers() async throws {
        try await withTestEngine { flow in
            let task = flow.functionTask("task") { await Task.yield() }
            for _ in 0..<300 {
                let future = task()
                let winners = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<8 { group.addTask { future.cancel() } }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                let state = await future.finalState
                #expect(winners == (state == .cancelled ? 1 : 0))
            }
        }
    }

    @Test("dependencies that are cancelled, fail and end at the same time end their dependent once")
    func dependenciesAtOnce() async throws {
        try await withTestEngine { flow in
            let work = flow.functionTask("work") { (fails: Bool) throws -> Int in
                if fails { throw TestError() }
                return 1
            }
            let slow = flow.functionTask("slow") { () async -> Int in
                await Task.yield()
                return 1
            }
            let ends = Gauge()
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            for round in 0..<1_000 {
                let inputs = [work(round % 3 == 0), slow(), work(false), slow()]
                let future = sum(inputs)
                future.onCompletion { _ in ends.up() }
                if round % 2 == 0 { inputs[1].cancel() }
                _ = await future.result
            }
            await flow.waitUntilIdle()
            #expect(ends.total == 1_000)
        }
    }

    @Test("cancelling a block races with its members being made and ending", arguments: Seeds.some(3))
    func blockRace(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        try await withTestEngine { flow async throws in
            let member = flow.functionTask("member") { (value: Int) in
                if value % 2 == 0 { await Task.yield() }
                return value
            }
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            let block = flow.block("block") { (count: Int) in
                try await sum((0..<count).map { member(member($0)) }).value
            }
            for _ in 0..<300 {
                let count = Int.random(in: 0..<30, using: &random)
                let future = block(count)
                for _ in 0..<Int.random(in: 0..<6, using: &random) { await Task.yield() }
                let won = future.cancel()
                let state = await future.finalState
                #expect(state == (won ? .cancelled : .done), "seed \(seed)")
                if !won { #expect(try await future.value == count * (count - 1) / 2) }
            }
            await flow.waitUntilIdle()
            await flow.waitUntilIdle()  // the count follows the end by a moment
            #expect(flow.liveTaskCount == 0)
        }
    }
}
