import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowPolicies

@Suite("Policies as options of a task")
struct TaskPoliciesTests {
    static func policies(_ options: TaskOption<FunctionKind>...) -> TaskPolicies {
        options.reduce(into: TaskOptions()) { $1.apply(&$0) }.policies
    }

    @Test("without options there is one attempt, with all the time it wants")
    func nothing() {
        let policies = Self.policies()
        #expect(!policies.governsAttempts)
        #expect(policies.retry == nil && policies.timeout == nil && policies.deadline == nil)
        #expect(policies.limit == TaskLimit() && policies.priority == .normal)
        #expect(policies.problem == nil)
    }

    @Test("a plain retry takes every failure, at once")
    func plainRetry() throws {
        let retry = try #require(Self.policies(.retry(3)).retry)
        #expect(retry.maximumRetries == 3 && retry.maximumAttempts == 4)
        #expect(retry.backoff == .none && retry.jitter == .none && retry.growth.isEmpty)
        #expect(retry.covers(TestError()))
        #expect(RetryPolicy(maximumRetries: .max).maximumAttempts == .max)
    }

    @Test("everything that can be said about retries is kept")
    func wholeRetry() throws {
        let policies = Self.policies(
            .retry(
                5, backoff: .exponential, jitter: .full, on: .exitCode(75), .outOfMemory, growing: .memory(times: 2),
                .cores(times: 2)))
        let retry = try #require(policies.retry)
        #expect(retry.backoff == .exponential(initial: .seconds(1), factor: 2, maximum: .seconds(300)))
        #expect(retry.jitter == .full)
        #expect(retry.classes.map(\.description) == ["exitCode(75)", "outOfMemory"])
        #expect(retry.growth.count == 2)
        #expect(policies.governsAttempts)
    }

    @Test("each option sets its own value, and the last one counts")
    func options() {
        let policies = Self.policies(
            .timeout(.seconds(5)), .deadline(.seconds(60)), .limit(concurrent: 4), .rate(10, per: .seconds(1)),
            .priority(.low), .priority(.high))
        #expect(policies.timeout == .seconds(5) && policies.deadline == .seconds(60))
        #expect(policies.limit.concurrent == 4)
        #expect(policies.limit.rate == TaskLimit.Rate(count: 10, period: .seconds(1)))
        #expect(policies.priority == .high)
        #expect(Self.policies(.priority(7)).priority == Priority(7))
        #expect(Self.policies(.retry(3), .retry(RetryPolicy(maximumRetries: 0))).retry?.maximumRetries == 0)
        #expect(Self.policies(.timeout(.seconds(1))).governsAttempts)
        #expect(Self.policies(.deadline(.seconds(1))).governsAttempts)
        #expect(!Self.policies(.limit(concurrent: 1), .priority(1)).governsAttempts)
    }

    @Test(
        "a value that can't work is a problem that names the option, the value and what it may be",
        arguments: [
            (TaskOption<FunctionKind>.retry(-1), ".retry: -1 retries: there have to be 0 or more"),
            (
                .retry(1, backoff: .exponential(factor: .nan)),
                ".retry: a backoff can't grow by the factor nan: it has to be 1 or more"
            ),
            (
                .retry(1, jitter: .proportion(2)), ".retry: a jitter of 2.0 isn't a share of the pause, from 0 to 1"
            ),
            (
                .retry(1, growing: .memory(times: 2), .cores(times: 0)),
                ".retry: cores can't grow by the factor 0.0: it has to be 1 or more"
            ),
            (.timeout(.zero), ".timeout(0 ms): no attempt could succeed; it has to be more than 0"),
            (.timeout(.seconds(-5)), ".timeout(-5 s): no attempt could succeed; it has to be more than 0"),
            (.deadline(.zero), ".deadline(0 ms): no attempt could begin; it has to be more than 0"),
            (.limit(concurrent: 0), ".limit(concurrent: 0): no task could run; it has to be 1 or more"),
            (.rate(0, per: .seconds(1)), ".rate(0, per: 1 s): no task could begin; the number has to be 1 or more"),
            (.rate(5, per: .zero), ".rate(5, per: 0 ms): the period has to be more than 0"),
        ])
    func problem(option: TaskOption<FunctionKind>, problem: String) {
        let policies = Self.policies(option)
        #expect(policies.problem == problem)
    }

    @Test("priorities are ordered")
    func priorities() {
        #expect([Priority(3), .high, .low, .normal].sorted() == [.low, .normal, Priority(3), .high])
        #expect([Priority.low, .normal, .high, Priority(3)].map(\.description) == ["low", "normal", "high", "3"])
    }
}
