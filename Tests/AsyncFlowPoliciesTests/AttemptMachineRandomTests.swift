import TestSupport
import Testing

@testable import AsyncFlowPolicies

/// Plays the engine for an ``AttemptMachine``: does what it says, remembers what it said, and sends it events that may
/// come at that time, and others that come late.
private struct AttemptModel {
    var machine: AttemptMachine
    let policies: TaskPolicies
    var random: SeededRandom
    var now = Duration.zero

    var starts: [Duration] = []
    var ends = 0
    /// The attempt whose body exists, queued or running.
    var body: Int?
    var bodyRuns = false
    var fallbackRuns = false
    var watch: (attempt: Int, until: Duration)?
    var pause: (attempt: Int, until: Duration)?
    var lastFailure: Duration?
    var isCancelled = false
    var deadlineFired = false
    var problems: [String] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var policies = TaskPolicies()
        if random.chance(0.8) {
            let backoffs: [Backoff] = [.none, .constant(.seconds(3)), .linear(), .exponential]
            let jitters: [Jitter] = [.none, .equal, .full]
            policies.retry = RetryPolicy(
                maximumRetries: .random(in: 0...5, using: &random), backoff: backoffs.randomElement(using: &random)!,
                jitter: jitters.randomElement(using: &random)!)
        }
        if random.chance(0.5) { policies.timeout = .seconds(Int.random(in: 1...10, using: &random)) }
        if random.chance(0.5) { policies.deadline = .seconds(Int.random(in: 1...60, using: &random)) }
        self.policies = policies
        machine = AttemptMachine(policies, hasFallback: random.chance(0.3), created: .zero)
    }

    private mutating func expect(_ condition: Bool, _ text: String) {
        if !condition { problems.append("at \(now): \(text)") }
    }

    private var retries: Int { policies.retry?.maximumRetries ?? 0 }

    /// Lets one event happen: most often one that makes sense now, sometimes any.
    mutating func happen() {
        now += .milliseconds(Int.random(in: 0...3000, using: &random))
        let chance = Double.random(in: 0..<1, using: &random)
        let value = Double.random(in: 0..<1, using: &random)
        let isLate = random.chance(0.2)
        let attempt = isLate ? Int.random(in: 0...retries + 2, using: &random) : max(1, machine.attempt)
        switch Int.random(in: 0...11, using: &random) {
        case 0, 1: act(machine.ready(at: now), "ready")
        case 2, 3:
            if body == attempt { bodyRuns = true }
            act(machine.attemptStarted(attempt, at: now), "started \(attempt)")
        case 4, 5, 6:
            // A body ends once; a body that doesn't exist can't.
            guard let ended = body else { return }
            body = nil
            bodyRuns = false
            lastFailure = now
            if chance < 0.2 {
                act(machine.attemptSucceeded(ended, at: now, random: value), "succeeded \(ended)")
            } else if chance < 0.3 {
                act(machine.attemptCancelled(ended, at: now, random: value), "stopped itself \(ended)")
            } else {
                let failed = machine.attemptFailed(
                    ended, TestError(), canRetry: chance < 0.9, at: now, random: value)
                act(failed, "failed \(ended)")
            }
        case 7:
            if let watch, now >= watch.until || isLate {
                act(machine.timeoutFired(watch.attempt, canRetry: chance < 0.8), "timeout \(watch.attempt)")
            }
        case 8:
            if let deadline = machine.deadlineTime, now >= deadline {
                deadlineFired = true
                act(machine.deadlineFired(), "deadline")
            }
        case 9:
            if chance < 0.1 {
                isCancelled = isCancelled || !machine.isOver
                act(machine.cancelled(), "cancelled")
            }
        case 10: if let pause { act(machine.backoffOver(pause.attempt, at: now), "backoff over \(pause.attempt)") }
        default:
            guard fallbackRuns else { return }
            fallbackRuns = false
            act(chance < 0.5 ? machine.fallbackSucceeded() : machine.fallbackFailed(), "fallback")
        }
    }

    /// Brings the task to its end: everything that is under way ends, everything that is waited for comes.
    mutating func finish() {
        for _ in 0..<100 where !machine.isOver {
            now += .seconds(600)
            act(machine.ready(at: now), "ready")
            if let pause { act(machine.backoffOver(pause.attempt, at: now), "backoff over") }
            if let ended = body {
                (body, bodyRuns, lastFailure) = (nil, false, now)
                act(machine.attemptFailed(ended, TestError(), canRetry: true, at: now, random: 0), "failed")
            }
            if fallbackRuns {
                fallbackRuns = false
                act(machine.fallbackFailed(), "fallback")
            }
        }
        expect(machine.isOver && ends == 1, "it never ended, or more than once: \(ends)")
        for _ in 0..<20 {
            let (before, failures) = (ends, machine.failures.count)
            happen()
            expect(ends == before && machine.failures.count == failures, "something happened after the end")
        }
    }

    private mutating func act(_ action: AttemptMachine.Action, _ event: String) {
        let wasOver = ends > 0
        switch action {
        case .start(let attempt):
            starts.append(now)
            expect(attempt == starts.count, "attempt \(attempt) is number \(starts.count)")
            expect(attempt <= retries + 1, "attempt \(attempt) with \(retries) retries")
            expect(body == nil && !fallbackRuns, "two bodies at a time")
            expect(machine.deadlineTime.map { now < $0 } ?? true, "an attempt began after the deadline")
            expect(!isCancelled, "an attempt began after the cancellation")
            if attempt > 1, let lastFailure, let retry = policies.retry {
                let least = retry.pause(beforeRetry: attempt - 1, random: 0)
                expect(now - lastFailure >= least, "attempt \(attempt) after a pause of \(now - lastFailure)")
            }
            (body, bodyRuns, pause) = (attempt, false, nil)
        case .watch(let attempt, let until):
            expect(attempt == body && bodyRuns, "a timeout of an attempt that doesn't run")
            expect(until - now == policies.timeout, "a timeout of \(until - now)")
            watch = (attempt, until)
        case .interrupt(let attempt, let reason):
            expect(attempt == body, "attempt \(attempt) is interrupted, \(String(describing: body)) runs")
            if reason == .cancellation { expect(isCancelled, "a cancellation that nobody asked for") }
        case .wait(let until, let attempt):
            expect(attempt == starts.count + 1 && until > now && body == nil, "waits for \(attempt)")
            expect(machine.deadlineTime.map { until < $0 } ?? true, "waits beyond the deadline")
            pause = (attempt, until)
        case .runFallback:
            expect(body == nil && !isCancelled && !fallbackRuns, "a fallback at the wrong time")
            fallbackRuns = true
        case .interruptFallback: expect(isCancelled && fallbackRuns, "a fallback is interrupted")
        case .succeed, .fail, .cancel:
            ends += 1
            expect(body == nil && !fallbackRuns, "the task ended before its body, by \(event)")
            expect(ends == 1 && machine.isOver, "it ended \(ends) times, by \(event)")
            if isCancelled { expect(action == .cancel, "a cancelled task ended as \(action)") }
        case .nothing: return
        }
        expect(!wasOver, "\(event) did something after the end: \(action)")
    }
}

@Suite("The attempts of a task, at random")
struct AttemptMachineRandomTests {
    @Test("whatever happens, in whatever order, keeps the promises", arguments: Seeds.some(20))
    func invariants(seed: UInt64) {
        var seeds = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let own = seeds.next()
            var model = AttemptModel(seed: own)
            for _ in 0..<80 { model.happen() }
            model.finish()
            #expect(model.problems.isEmpty, "seed \(seed), sequence \(own)")
        }
    }
}
