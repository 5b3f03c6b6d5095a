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
            (TaskOption<FunctionKind>.retry(-1), ".retry: the number of retries must be at least 0, got -1"),
            (
                .retry(1, backoff: .exponential(factor: .nan)),
                ".retry: the backoff's factor must be at least 1, got nan"
            ),
            (
                .retry(1, jitter: .proportion(2)),
                ".retry: the jitter's share of the pause must be from 0 to 1, got 2.0"
            ),
            (
                .retry(1, growing: .memory(times: 2), .cores(times: 0)),
                ".retry: .cores(times:) must be at least 1, got 0.0"
            ),
            (.timeout(.zero), ".timeout must be more than 0, got 0 ms"),
            (.timeout(.seconds(-5)), ".timeout must be more than 0, got -5 s"),
            (.deadline(.zero), ".deadline must be more than 0, got 0 ms"),
            (.limit(concurrent: 0), ".limit(concurrent:) must be at least 1, got 0"),
            (.rate(0, per: .seconds(1)), ".rate(_:per:) must allow at least 1 start per period, got 0"),
            (.rate(5, per: .zero), ".rate(_:per:) must have a period of more than 0, got 0 ms"),
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
