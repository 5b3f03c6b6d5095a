import TestSupport
import AsyncFlowBase
import Testing

@testable import AsyncFlowPolicies

@Suite("The attempts of a task as a state machine")
struct AttemptMachineTests {
    typealias Action = AttemptMachine.Action

    /// One thing that happens to a task; times in seconds.
    enum Event: Sendable {
        case ready(at: Int)
        case started(Int, at: Int)
        case succeeded(Int, at: Int)
        case failed(Int, at: Int, canRetry: Bool = true, random: Double = 0)
        case stoppedItself(Int, at: Int)
        case timeout(Int, canRetry: Bool = true)
        case deadline
        case cancelled
        case backoffOver(Int, at: Int)
        case fallbackSucceeded, fallbackFailed, fallbackCancelled

        func apply(to machine: inout AttemptMachine) -> Action {
            switch self {
            case .ready(let time): machine.ready(at: .seconds(time))
            case .started(let attempt, let time): machine.attemptStarted(attempt, at: .seconds(time))
            case .succeeded(let attempt, let time):
                machine.attemptSucceeded(attempt, at: .seconds(time), random: 0)
            case .failed(let attempt, let time, let canRetry, let random):
                machine.attemptFailed(
                    attempt, TestError("failure \(attempt)"), canRetry: canRetry, at: .seconds(time), random: random)
            case .stoppedItself(let attempt, let time):
                machine.attemptCancelled(attempt, at: .seconds(time), random: 0)
            case .timeout(let attempt, let canRetry): machine.timeoutFired(attempt, canRetry: canRetry)
            case .deadline: machine.deadlineFired()
            case .cancelled: machine.cancelled()
            case .backoffOver(let attempt, let time): machine.backoffOver(attempt, at: .seconds(time))
            case .fallbackSucceeded: machine.fallbackSucceeded()
            case .fallbackFailed: machine.fallbackFailed()
            case .fallbackCancelled: machine.fallbackCancelled()
            }
        }
    }

    /// What happens to a task, and what each event leads to.
    struct Story: Sendable, CustomStringConvertible {
        let description: String
        var policies = TaskPolicies()
        var hasFallback = false
        let steps: [(Event, Action)]
        /// What the attempts failed with, in the end.
        let failures: [String]

        init(
            _ description: String, retries: Int? = nil, backoff: Backoff = .none, jitter: Jitter = .none,
            timeout: Int? = nil, deadline: Int? = nil, fallback: Bool = false, _ steps: [(Event, Action)],
            failures: [String] = []
        ) {
            self.description = description
            policies.retry = retries.map { RetryPolicy(maximumRetries: $0, backoff: backoff, jitter: jitter) }
            policies.timeout = timeout.map { .seconds($0) }
            policies.deadline = deadline.map { .seconds($0) }
            hasFallback = fallback
            self.steps = steps
            self.failures = failures
        }
    }

    static let begun: [(Event, Action)] = [(.ready(at: 0), .start(attempt: 1)), (.started(1, at: 0), .nothing)]

    static let plain: [Story] = [
        Story("a value", begun + [(.succeeded(1, at: 1), .succeed)]),
        Story("a failure without retries", begun + [(.failed(1, at: 1), .fail(.attempt))], failures: ["failure 1"]),
        Story("a body that cancels itself", retries: 3, begun + [(.stoppedItself(1, at: 1), .cancel)]),
        Story("a value before the backend said that it began", [begun[0], (.succeeded(1, at: 1), .succeed)]),
        Story(
            "a backend that can't begin, and can the second time", retries: 1,
            [
                begun[0], (.failed(1, at: 1), .start(attempt: 2)), (.started(2, at: 1), .nothing),
                (.succeeded(2, at: 1), .succeed),
            ], failures: ["failure 1"]),
        Story(
            "a retry at once", retries: 1,
            begun + [
                (.failed(1, at: 1), .start(attempt: 2)), (.started(2, at: 2), .nothing),
                (.succeeded(2, at: 3), .succeed),
            ], failures: ["failure 1"]),
        Story(
            "retries that are used up", retries: 1,
            begun + [
                (.failed(1, at: 1), .start(attempt: 2)), (.started(2, at: 2), .nothing),
                (.failed(2, at: 3), .fail(.attempt)),
            ], failures: ["failure 1", "failure 2"]),
        Story(
            "a failure that isn't retried", retries: 5, begun + [(.failed(1, at: 1, canRetry: false), .fail(.attempt))],
            failures: ["failure 1"]),
        Story(
            "pauses that grow", retries: 2, backoff: .exponential,
            begun + [
                (.failed(1, at: 10), .wait(until: .seconds(11), attempt: 2)),
                (.backoffOver(2, at: 11), .start(attempt: 2)), (.started(2, at: 11), .nothing),
                (.failed(2, at: 20), .wait(until: .seconds(22), attempt: 3)),
                (.backoffOver(3, at: 22), .start(attempt: 3)), (.started(3, at: 30), .nothing),
                (.succeeded(3, at: 31), .succeed),
            ], failures: ["failure 1", "failure 2"]),
        Story(
            "a pause with jitter", retries: 1, backoff: .constant(.seconds(8)), jitter: .full,
            begun + [(.failed(1, at: 10, random: 0.25), .wait(until: .seconds(12), attempt: 2))],
            failures: ["failure 1"]),
        Story(
            "an alarm that comes too early", retries: 1, backoff: .constant(.seconds(8)),
            begun + [
                (.failed(1, at: 0), .wait(until: .seconds(8), attempt: 2)),
                (.backoffOver(2, at: 7), .wait(until: .seconds(8), attempt: 2)),
                (.backoffOver(2, at: 8), .start(attempt: 2)),
            ], failures: ["failure 1"]),
    ]

    static let timed: [(Event, Action)] = [
        (.ready(at: 0), .start(attempt: 1)), (.started(1, at: 3), .watch(attempt: 1, until: .seconds(8))),
    ]

    static let timeouts: [Story] = [
        Story("a value in time", timeout: 5, timed + [(.succeeded(1, at: 7), .succeed), (.timeout(1), .nothing)]),
        Story(
            "a timeout", timeout: 5,
            timed + [
                (.timeout(1), .interrupt(attempt: 1, because: .timeout)), (.stoppedItself(1, at: 9), .fail(.attempt)),
            ], failures: ["timed out after 5 s"]),
        Story(
            "a value after the timeout", timeout: 5,
            timed + [
                (.timeout(1), .interrupt(attempt: 1, because: .timeout)), (.succeeded(1, at: 9), .fail(.attempt)),
            ], failures: ["timed out after 5 s"]),
        Story(
            "a timeout, and then a value", retries: 2, timeout: 5,
            timed + [
                (.timeout(1), .interrupt(attempt: 1, because: .timeout)),
                (.failed(1, at: 9, canRetry: false), .start(attempt: 2)),
                (.started(2, at: 10), .watch(attempt: 2, until: .seconds(15))),
                (.timeout(1), .nothing), (.succeeded(2, at: 12), .succeed),
            ], failures: ["timed out after 5 s (attempt 1 of 3)"]),
        Story(
            "a timeout that isn't retried", retries: 2, timeout: 5,
            timed + [
                (.timeout(1, canRetry: false), .interrupt(attempt: 1, because: .timeout)),
                (.failed(1, at: 9), .fail(.attempt)),
            ], failures: ["timed out after 5 s (attempt 1 of 3)"]),
        Story("a timeout before the body begins", timeout: 5, [timed[0], (.timeout(1), .nothing)]),
        Story(
            "a timeout that fires twice", retries: 1, timeout: 5,
            timed + [(.timeout(1), .interrupt(attempt: 1, because: .timeout)), (.timeout(1), .nothing)]),
    ]

    static let deadlines: [Story] = [
        Story("a deadline before the dependencies are there", deadline: 5, [(.deadline, .fail(.deadline))]),
        Story(
            "dependencies after the deadline", deadline: 5, [(.ready(at: 5), .fail(.deadline)), (.deadline, .nothing)]),
        Story(
            "a deadline while an attempt is queued", deadline: 5,
            [
                begun[0], (.deadline, .interrupt(attempt: 1, because: .deadline)), (.started(1, at: 6), .nothing),
                (.stoppedItself(1, at: 6), .fail(.deadline)),
            ], failures: ["not done within its deadline of 5 s (it hadn't begun)"]),
        Story(
            "a deadline while an attempt runs", retries: 3, deadline: 5,
            begun + [
                (.deadline, .interrupt(attempt: 1, because: .deadline)), (.deadline, .nothing),
                (.failed(1, at: 6), .fail(.deadline)), (.succeeded(1, at: 7), .nothing),
            ], failures: ["not done within its deadline of 5 s (1 attempt)"]),
        Story(
            "a value after the deadline", deadline: 5,
            begun + [
                (.deadline, .interrupt(attempt: 1, because: .deadline)), (.succeeded(1, at: 6), .fail(.deadline)),
            ], failures: ["not done within its deadline of 5 s (1 attempt)"]),
        Story(
            "a body that begins when the deadline is over", deadline: 5,
            [begun[0], (.started(1, at: 5), .interrupt(attempt: 1, because: .deadline))]),
        Story(
            "a retry that doesn't fit any more", retries: 3, backoff: .constant(.seconds(3)), deadline: 5,
            begun + [(.failed(1, at: 2), .fail(.attempt))], failures: ["failure 1"]),
        Story(
            "a retry that just fits", retries: 3, backoff: .constant(.seconds(3)), deadline: 5,
            begun + [
                (.failed(1, at: 1), .wait(until: .seconds(4), attempt: 2)),
                (.backoffOver(2, at: 4), .start(attempt: 2)),
            ], failures: ["failure 1"]),
        Story(
            "a pause whose end is noticed after the deadline", retries: 3, backoff: .constant(.seconds(3)), deadline: 5,
            begun + [
                (.failed(1, at: 1), .wait(until: .seconds(4), attempt: 2)), (.backoffOver(2, at: 5), .fail(.deadline)),
            ], failures: ["failure 1"]),
        Story(
            "a deadline in a pause", retries: 3, backoff: .constant(.seconds(3)), deadline: 5,
            begun + [
                (.failed(1, at: 1), .wait(until: .seconds(4), attempt: 2)), (.deadline, .fail(.deadline)),
                (.backoffOver(2, at: 6), .nothing),
            ], failures: ["failure 1"]),
        Story(
            "a deadline while an attempt is being stopped for its timeout", retries: 3, timeout: 4, deadline: 5,
            [
                begun[0], (.started(1, at: 0), .watch(attempt: 1, until: .seconds(4))),
                (.timeout(1), .interrupt(attempt: 1, because: .timeout)), (.deadline, .nothing),
                (.stoppedItself(1, at: 6), .fail(.deadline)),
            ], failures: ["not done within its deadline of 5 s (1 attempt)"]),
    ]

    static let cancellations: [Story] = [
        Story("cancelled before the dependencies are there", [(.cancelled, .cancel), (.ready(at: 1), .nothing)]),
        Story(
            "cancelled while queued",
            [
                begun[0], (.cancelled, .interrupt(attempt: 1, because: .cancellation)), (.cancelled, .nothing),
                (.stoppedItself(1, at: 1), .cancel),
            ]),
        Story(
            "cancelled while running, which isn't retried", retries: 3,
            begun + [(.cancelled, .interrupt(attempt: 1, because: .cancellation)), (.failed(1, at: 1), .cancel)]),
        Story(
            "a value in spite of it",
            begun + [(.cancelled, .interrupt(attempt: 1, because: .cancellation)), (.succeeded(1, at: 1), .cancel)]),
        Story(
            "cancelled in a pause", retries: 3, backoff: .exponential,
            begun + [
                (.failed(1, at: 1), .wait(until: .seconds(2), attempt: 2)), (.cancelled, .cancel),
                (.backoffOver(2, at: 2), .nothing),
            ], failures: ["failure 1"]),
        Story(
            "cancelled while an attempt is being stopped for its timeout", retries: 3, timeout: 5,
            timed + [
                (.timeout(1), .interrupt(attempt: 1, because: .timeout)), (.cancelled, .nothing),
                (.deadline, .nothing), (.stoppedItself(1, at: 9), .cancel),
            ]),
        Story("cancelled after the end", begun + [(.succeeded(1, at: 1), .succeed), (.cancelled, .nothing)]),
    ]

    static let fallbacks: [Story] = [
        Story(
            "a fallback that isn't needed", fallback: true,
            begun + [(.succeeded(1, at: 1), .succeed), (.fallbackSucceeded, .nothing)]),
        Story(
            "a fallback after the last attempt", retries: 1, fallback: true,
            begun + [
                (.failed(1, at: 1), .start(attempt: 2)), (.started(2, at: 1), .nothing),
                (.failed(2, at: 2), .runFallback(after: .attempt)), (.fallbackSucceeded, .succeed),
            ], failures: ["failure 1", "failure 2"]),
        Story(
            "a fallback after the deadline, which doesn't hold for it", deadline: 5, fallback: true,
            begun + [
                (.deadline, .interrupt(attempt: 1, because: .deadline)),
                (.stoppedItself(1, at: 6), .runFallback(after: .deadline)), (.deadline, .nothing),
                (.fallbackSucceeded, .succeed),
            ], failures: ["not done within its deadline of 5 s (1 attempt)"]),
        Story(
            "a fallback that fails", fallback: true,
            begun + [(.failed(1, at: 1), .runFallback(after: .attempt)), (.fallbackFailed, .fail(.fallback))],
            failures: ["failure 1"]),
        Story(
            "a fallback that is cancelled", fallback: true,
            begun + [
                (.failed(1, at: 1), .runFallback(after: .attempt)), (.cancelled, .interruptFallback),
                (.cancelled, .nothing), (.fallbackSucceeded, .cancel), (.fallbackFailed, .nothing),
            ], failures: ["failure 1"]),
        Story(
            "a fallback that cancels itself", fallback: true,
            begun + [(.failed(1, at: 1), .runFallback(after: .attempt)), (.fallbackCancelled, .cancel)],
            failures: ["failure 1"]),
        Story(
            "no fallback for a cancelled task", fallback: true, [(.cancelled, .cancel), (.fallbackSucceeded, .nothing)]),
    ]

    @Test("each story goes as told", arguments: plain + timeouts + deadlines + cancellations + fallbacks)
    func story(story: Story) {
        var machine = AttemptMachine(story.policies, hasFallback: story.hasFallback, created: .zero)
        for (index, (event, action)) in story.steps.enumerated() {
            #expect(event.apply(to: &machine) == action, "step \(index): \(event)")
        }
        #expect(machine.failures.map { "\($0.error)" } == story.failures)
        #expect(machine.failures.map(\.attempt) == Array(1...9).dropLast(9 - story.failures.count))
    }

    @Test("the deadline counts from the call, and its error tells what had failed before")
    func deadlineFromCall() {
        var policies = TaskPolicies()
        policies.retry = RetryPolicy(maximumRetries: 3)
        policies.deadline = .seconds(5)
        var machine = AttemptMachine(policies, hasFallback: false, created: .seconds(100))
        #expect(machine.deadlineTime == .seconds(105))
        _ = machine.ready(at: .seconds(101))
        _ = machine.attemptStarted(1, at: .seconds(102))
        _ = machine.attemptFailed(1, TestError("busy"), canRetry: true, at: .seconds(103), random: 0)
        _ = machine.deadlineFired()
        #expect(machine.attemptCancelled(2, at: .seconds(106), random: 0) == .fail(.deadline))
        let text = "not done within its deadline of 5 s (1 attempt); the last failure before that: busy"
        #expect("\(machine.deadlineError)" == text)
        #expect(machine.failures.map(\.started) == [.seconds(102), .seconds(106)])
        #expect(machine.failures.map(\.ended) == [.seconds(103), .seconds(106)])
        #expect("\(machine.failures[1].error)" == text)
    }

    @Test("the longest times don't overflow")
    func longTimes() {
        var policies = TaskPolicies()
        policies.retry = RetryPolicy(maximumRetries: .max, backoff: .constant(.seconds(Int64.max)))
        policies.timeout = .seconds(Int64.max)
        policies.deadline = .seconds(Int64.max)
        var machine = AttemptMachine(policies, hasFallback: false, created: .seconds(1))
        #expect(machine.ready(at: .seconds(1)) == .start(attempt: 1))
        #expect(machine.attemptStarted(1, at: .seconds(1)) == .watch(attempt: 1, until: .seconds(1) + .aCentury))
        let failed = machine.attemptFailed(1, TestError(), canRetry: true, at: .seconds(0.5), random: 0)
        #expect(failed == .wait(until: .seconds(0.5) + .aCentury, attempt: 2))
    }
}
