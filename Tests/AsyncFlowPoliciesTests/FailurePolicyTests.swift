import Testing

@testable import AsyncFlowPolicies

@Suite("How many failures stop an engine")
struct FailurePolicyTests {
    @Test(
        "the failure that is one too many stops it, once",
        arguments: [
            (FailurePolicy.goOn, nil), (.failFast, 1), (.stopAfter(failures: 1), 1), (.stopAfter(failures: 3), 3),
        ])
    func counter(policy: FailurePolicy, last: Int?) {
        var counter = FailureCounter(policy)
        #expect(!counter.hasStopped)
        for failure in 1...6 {
            #expect(counter.taskFailed() == (failure == last ? .stop : .nothing), "failure \(failure)")
            #expect(counter.hasStopped == (last.map { failure >= $0 } ?? false), "failure \(failure)")
            #expect(counter.failures == failure)
        }
    }

    @Test("a number that can't be is a problem", arguments: [0, -2])
    func problem(count: Int) {
        #expect(
            FailurePolicy.stopAfter(failures: count).problem
                == ".stopAfter(failures:) must be at least 1, got \(count); use .goOn for no limit")
    }

    @Test("a policy says what it does")
    func description() {
        let policies: [FailurePolicy] = [.goOn, .failFast, .stopAfter(failures: 3)]
        #expect(policies.map(\.description) == ["go on", "fail fast", "stop after 3 failures"])
        #expect(policies.allSatisfy { $0.problem == nil })
    }
}
