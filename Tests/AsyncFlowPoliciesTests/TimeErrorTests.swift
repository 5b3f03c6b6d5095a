import TestSupport
import AsyncFlowBase
import Testing

@testable import AsyncFlowPolicies

@Suite("What errors about time say")
struct TimeErrorTests {
    @Test(
        "a timeout says how long, and which attempt of how many",
        arguments: [(1, 1, "timed out after 5 s"), (2, 4, "timed out after 5 s (attempt 2 of 4)")])
    func timeout(attempt: Int, maximum: Int, text: String) {
        let error = TaskTimeoutError(timeout: .seconds(5), attempt: attempt, maximumAttempts: maximum)
        #expect("\(error)" == text)
    }

    @Test("a deadline says how long, how far the task was, and what had failed before")
    func deadline() {
        func text(_ attempts: Int, _ error: (any Error)? = nil) -> String {
            "\(DeadlineExceededError(deadline: .seconds(90), attempts: attempts, lastError: error))"
        }
        #expect(text(0) == "not done within its deadline of 90 s (it hadn't begun)")
        #expect(text(1) == "not done within its deadline of 90 s (1 attempt)")
        #expect(
            text(3, TestError("busy"))
                == "not done within its deadline of 90 s (3 attempts); the last failure before that: busy")
    }

    @Test("a failed attempt says which it was, how long it took and why it failed")
    func attempt() {
        let failure = AttemptFailure(
            attempt: 2, error: TestError("busy"), started: .seconds(10), ended: .milliseconds(11_500))
        #expect(failure.duration == .milliseconds(1500))
        #expect("\(failure)" == "attempt 2, after 1.5 s: busy")
    }

    @Test("of very many failures the first and the latest are kept")
    func history() {
        var history = AttemptHistory()
        for attempt in 1...1000 {
            history.append(AttemptFailure(attempt: attempt, error: TestError(), started: .zero, ended: .zero))
        }
        #expect(history.failures.map(\.attempt) == [1] + Array(902...1000))
    }

    @Test(
        "durations are short in messages",
        arguments: [
            (Duration.zero, "0 ms"), (.nanoseconds(1500), "0.001 ms"), (.microseconds(250), "0.25 ms"),
            (.milliseconds(250), "250 ms"), (.milliseconds(1500), "1.5 s"), (.milliseconds(61_050), "61.05 s"),
            (.seconds(5), "5 s"), (.seconds(59), "59 s"), (.seconds(60), "1 min"), (.seconds(90), "90 s"),
            (.seconds(600), "10 min"), (.seconds(7200), "2 h"), (.seconds(-5), "-5 s"), (.milliseconds(-1), "-1 ms"),
            (.seconds(Int64.max), "9223372036854775807 s"),
        ])
    func shortText(duration: Duration, text: String) {
        #expect(duration.shortText == text)
    }

    @Test(
        "seconds become durations that clocks can add up",
        arguments: [
            (0.1, Duration.milliseconds(100)), (-1, .zero), (-.infinity, .zero), (.infinity, .aCentury),
            (.nan, .zero), (1e300, .aCentury),
        ])
    func fromSeconds(seconds: Double, duration: Duration) {
        #expect(Duration(roundedToNanoseconds: seconds) == duration)
    }
}
