import Testing

@testable import AsyncFlow
@testable import AsyncFlowPolicies

@Suite("Resources that grow from attempt to attempt")
struct ResourceGrowthTests {
    static let killed = CommandError(.signalled(signal: 9), "sort")
    static let timeout = TaskTimeoutError(timeout: .seconds(1), attempt: 1, maximumAttempts: 2)

    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let growth: ResourceGrowth
        let error: any Error
        let after: ResourceRequest

        init(_ description: String, _ growth: ResourceGrowth, _ error: any Error, memory: Int64 = 1000, cores: Int = 3)
        {
            (self.description, self.growth, self.error) = (description, growth, error)
            after = ResourceRequest(cores: cores, memory: .bytes(memory))
        }
    }

    static let rows: [Row] = [
        Row("memory after an out-of-memory kill", .memory(times: 2), killed, memory: 2000),
        Row("memory after something else", .memory(times: 2), timeout),
        Row("memory up to a maximum", .memory(times: 4, upTo: .bytes(2500)), killed, memory: 2500),
        Row("memory that is over the maximum already stays", .memory(times: 4, upTo: .bytes(10)), killed),
        Row("memory after a failure that was named", .memory(times: 2, on: .timedOut), timeout, memory: 2000),
        Row("memory only after a failure that was named", .memory(times: 2, on: .timedOut), killed),
        Row("cores after a timeout, rounded up", .cores(times: 1.5), timeout, cores: 5),
        Row("cores after something else", .cores(times: 2), killed),
        Row("cores up to a maximum", .cores(times: 9, upTo: 8, on: .any), killed, cores: 8),
        Row("growth that overflows ends at the largest number", .memory(times: 1e300), killed, memory: .max),
        Row("growth by nothing", .memory(times: 1), killed),
    ]

    @Test("the next attempt asks for what the growth says", arguments: rows)
    func growth(row: Row) {
        let before = ResourceRequest(cores: 3, memory: .bytes(1000))
        #expect(row.growth.grown(before, after: row.error) == row.after)
        #expect(
            row.growth.grown(ResourceRequest(), after: row.error) == ResourceRequest(), "nothing asked, nothing grown")
        #expect(row.growth.problem == nil)
    }

    @Test("several growths apply one after the other, attempt by attempt")
    func several() {
        let policy = RetryPolicy(
            maximumRetries: 3, growing: [.memory(times: 2, upTo: .bytes(7000)), .cores(times: 2, on: .outOfMemory)])
        var amounts = ResourceRequest(cores: 1, memory: .bytes(1000))
        var seen: [ResourceRequest] = []
        for _ in 0..<3 {
            amounts = policy.grown(amounts, after: Self.killed)
            seen.append(amounts)
        }
        #expect(seen.map(\.memory.bytes) == [2000, 4000, 7000])
        #expect(seen.map(\.cores) == [2, 4, 8])
    }

    @Test(
        "a growth that can't be is a problem that names it",
        arguments: [
            (ResourceGrowth.memory(times: 0.5), ".memory(times:) must be at least 1, got 0.5"),
            (.memory(times: .nan), ".memory(times:) must be at least 1, got nan"),
            (.cores(times: .infinity), ".cores(times:) must be at least 1, got inf"),
            (.cores(times: 2, upTo: 0), ".cores(times:upTo:) must have a maximum of at least 1, got 0"),
        ])
    func problem(growth: ResourceGrowth, problem: String) {
        #expect(growth.problem == problem)
    }
}
