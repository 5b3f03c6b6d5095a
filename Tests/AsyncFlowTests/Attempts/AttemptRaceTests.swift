import TestSupport
import AsyncFlowTesting
import Testing

@testable import AsyncFlow
@testable import AsyncFlowBase
@testable import AsyncFlowPolicies

/// Everything that can end an attempt or a task, at the same time: each task ends once, its events come in order, and
/// nothing of it stays behind.
@Suite("Races between the ends of attempts", .timeLimit(.minutes(2)))
struct AttemptRaceTests {
    /// What the task of a race does.
    struct Plan: Sendable {
        let duration: Duration
        let fails: Bool
        let isStubborn: Bool

        init(_ random: inout SeededRandom) {
            duration = .microseconds(Int.random(in: 0..<600, using: &random))
            fails = random.chance(0.4)
            isStubborn = random.chance(0.2)
        }

        func run() async throws -> Int {
            if isStubborn { try? await Task.sleep(for: duration) } else { try await Task.sleep(for: duration) }
            if fails { throw TestError() }
            return 1
        }

        func spin() throws -> Int {
            let end = ContinuousClock.now + duration
            while ContinuousClock.now < end {
                if !isStubborn { try TaskContext.current?.checkCancellation() }
            }
            if fails { throw TestError() }
            return 1
        }
    }

    @Test(
        "whatever comes first, each task ends once, in order, and leaves nothing", arguments: Seeds.some(4),
        [false, true])
    func race(seed: UInt64, isObserved: Bool) async throws {
        var random = SeededRandom(seed: seed)
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 3, memory: .gigabytes(1), gpus: 2))
        let flow = try WorkflowEngine(.quiet(), backends: [backend])
        let stream = isObserved ? flow.events(bufferingUpTo: 1_000_000) : nil
        let ends = Gauge()
        let rough = flow.functionTask("rough", .cores(1)) {
            await Task.yield()
            return 2
        }
        for _ in 0..<1_500 {
            let plan = Plan(&random)
            let time = Duration.microseconds(Int.random(in: 50..<800, using: &random))
            let policies = TaskPolicies(racing: time, &random)
            let cores = Int.random(in: 0...3, using: &random)
            let request = ResourceRequest(cores: cores, gpus: cores == 2 ? 0.5 : 0)
            let hasFallback = random.chance(0.3)
            let future: TaskFuture<Int>
            switch Int.random(in: 0..<64, using: &random) {
            case 0:
                let command = flow.executableTask("command", .racing(policies, request), .gracePeriod(time)) {
                    .shell(plan.isStubborn ? "trap '' TERM; sleep 0.001; exit 1" : "sleep 0.001")
                }
                future = (hasFallback ? command.fallback("") : command)().map(\.count)
            case 1..<20:
                let task = flow.functionTask("sync", .racing(policies, request)) { try plan.spin() }
                future = (hasFallback ? task.fallback(7) : task)()
            case 20..<40:
                let task = flow.functionTask("async", .racing(policies, request)) { try await plan.run() }
                future = (hasFallback ? task.fallback(to: rough) : task)()
            default:
                let member = flow.functionTask("member", .racing(policies, request)) { try await plan.run() }
                let block = flow.block("block", .racing(policies, ResourceRequest())) { try await member().value }
                future = (hasFallback ? block.fallback(to: rough) : block)()
            }
            future.onCompletion { _ in ends.up() }
            if random.chance(0.3) {
                let delay = Duration.microseconds(Int.random(in: 0..<900, using: &random))
                Task.detached {
                    try await Task.sleep(for: delay)
                    future.cancel()
                }
            }
            if random.chance(0.1) { await Task.yield() }
        }
        if random.chance(0.5) { await flow.waitUntilIdle() }
        await flow.shutdown(random.chance(0.5) ? .immediate : .drain)
        #expect(ends.total == 1_500, "seed \(seed)")
        #expect(flow.core.router.isUnused, "seed \(seed)")
        #expect(flow.core.timers.count == 0, "seed \(seed)")
        #expect(flow.core.running.all.isEmpty, "seed \(seed)")
        guard let stream else { return }
        var events: [TaskID: [WorkflowEvent]] = [:]
        for await event in stream { if let task = event.task { events[task.id, default: []].append(event) } }
        for (id, list) in events { EventOrder.check(list, "seed \(seed): \(id)") }
    }

    @Test("the deadlines of tasks pass while readers of events are told of them", arguments: Seeds.some(3))
    func deadlines(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let flow = try WorkflowEngine(.quiet())
        let stream = flow.events(bufferingUpTo: 1_000_000)
        for _ in 0..<4_000 {
            let time = Duration.nanoseconds(Int.random(in: 1..<60_000, using: &random))
            let task = flow.functionTask("task", .deadline(time), .retry(2)) { (fails: Bool) in
                if fails { throw TestError() }
            }
            let fails = random.chance(0.5)
            let first = flow.functionTask("first") { fails }
            task(first())
        }
        await flow.shutdown(.drain)
        var events: [TaskID: [WorkflowEvent]] = [:]
        for await event in stream { if let task = event.task { events[task.id, default: []].append(event) } }
        for (id, list) in events { EventOrder.check(list, "seed \(seed): \(id)") }
    }
}

extension TaskPolicies {
    fileprivate init(racing time: Duration, _ random: inout SeededRandom) {
        self.init()
        if random.chance(0.5) { retry = RetryPolicy(maximumRetries: 3) }
        if random.chance(0.4) {
            let pause = Duration.microseconds(Int.random(in: 1..<300, using: &random))
            retry = RetryPolicy(maximumRetries: 3, backoff: .constant(pause))
        }
        if random.chance(0.6) { timeout = time }
        if random.chance(0.5) { deadline = time * 2 }
    }
}

extension TaskOption {
    fileprivate static func racing(_ policies: TaskPolicies, _ request: ResourceRequest) -> Self {
        Self {
            $0.policies = policies
            $0.resources = request
        }
    }
}

/// The order in which a task's events come.
enum EventOrder {
    /// Each state with the events that may follow it.
    private static func next(_ last: EventType?) -> Set<EventType> {
        switch last {
        case nil: [.taskCreated]
        case .taskCreated: [.taskResolved, .taskFailed, .taskCancelled]
        case .taskResolved: [.taskQueued]
        case .taskQueued: [.taskStarted, .taskAttemptFailed, .taskCompleted, .taskFailed, .taskCancelled]
        case .taskStarted: [.taskAttemptFailed, .taskCompleted, .taskFailed, .taskCancelled]
        case .taskAttemptFailed: [.taskQueued, .taskCompleted, .taskFailed, .taskCancelled]
        default: []
        }
    }

    static func check(
        _ events: [WorkflowEvent], _ comment: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let types = events.map(\.type)
        var last: EventType?
        for type in types {
            #expect(next(last).contains(type), "\(comment): \(types)", sourceLocation: sourceLocation)
            last = type
        }
        #expect(
            [.taskCompleted, .taskFailed, .taskCancelled].contains(last), "\(comment): \(types)",
            sourceLocation: sourceLocation)
        let attempts = events.dropLast().map(\.attempt)
        #expect(attempts == attempts.sorted(), "\(comment): \(types) \(attempts)", sourceLocation: sourceLocation)
    }
}
