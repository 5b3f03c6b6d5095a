import TestSupport
import AsyncFlowBase
import Testing

@testable import AsyncFlowPolicies

@Suite("Pauses before retries")
struct BackoffTests {
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let backoff: Backoff
        let pauses: [Duration]

        init(_ description: String, _ backoff: Backoff, _ pauses: [Duration]) {
            (self.description, self.backoff, self.pauses) = (description, backoff, pauses)
        }
    }

    static let rows: [Row] = [
        Row("none", .none, [.zero, .zero, .zero]),
        Row("constant", .constant(.milliseconds(250)), [.milliseconds(250), .milliseconds(250)]),
        Row("linear", .linear(), [.seconds(1), .seconds(2), .seconds(3)]),
        Row(
            "linear with a maximum",
            .linear(initial: .seconds(1), increment: .milliseconds(100), maximum: .milliseconds(1150)),
            [.seconds(1), .milliseconds(1100), .milliseconds(1150), .milliseconds(1150)]),
        Row(
            "linear without an increment", .linear(initial: .seconds(2), increment: .zero), [.seconds(2), .seconds(2)]),
        Row("exponential", .exponential, [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]),
        Row(
            "exponential with a maximum",
            .exponential(initial: .milliseconds(100), factor: 3, maximum: .seconds(2)),
            [.milliseconds(100), .milliseconds(300), .milliseconds(900), .seconds(2), .seconds(2)]),
        Row("exponential from zero", .exponential(initial: .zero), [.zero, .zero]),
        Row("exponential with factor 1", .exponential(initial: .seconds(3), factor: 1), [.seconds(3), .seconds(3)]),
    ]

    @Test("each backoff gives the pauses that its name says", arguments: rows)
    func pauses(row: Row) {
        let pauses = (1...row.pauses.count).map { row.backoff.pause(beforeRetry: $0) }
        #expect(pauses == row.pauses)
    }

    @Test("no number of retries is too large", arguments: rows)
    func largeNumbers(row: Row) {
        for number in [100, 2_000, Int(Int32.max), .max] {
            let pause = row.backoff.pause(beforeRetry: number)
            #expect(pause >= row.pauses[0] && pause <= .seconds(300), "\(number)")
        }
        #expect(Backoff.exponential.pause(beforeRetry: .max) == .seconds(300))
        #expect(Backoff.exponential(initial: .zero).pause(beforeRetry: .max) == .zero)
    }

    @Test(
        "jitter leaves a share of the pause to chance",
        arguments: [
            (Jitter.none, 0.0, 8.0), (.none, 0.999, 8), (.full, 0, 0), (.full, 0.5, 4), (.full, 0.75, 6),
            (.equal, 0, 4), (.equal, 0.5, 6), (.proportion(0.25), 0, 6), (.proportion(0.25), 0.5, 7),
            (.proportion(0), 0.3, 8), (.proportion(1), 0.25, 2),
        ])
    func jitter(jitter: Jitter, random: Double, seconds: Double) {
        #expect(jitter.applied(to: .seconds(8), random: random) == .seconds(seconds))
        #expect(jitter.applied(to: .zero, random: random) == .zero)
    }

    @Test("a policy's pause is never longer than its backoff", arguments: Seeds.some(10))
    func pauseOfPolicy(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1000 {
            let share = Double.random(in: 0...1, using: &random)
            let policy = RetryPolicy(maximumRetries: 9, backoff: .exponential, jitter: .proportion(share))
            let number = Int.random(in: 1...20, using: &random)
            let pause = policy.pause(beforeRetry: number, random: .random(in: 0..<1, using: &random))
            let whole = policy.backoff.pause(beforeRetry: number)
            let least = whole.inSeconds * (1 - share)
            #expect(pause <= whole && pause.inSeconds >= least - 1e-8, "seed \(seed), share \(share), retry \(number)")
        }
    }

    @Test(
        "a pause that can't be is a problem that names it",
        arguments: [
            (Backoff.constant(.seconds(-1)), "the backoff's pause must be at least 0, got -1 s"),
            (.linear(increment: .seconds(-2)), "the backoff's increment must be at least 0, got -2 s"),
            (.exponential(factor: 0.5), "the backoff's factor must be at least 1, got 0.5"),
            (.exponential(factor: .nan), "the backoff's factor must be at least 1, got nan"),
            (.exponential(factor: .infinity), "the backoff's factor must be at least 1, got inf"),
            (
                .exponential(initial: .seconds(10), maximum: .seconds(1)),
                "the backoff's maximum must be at least its first pause of 10 s, got 1 s"
            ),
        ])
    func problem(backoff: Backoff, problem: String) {
        #expect(backoff.problem == problem)
        for number in [1, 2, 3, .max] { _ = backoff.pause(beforeRetry: number) }  // and stops no program
    }

    @Test("a share that isn't one is a problem", arguments: [-0.1, 1.1, .nan, .infinity])
    func problem(share: Double) {
        #expect(Jitter.proportion(share).problem == "the jitter's share of the pause must be from 0 to 1, got \(share)")
    }

    @Test("what is right has no problem", arguments: rows)
    func noProblem(row: Row) {
        #expect(row.backoff.problem == nil)
        #expect(Jitter.full.problem == nil && Jitter.none.problem == nil && Jitter.equal.problem == nil)
    }
}
