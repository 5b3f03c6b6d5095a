import TestSupport
@testable import AsyncFlowBase
import Testing

@testable import AsyncFlow

/// Keeps what it is given, and can be held up.
private final class Keeper: EventConsumer {
    struct State {
        var events: [WorkflowEvent] = []
        var dropped = 0
        var flushes: [Int] = []
        var isFinished = false
    }
    let state = Lock(State())
    let barrier = Lock(())
    let hasBegun = Gate()

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        hasBegun.open()
        barrier.withLock { _ in }
        state.withLock { state in
            state.events += events
            state.dropped += droppedCount
        }
    }
    func flush() { state.withLock { $0.flushes.append($0.events.count) } }
    func finish() { state.withLock { $0.isFinished = true } }
    var types: [EventType] { state.withLock { $0.events.map(\.type) } }
}

/// Holds up a consumer until it is opened.
private final class Obstacle: Sendable {
    private let held = WakeUp()
    private let isHeld = WakeUp()
    init(_ keeper: Keeper) throws {
        try SystemThread.startDetached { [held, isHeld] in
            keeper.barrier.withLock { _ in
                isHeld.signal()
                held.wait()
            }
        }
        isHeld.wait()
    }
    func remove() { held.signal() }
}

@Suite("Consumers of events", .timeLimit(.minutes(2)))
struct EventConsumerTests {
    @Test("a consumer gets every event of an engine in order, up to the end, and shutdown waits for it")
    func everything() async throws {
        let keeper = Keeper()
        try await withTestEngine { flow in
            _ = flow.attach(keeper, overflow: .wait())
            let task = flow.functionTask("task") { (n: Int) in n }
            for n in 0..<5_000 { task(n) }
        }
        let state = keeper.state.withLock { $0 }
        #expect(state.isFinished)
        #expect(state.dropped == 0)
        #expect(state.events.count == 5 * 5_000 + 1)
        #expect(state.events.last?.type == .engineEnded)
        let perTask = Dictionary(grouping: state.events.dropLast()) { $0.task!.id }
        #expect(
            perTask.values.allSatisfy {
                $0.map(\.type) == [.taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskCompleted]
            })
    }

    @Test("when the last consumer is detached, no event is made any more; the next one gets those from then on")
    func noneLeft() async throws {
        try await withTestEngine { flow async throws in
            let task = flow.functionTask("task") { (n: Int) in n }
            #expect(!flow.core.isObserved)
            let first = flow.attach(Keeper(), overflow: .wait())
            let second = flow.attach(Keeper(), overflow: .drop())
            await first.detach()
            #expect(flow.core.isObserved)
            await second.detach()
            await second.detach()
            #expect(!flow.core.isObserved)
            _ = try await task(1).value
            let keeper = Keeper()
            let third = flow.attach(keeper, overflow: .wait())
            #expect(flow.core.isObserved)
            _ = try await task(2).value
            await third.flush()
            #expect(keeper.types.count == 5)
        }
    }

    @Test("a flush returns when all that happened before has been consumed")
    func flush() async throws {
        try await withTestEngine { flow in
            let keeper = Keeper()
            let attachment = flow.attach(keeper, overflow: .wait())
            try await flow.functionTask("task") {}().value
            await attachment.flush()
            let flushes = keeper.state.withLock { $0.flushes }
            #expect(flushes.last ?? 0 >= 5)
            await attachment.flush()  // with nothing in between
            #expect(keeper.state.withLock { $0.flushes.count } == 2)
        }
    }

    @Test("a consumer that was detached has had what happened before, and gets nothing more")
    func detach() async throws {
        try await withTestEngine { flow in
            let (keeper, other) = (Keeper(), Keeper())
            let attachment = flow.attach(keeper, overflow: .wait())
            let task = flow.functionTask("task") {}
            try await task().value
            await attachment.detach()
            #expect(keeper.state.withLock { $0.isFinished })
            let count = keeper.types.count
            #expect(keeper.types.last == .taskCompleted)
            _ = flow.attach(other, overflow: .wait())
            try await task().value
            await attachment.flush()
            await attachment.detach()
            #expect(keeper.types.count == count)
        }
    }

    @Test("one that comes after the end is finished at once")
    func afterTheEnd() async throws {
        let flow = try WorkflowEngine(.quiet())
        await flow.shutdown()
        let keeper = Keeper()
        await flow.attach(keeper, overflow: .wait()).detach()
        #expect(keeper.state.withLock { $0.isFinished && $0.events.isEmpty })
    }

    @Test("a consumer that hangs doesn't hold up the run, and what it lost is counted")
    func hangs() async throws {
        let keeper = Keeper()
        let count = 20_000
        try await withTestEngine { flow in
            let attachment = flow.attach(keeper, overflow: .drop(limit: 2_000))
            let task = flow.functionTask("task") {}
            let obstacle = try Obstacle(keeper)
            for _ in 0..<count { task() }
            await flow.waitUntilIdle()
            obstacle.remove()
            await attachment.flush()
            #expect(attachment.droppedCount > 0)
        }
        keeper.state.withLock { #expect($0.events.count + $0.dropped == 5 * count + 1) }
    }

    @Test("a consumer that is waited for loses nothing, however small its room")
    func waitedFor() async throws {
        let keeper = Keeper()
        try await withTestEngine { flow in
            _ = flow.attach(keeper, overflow: .wait(limit: 1, patience: .seconds(60)))
            let task = flow.functionTask("task") {}
            for _ in 0..<20_000 { task() }
        }
        #expect(keeper.state.withLock { $0.events.count } == 100_001)
    }

    @Test("a consumer that is waited for, but hangs, is given up after the patience")
    func givenUp() async throws {
        let keeper = Keeper()
        try await withTestEngine { flow in
            let attachment = flow.attach(keeper, overflow: .wait(limit: 100, patience: .milliseconds(30)))
            let obstacle = try Obstacle(keeper)
            let task = flow.functionTask("task") {}
            for _ in 0..<5_000 { task() }
            await flow.waitUntilIdle()
            #expect(attachment.droppedCount > 0)
            obstacle.remove()
        }
        keeper.state.withLock { #expect($0.events.count + $0.dropped == 25_001) }
    }

    @Test("consumers come and go while tasks run", arguments: Seeds.some(3))
    func comeAndGo(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        try await withTestEngine { flow async throws in
            let isOver = Gate()
            let task = flow.functionTask("task") {}
            let work = Task { while !isOver.isOpen { try await task().value } }
            for _ in 0..<50 {
                let keepers = (0..<Int.random(in: 1...3, using: &random)).map { _ in Keeper() }
                let attachments = keepers.map { flow.attach($0, overflow: .wait()) }
                try await task().value
                for attachment in attachments.shuffled(using: &random) { await attachment.detach() }
                for keeper in keepers {
                    let isWhole = keeper.state.withLock { $0.isFinished && $0.dropped == 0 && !$0.events.isEmpty }
                    #expect(isWhole)
                }
            }
            isOver.open()
            try await work.value
        }
    }
}
