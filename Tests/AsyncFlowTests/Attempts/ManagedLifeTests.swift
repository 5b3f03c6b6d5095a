import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowPolicies

/// A phase that only a test has.
private final class PhaseCell: PhaseHolder {
    var currentPhase = TaskPhase.waiting

    func step(_ event: (inout TaskPhase) -> TaskPhase.Action) -> TaskPhase.Action { event(&currentPhase) }
}

/// Plays the task, its queue, its bodies and its timers for a ``ManagedLife``: does what it says, sends it events that
/// may come at that time, and others that come late, and checks what a task must never do.
private struct LifeModel {
    private var life: ManagedLife
    private let phase = PhaseCell()
    private let retries: Int
    private var random: SeededRandom
    private var now = Duration.zero

    private enum Body: Equatable { case attempt(Int), fallback }

    private var isReady = false
    /// The attempts that were decided on and aren't in the queue yet.
    private var enqueuing: Int?
    private var queued: Int?
    private var body: Body?
    private var lastAttempt = 0
    private var hasBegun = false
    private var wasReturned = false
    /// What is being told.
    private var telling: AttemptMachine.Action?
    private var watch: Int?
    private var pause: Int?
    private var ends = 0
    private var wasCancelled = false
    private var lastBodySucceeded = false
    private(set) var problems: [String] = []
    private(set) var events: [String] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var policies = TaskPolicies()
        retries = random.chance(0.7) ? Int.random(in: 0...4, using: &random) : 0
        if retries > 0 {
            let backoff: Backoff = random.chance(0.5) ? .none : .constant(.seconds(3))
            policies.retry = RetryPolicy(maximumRetries: retries, backoff: backoff)
        }
        if random.chance(0.5) { policies.timeout = .seconds(Int.random(in: 1...10, using: &random)) }
        if random.chance(0.5) { policies.deadline = .seconds(Int.random(in: 1...60, using: &random)) }
        life = ManagedLife(AttemptMachine(policies, hasFallback: random.chance(0.4), created: .zero))
    }

    var isOver: Bool { ends > 0 }

    private mutating func expect(_ condition: Bool, _ text: String) {
        if !condition { problems.append("at \(now), after \(events.suffix(12)): \(text)") }
    }

    // MARK: - Events

    /// Lets one event happen: most often one that makes sense now, sometimes one that comes late.
    mutating func happen() {
        now += .milliseconds(Int.random(in: 0...2000, using: &random))
        switch Int.random(in: 0...15, using: &random) {
        case 0: becomeReady()
        case 1, 2: enqueue()
        case 3, 4: comeTurn(random.chance(0.2) ? Int.random(in: 0...retries + 2, using: &random) : queued ?? 0)
        case 5: if random.chance(0.2) { returnToQueue() } else { beginBody() }
        case 6, 7, 8: endBody(Double.random(in: 0..<1, using: &random))
        case 9: if let watch { fireTimeout(watch) }
        case 10: if let deadline = life.attempts.deadlineTime, deadline <= now { fireDeadline() }
        case 11: if let pause { endPause(pause) }
        case 12, 13: tell()
        case 14:
            guard random.chance(0.2) else { return }
            if random.chance(0.5) { cancel() } else { cancelUnlessBegun() }
        default:
            guard random.chance(0.1) else { return }
            if isReady { withdraw() } else { failDependency() }
        }
    }

    private mutating func becomeReady() {
        guard !isReady, phase.currentPhase == .waiting else { return }
        isReady = true
        note("ready")
        act(life.advance(phase, at: now) { [now] in $0.ready(at: now) })
    }

    private mutating func enqueue() {
        guard let number = enqueuing else { return }
        enqueuing = nil
        guard life.isQueued(number) else { return }
        note("enqueue \(number)")
        expect(queued == nil, "attempt \(number) is queued while \(queued ?? 0) is")
        queued = number
        if life.isObsolete(number) { queued = nil }
    }

    private mutating func comeTurn(_ number: Int) {
        if number == enqueuing { return }  // it isn't in the queue yet
        guard life.turnHasCome(number, phase) else {
            if queued == number { queued = nil }  // the scheduler takes back what isn't wanted
            return
        }
        note("turn of \(number)")
        expect(queued == number, "an attempt that isn't queued has its turn: \(number)")
        expect(body == nil, "attempt \(number) begins while a body runs")
        expect(number == lastAttempt + 1, "attempt \(number) follows attempt \(lastAttempt)")
        expect(number <= retries + 1, "attempt \(number) with \(retries) retries")
        expect(ends == 0, "attempt \(number) begins after the end")
        queued = nil
        lastAttempt = number
        hasBegun = false
        body = .attempt(number)
    }

    private mutating func beginBody() {
        guard body != nil else { return }
        let (announces, step) = life.bodyBegins(phase, at: now)
        if announces {
            note("begins")
            hasBegun = true
        }
        act(step)
    }

    /// The body was only run to look for a known outcome: once, before the first turn.
    private mutating func returnToQueue() {
        guard body == .attempt(1), !hasBegun, !wasReturned else { return }
        guard let number = life.returnToQueue(phase) else { return }
        note("back to the queue")
        expect(!wasCancelled, "a cancelled task goes back to the queue")
        (wasReturned, body, lastAttempt, enqueuing) = (true, nil, 0, number)
    }

    private mutating func endBody(_ chance: Double) {
        guard let ended = body else { return }
        body = nil
        watch = nil
        let attempt = life.bodyEnded()
        expect(attempt.map { .attempt($0) } ?? .fallback == ended, "\(ended) ended as that of \(attempt ?? 0)")
        note("\(ended) ends \(chance)")
        lastBodySucceeded = chance < 0.25
        let (now, value) = (now, Double.random(in: 0..<1, using: &random))
        act(
            life.advance(phase, at: now) { attempts in
                switch (attempt, chance) {
                case (let number?, ..<0.25): attempts.attemptSucceeded(number, at: now, random: value)
                case (let number?, ..<0.35): attempts.attemptCancelled(number, at: now, random: value)
                case (let number?, _):
                    attempts.attemptFailed(number, TestError(), canRetry: chance < 0.9, at: now, random: value)
                case (nil, ..<0.25): attempts.fallbackSucceeded()
                case (nil, ..<0.35): attempts.fallbackCancelled()
                case (nil, _): attempts.fallbackFailed()
                }
            })
    }

    private mutating func fireTimeout(_ number: Int) {
        note("timeout of \(number)")
        watch = nil
        let canRetry = random.chance(0.8)
        act(life.advance(phase, at: now) { $0.timeoutFired(number, canRetry: canRetry) })
    }

    private mutating func fireDeadline() {
        note("deadline")
        act(life.deadlineFired(phase, isResolved: isReady, at: now))
    }

    private mutating func endPause(_ number: Int) {
        note("pause before \(number) is over")
        pause = nil
        act(life.advance(phase, at: now) { [now] in $0.backoffOver(number, at: now) })
    }

    private mutating func tell() {
        guard let action = telling else { return }
        note("told")
        telling = nil
        act(life.told(action, phase, at: now))
    }

    private mutating func cancel() { carryOut(life.cancel(phase), "cancel") }

    private mutating func cancelUnlessBegun() {
        let isRunning = body != nil
        let action = life.cancelUnlessBegun(phase)
        expect(!isRunning || action == .nothing, "what runs was cancelled: \(action)")
        carryOut(action, "cancel unless begun")
    }

    private mutating func carryOut(_ action: TaskPhase.Action, _ event: String) {
        if action == .nothing { return }
        note(event)
        expect(ends == 0, "an ended task is cancelled")
        expect(!wasCancelled, "a task is cancelled twice")
        wasCancelled = true
        switch action {
        case .end: end()
        case .interrupt: expect(body != nil, "a body is interrupted that isn't there")
        case .endSoon: expect(telling != nil, "a task ends soon, but nothing is being told")
        default: expect(false, "a cancellation gives \(action)")
        }
    }

    private mutating func withdraw() {
        guard life.giveUp(phase) else { return }
        note("withdraw")
        expect(body == nil, "a task gives up while its body runs")
        end()
    }

    private mutating func failDependency() {
        guard phase.step({ $0.giveUp(as: .failed) }) == .end else { return }
        note("dependency fails")
        end()
    }

    // MARK: - Steps

    private mutating func note(_ event: String) { events.append(event) }

    private mutating func act(_ step: ManagedLife.Step) {
        if step.interruptsBody { expect(body != nil, "a body is interrupted that isn't there") }
        if let number = step.leavesQueue, queued == number { queued = nil }
        if step.tells {
            expect(telling == nil, "two things are being told at once")
            telling = step.action
            return
        }
        switch step.action {
        case .start(let number):
            expect(queued == nil && body == nil && enqueuing == nil, "attempt \(number) starts beside another")
            enqueuing = number
        case .watch(let number, let time):
            expect(time >= now, "a timeout in the past")
            watch = number
        case .wait(_, let number): pause = number  // over already, if telling took longer
        case .runFallback:
            expect(body == nil, "the fallback begins while a body runs")
            body = .fallback
        case .succeed:
            expect(lastBodySucceeded, "a task succeeds whose body hasn't")
            finish(as: .done)
        case .fail: if step.endsUnrun { end(as: .failed) } else { finish(as: .failed) }
        case .cancel: if step.endsUnrun { end(as: .cancelled) } else { finish(as: .cancelled) }
        case .interrupt, .interruptFallback, .nothing: break
        }
    }

    private mutating func finish(as end: TaskPhase) {
        expect(body == nil, "a task finishes while its body runs")
        let action = phase.step { $0.finish(as: end) }
        expect(action == (wasCancelled ? .dropOutcome : .keepOutcome), "finishing gives \(action)")
        self.end()
    }

    private mutating func end(as expected: TaskPhase? = nil) {
        if let expected {
            expect(phase.currentPhase == expected, "the phase is \(phase.currentPhase), not \(expected)")
        }
        expect(phase.currentPhase.isTerminal, "the task ends as \(phase.currentPhase)")
        ends += 1
        if let number = life.end(), queued == number { queued = nil }
        expect(queued == nil, "attempt \(queued ?? 0) stays in the queue")
        expect(body == nil, "a body runs after the end")
        expect(!wasCancelled || phase.currentPhase == .cancelled, "a cancelled task ends as \(phase.currentPhase)")
    }

    // MARK: - To the end

    /// Has everything come that is waited for, until the task has ended; then lets more happen, of which nothing may
    /// follow.
    mutating func finish() {
        for _ in 0..<200 where ends == 0 {
            now += .seconds(5)
            becomeReady()
            tell()
            if let pause { endPause(pause) }
            enqueue()
            if let queued { comeTurn(queued) }
            beginBody()
            endBody(0.5)
        }
        expect(ends == 1, "the task ended \(ends) times")
        expect(telling == nil, "something is being told after the end")
        let phaseAtEnd = phase.currentPhase
        for _ in 0..<20 { happen() }
        expect(ends == 1, "the task ended again")
        expect(phase.currentPhase == phaseAtEnd, "the phase changed after the end")
        expect(body == nil && queued == nil, "something begins after the end")
    }
}

@Suite("The life of a task with attempts")
struct ManagedLifeTests {
    @Test("whatever happens, it ends once, nothing of it stays behind, and no two bodies run at once")
    func staysInOrder() {
        var random = SeededRandom(seed: TestRun.seed)
        for _ in 0..<20_000 {
            let seed = random.next()
            var model = LifeModel(seed: seed)
            for _ in 0..<Int.random(in: 0...60, using: &random) where !model.isOver { model.happen() }
            model.finish()
            guard let problem = model.problems.first else { continue }
            Issue.record("life \(seed) of ASYNCFLOW_FUZZ_SEED=\(TestRun.seed): \(problem)")
            return
        }
    }

    @Test("an attempt that is interrupted in the queue leaves it")
    func leavesQueue() {
        var policies = TaskPolicies()
        policies.deadline = .seconds(10)
        let phase = PhaseCell()
        var life = ManagedLife(AttemptMachine(policies, hasFallback: false, created: .zero))
        _ = life.advance(phase, at: .zero) { $0.ready(at: .zero) }
        #expect(life.isQueued(1))
        let step = life.deadlineFired(phase, isResolved: true, at: .seconds(10))
        #expect(step.leavesQueue == 1)
        #expect(step.action == .fail(.deadline))
        #expect(step.endsUnrun)
        #expect(phase.currentPhase == .failed)
    }

    @Test("a cancellation while an attempt's failure is told ends the task when it has been told")
    func cancelledWhileTelling() {
        var policies = TaskPolicies()
        policies.retry = RetryPolicy(maximumRetries: 2)
        let phase = PhaseCell()
        var life = ManagedLife(AttemptMachine(policies, hasFallback: false, created: .zero))
        _ = life.advance(phase, at: .zero) { $0.ready(at: .zero) }
        let begins = life.turnHasCome(1, phase)
        #expect(begins)
        _ = life.bodyBegins(phase, at: .zero)
        let ended = life.bodyEnded()
        #expect(ended == 1)
        let failed = life.advance(phase, at: .zero) {
            $0.attemptFailed(1, TestError(), canRetry: true, at: .zero, random: 0)
        }
        #expect(failed.tells)
        let cancelled = life.cancel(phase)
        #expect(cancelled == .endSoon)
        let told = life.told(failed.action, phase, at: .zero)
        #expect(told.action == .cancel)
        #expect(told.endsUnrun)
        #expect(phase.currentPhase == .cancelled)
    }
}
