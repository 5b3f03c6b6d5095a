import NIOConcurrencyHelpers
import Testing

@testable import AsyncFlowInference

@Suite("Limits of what is asked")
struct LimitMachineTests {
    private static func guess(_ tokens: Int) -> TokenGuess { TokenGuess(prompt: tokens, answer: 0) }

    private func machine(_ limits: InferenceLimits, tokens: [Int]) -> LimitMachine {
        var machine = LimitMachine(limits)
        for (id, count) in tokens.enumerated() { machine.arrived(id, Self.guess(count)) }
        return machine
    }

    @Test("nothing waits without limits")
    func unlimited() {
        var machine = machine(InferenceLimits(), tokens: [1, 2, 3])
        #expect(machine.step(now: 0) == .admit([0, 1, 2]))
        #expect(machine.step(now: 0) == .idle)
    }

    @Test("only so many are under way, in the order of their coming")
    func concurrent() {
        var machine = machine(InferenceLimits(concurrentRequests: 2), tokens: [0, 0, 0, 0])
        #expect(machine.step(now: 0) == .admit([0, 1]))
        #expect(machine.step(now: 0) == .idle)
        machine.ended(1, nil)
        #expect(machine.step(now: 0) == .admit([2]))
        #expect(machine.gaveUp(3) && !machine.gaveUp(3) && !machine.gaveUp(0))
        machine.ended(0, nil)
        #expect(machine.step(now: 0) == .idle)
    }

    @Test("only so many are sent in any minute")
    func requests() {
        var machine = machine(InferenceLimits(requestsPerMinute: 2), tokens: [0, 0, 0])
        #expect(machine.step(now: 10) == .admit([0, 1]))
        #expect(machine.step(now: 11) == .wait(until: 70))
        machine.ended(0, nil)
        machine.ended(1, nil)
        #expect(machine.step(now: 69.9) == .wait(until: 70))
        #expect(machine.step(now: 70) == .admit([2]))
    }

    @Test("tokens count as guessed, and then as they were")
    func tokens() {
        var machine = machine(InferenceLimits(tokensPerMinute: 100), tokens: [60, 60, 500])
        #expect(machine.step(now: 0) == .admit([0]))
        #expect(machine.step(now: 1) == .wait(until: 60))
        machine.ended(0, TokenCount(prompt: 40, answer: 0))
        #expect(machine.step(now: 2) == .admit([1]))
        // What is more than everything goes alone.
        #expect(machine.step(now: 60) == .wait(until: 62))
        #expect(machine.step(now: 62) == .admit([2]))
    }

    @Test("those with a higher priority go first, and among equals those that came first")
    func priorities() {
        var machine = LimitMachine(InferenceLimits(concurrentRequests: 1))
        for (id, priority) in [0, 5, -3, 5, 0].enumerated() { machine.arrived(id, Self.guess(0), priority: priority) }
        let hasGivenUp = machine.gaveUp(4)
        #expect(hasGivenUp)
        var order: [Int] = []
        while case .admit(let ids) = machine.step(now: 0) {
            order += ids
            for id in ids { machine.ended(id, nil) }
        }
        #expect(order == [1, 3, 0, 2])
        #expect(machine.step(now: 0) == .idle)
    }

    @Test("a budget isn't exceeded; what may still fit waits for those that are under way")
    func budget() {
        var machine = machine(InferenceLimits(totalTokens: 100), tokens: [60, 60, 10])
        #expect(machine.step(now: 0) == .admit([0]))
        #expect(machine.step(now: 0) == .idle)
        machine.ended(0, TokenCount(prompt: 30, answer: 0))
        #expect(machine.step(now: 0) == .admit([1, 2]))
        machine.ended(1, TokenCount(prompt: 65, answer: 0))
        machine.ended(2, nil)
        machine.arrived(3, Self.guess(5))
        machine.arrived(4, Self.guess(6))
        #expect(machine.step(now: 0) == .admit([3]))
        #expect(machine.step(now: 0) == .refuse([4]))
        #expect(machine.usedTokens == 95)
        machine.ended(3, TokenCount(prompt: 5, answer: 0))
        machine.arrived(5, Self.guess(1))
        #expect(machine.step(now: 0) == .refuse([5]))
    }

    @Test("an answer that nothing limits is expected to be as long as those before")
    func expectation() {
        var machine = LimitMachine(InferenceLimits(totalTokens: 5000))
        let guess = TokenGuess(prompt: 10, answer: nil)
        #expect(machine.expected(guess) == 1034 && machine.expected(TokenGuess(prompt: 10, answer: 7)) == 17)
        for id in 0..<5 { machine.arrived(id, guess) }
        #expect(machine.step(now: 0) == .admit([0, 1, 2, 3]))
        machine.ended(0, TokenCount(prompt: 10, answer: 200))
        #expect(machine.expected(guess) == 210)
        #expect(machine.step(now: 0) == .admit([4]))
        machine.ended(1, TokenCount(prompt: 10, answer: 1000))
        #expect(machine.expected(guess) == 310)
        // What has a limit says nothing about what has none.
        machine.ended(2, nil)
        machine.ended(3, nil)
        machine.ended(4, nil)
        machine.arrived(5, TokenGuess(prompt: 10, answer: 100))
        #expect(machine.step(now: 0) == .admit([5]))
        machine.ended(5, TokenCount(prompt: 10, answer: 3))
        #expect(machine.expected(guess) == 310 && machine.usedTokens == 1233)
    }

    @Test("as long as nothing is known of answers, one goes alone where the budget is small")
    func alone() {
        var machine = LimitMachine(InferenceLimits(totalTokens: 100))
        for id in 0..<3 { machine.arrived(id, TokenGuess(prompt: 10, answer: nil)) }
        #expect(machine.step(now: 0) == .admit([0]))
        #expect(machine.step(now: 0) == .idle)
        machine.ended(0, TokenCount(prompt: 10, answer: 40))
        #expect(machine.step(now: 0) == .admit([1]))
        machine.ended(1, TokenCount(prompt: 10, answer: 40))
        #expect(machine.step(now: 0) == .refuse([2]))
    }

    @Test("numbers without end are as good as the greatest ones")
    func saturated() {
        var machine = machine(InferenceLimits(tokensPerMinute: .max, totalTokens: .max), tokens: [.max, .max])
        machine.arrived(2, TokenGuess(prompt: .min, answer: .max))
        #expect(machine.step(now: 0) == .admit([0, 1, 2]))
        for id in 0..<3 { machine.ended(id, TokenCount(prompt: .max, answer: .max)) }
        #expect(machine.usedTokens == 6_000_000_000_000)
    }

    @Test("the order is that of a sorted list, whatever comes and goes", arguments: 1...5)
    func backlog(run: Int) {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed)
        var backlog = Backlog()
        var expected: [(id: Int, priority: Int)] = []
        for id in 0..<3000 {
            let priority = Int.random(in: -2...2, using: &generator)
            backlog.append(id, TokenGuess(prompt: id * 2, answer: nil), priority: priority)
            expected.insert((id, priority), at: expected.firstIndex { $0.priority < priority } ?? expected.endIndex)
            if Int.random(in: 0..<4, using: &generator) == 0 {
                let gone = Int.random(in: 0...id, using: &generator)
                let waited = expected.contains { $0.id == gone }
                let removed = backlog.remove(gone)
                #expect(removed == waited, "seed \(seed)")
                expected.removeAll { $0.id == gone }
            }
            if Int.random(in: 0..<5, using: &generator) < 2, !expected.isEmpty {
                let first = backlog.first()
                #expect(first?.id == expected[0].id && first?.guess.prompt == expected[0].id * 2, "seed \(seed)")
                backlog.removeFirst()
                expected.removeFirst()
            }
            #expect(backlog.isEmpty == expected.isEmpty, "seed \(seed)")
        }
    }

    @Test("at any time no more are under way and sent than allowed, whatever happens")
    func random() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed)
        let limits = InferenceLimits(concurrentRequests: 3, requestsPerMinute: 5, tokensPerMinute: 200)
        var machine = LimitMachine(limits)
        var (now, next) = (0.0, 0)
        var running: [Int] = []
        var sent: [(id: Int, time: Double, tokens: Int)] = []
        var tokens: [Int: Int] = [:]
        for _ in 0..<2000 {
            now += Double.random(in: 0...5, using: &generator)
            if Bool.random(using: &generator) {
                tokens[next] = Int.random(in: 0...90, using: &generator)
                machine.arrived(next, Self.guess(tokens[next]!))
                next += 1
            }
            if !running.isEmpty, Bool.random(using: &generator) {
                let id = running.removeFirst()
                let count = Int.random(in: 0...1, using: &generator) == 0 ? nil : tokens[id]! / 2
                machine.ended(id, count.map { TokenCount(prompt: $0, answer: 0) })
                if let count, let index = sent.firstIndex(where: { $0.id == id }) { sent[index].tokens = count }
            }
            while case .admit(let ids) = machine.step(now: now) {
                running += ids
                sent += ids.map { ($0, now, tokens[$0]!) }
            }
            sent.removeAll { $0.time + 60 <= now }
            #expect(running.count <= 3 && sent.count <= 5, "seed \(seed)")
            #expect(sent.reduce(0) { $0 + $1.tokens } <= 200, "seed \(seed)")
        }
    }
}

@Suite("Waiting for one's turn", .timeLimit(.minutes(1)))
struct RequestGateTests {
    private static func guess(_ tokens: Int) -> TokenGuess { TokenGuess(prompt: tokens, answer: 0) }

    @Test("time passes for those who wait for the next minute")
    func minute() async throws {
        let clock = NIOLockedValueBox(0.0)
        let pauses = NIOLockedValueBox<[Duration]>([])
        let gate = RequestGate(
            InferenceLimits(requestsPerMinute: 1), now: { clock.withLockedValue { $0 } },
            sleep: { pause in
                pauses.withLockedValue { $0.append(pause) }
                clock.withLockedValue { $0 += pause / .seconds(1) }
            })
        for number in 1...3 { #expect(try await gate.pass(Self.guess(0)) { (number, nil) } == number) }
        #expect(pauses.withLockedValue { $0 } == [.seconds(60), .seconds(60)])
    }

    @Test("what the budget doesn't allow isn't sent, and the error says so")
    func budget() async throws {
        let gate = RequestGate(InferenceLimits(totalTokens: 100))
        try await gate.pass(Self.guess(10)) { ((), TokenCount(prompt: 30, answer: 40)) }
        let error = await #expect(throws: InferenceError.self) { try await gate.pass(Self.guess(31)) { ((), nil) } }
        #expect(error?.code == .budgetExhausted)
        #expect(error?.message.contains("100 tokens, of which 70 are used up") == true)
        #expect(try await gate.pass(Self.guess(30)) { (1, nil) } == 1)
    }

    @Test("who is cancelled while waiting leaves the queue, and the next one goes")
    func cancelled() async throws {
        let gate = RequestGate(InferenceLimits(concurrentRequests: 1))
        try await gate.pass(Self.guess(0)) {
            let waiting = Task { try await gate.pass(Self.guess(0)) { ((), nil) } }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            return ((), nil)
        }
        #expect(try await gate.pass(Self.guess(0)) { (1, nil) } == 1)
    }
}

@Suite("Several servers of one model")
struct EndpointPoolTests {
    @Test("the one with the least to do is chosen")
    func balance() {
        var pool = EndpointPool(count: 3)
        let first = (0..<4).map { _ in pool.choose(now: 0, avoiding: []) }
        #expect(first == [0, 1, 2, 0])
        pool.succeeded(1)
        #expect(pool.choose(now: 0, avoiding: []) == 1)
    }

    @Test("one that fails rests, longer each time, until it works")
    func rest() {
        var pool = EndpointPool(count: 2)
        let first = pool.choose(now: 0, avoiding: [])
        pool.failed(first, now: 0)
        #expect(pool.hasAlternative(now: 0, to: [0]) && !pool.hasAlternative(now: 0, to: [0, 1]))
        #expect((0..<3).map { _ in pool.choose(now: 0.5, avoiding: []) } == [1, 1, 1])
        #expect(pool.choose(now: 1, avoiding: []) == 0)
        pool.failed(0, now: 1)
        #expect(pool.choose(now: 2.9, avoiding: []) == 1)
        #expect(pool.choose(now: 3, avoiding: []) == 0)
        pool.succeeded(0)
        #expect(pool.choose(now: 3, avoiding: [0, 1]) == 0)
    }
}
