import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("When a prompt is tried again")
struct RetryPlanTests {
    @Test("statuses that may pass", arguments: [408, 409, 429, 500, 502, 503, 504, 599])
    func again(status: Int) {
        var plan = RetryPlan(retries: 1)
        #expect(plan.failed(.status(status, retryAfter: 2), jitter: 0) == .again(after: .seconds(2)))
        #expect(plan.failed(.status(status, retryAfter: 2), jitter: 0) == .giveUp)
    }

    @Test("statuses that don't", arguments: [301, 400, 401, 403, 404, 413, 422, 501])
    func giveUp(status: Int) {
        var plan = RetryPlan(retries: 5)
        #expect(plan.failed(.status(status, retryAfter: 1), jitter: 0) == .giveUp)
    }

    @Test("pauses are doubled up to a limit, and varied")
    func backoff() {
        var plan = RetryPlan(retries: 9, firstDelay: 1, longestDelay: 4)
        let delays = [1.0, 1, 1, 1, 0].map { plan.failed(.connection, jitter: $0) }
        #expect(delays == [1.0, 2, 4, 4, 2].map { .again(after: .seconds($0)) })
    }

    @Test("no server is waited for longer than the limit")
    func limit() {
        var plan = RetryPlan(retries: 1)
        #expect(plan.failed(.status(429, retryAfter: 3600), jitter: 0) == .again(after: .seconds(60)))
    }

    @Test("an answer that says nothing is asked for once more")
    func empty() {
        var plan = RetryPlan(retries: 5)
        #expect(plan.failed(.empty, jitter: 1) == .again(after: .milliseconds(500)))
        #expect(plan.failed(.status(503, retryAfter: 1), jitter: 0) == .again(after: .seconds(1)))
        #expect(plan.failed(.empty, jitter: 0) == .giveUp)
    }

    @Test("a final failure is final")
    func givesUp() {
        var plan = RetryPlan(retries: 5)
        #expect(plan.failed(.final, jitter: 0) == .giveUp)
    }
}
