import Testing

@testable import AsyncFlowInference

@Suite("A time limit for many", .timeLimit(.minutes(1)))
struct TimeLimitTests {
    /// Returns when it is cancelled, with an error.
    private static func waitForCancellation() async throws -> Int {
        try await Task.sleep(for: .seconds(3600))
        return 0
    }

    @Test("what ends in time gives its value or its error, and isn't cancelled")
    func inTime() async throws {
        struct Failure: Error {}
        let limit = TimeLimit(.seconds(60))
        for number in 0..<3 {
            #expect(
                try await limit.apply {
                    try Task.checkCancellation()
                    return number
                } == number)
        }
        await #expect(throws: Failure.self) { try await limit.apply { throw Failure() } }
    }

    @Test("each of many that take too long is cancelled, and so is one that begins after those")
    func tooLong() async throws {
        let limit = TimeLimit(.milliseconds(20))
        for _ in 0..<2 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        await #expect(throws: TimeLimit.Exceeded.self) {
                            try await limit.apply { try await Self.waitForCancellation() }
                        }
                    }
                }
            }
        }
    }

    @Test("who cancels the one that waits cancels what it waits for")
    func cancelled() async throws {
        let limit = TimeLimit(.seconds(3600))
        let (begun, begins) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task {
            try await limit.apply {
                begins.yield()
                return try await Self.waitForCancellation()
            }
        }
        for await _ in begun { break }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
