import TestSupport
import Testing

@testable import AsyncFlowPolicies

@Suite("The queue for resources as a state machine")
struct ResourceQueueTests {
    typealias Queue = ResourceQueue<String, String>

    private func queue(
        cores: Int = 4, memory: MemorySize = .gigabytes(8), gpus: Int = 0, slots: [String: Int] = [:],
        lookAhead: Int = 128, setbacks: Int? = nil
    ) -> Queue {
        Queue(
            capacity: ResourceCapacity(cores: cores, memory: memory, gpus: gpus, slots: slots),
            owner: "backend 'local'", lookAhead: lookAhead, maximumSetbacks: setbacks)
    }

    /// The names of those started, in order.
    private func started(_ actions: [Queue.Action]) -> [String] {
        actions.compactMap { if case .start(let id, _) = $0 { id } else { nil } }
    }

    private func check(_ actions: [Queue.Action], start expected: [String], _ here: SourceLocation = #_sourceLocation) {
        #expect(started(actions) == expected, sourceLocation: here)
        #expect(actions.count == expected.count, sourceLocation: here)
    }

    // MARK: - Order

    @Test("who fits starts at once, who doesn't waits, and the end of one starts the next ones")
    func basics() {
        var queue = queue(cores: 4)
        check(queue.submit("a", ResourceRequest(cores: 3), at: .zero), start: ["a"])
        check(queue.submit("b", ResourceRequest(cores: 2), at: .zero), start: [])
        check(queue.submit("c", ResourceRequest(cores: 2), at: .zero), start: [])
        #expect(queue.waitingCount == 2 && queue.runningCount == 1)
        check(queue.finish("a", at: .zero), start: ["b", "c"])
        check(queue.finish("b", at: .zero), start: [])
        check(queue.finish("c", at: .zero), start: [])
        #expect(queue.isEmpty)
    }

    @Test("higher priorities start first, equal ones in the order of submission")
    func priorities() {
        var queue = queue(cores: 1)
        check(queue.submit("running", ResourceRequest(), at: .zero), start: ["running"])
        for (name, priority) in [
            ("low", -1), ("first", 0), ("lowest", .min), ("second", 0), ("high", 7), ("top", .max),
        ] {
            check(queue.submit(name, ResourceRequest(), priority: priority, at: .zero), start: [])
        }
        var last = "running"
        for next in ["top", "high", "first", "second", "low", "lowest"] {
            check(queue.finish(last, at: .zero), start: [next])
            last = next
        }
    }

    @Test("a task without a number of cores takes what is usual for its kind")
    func defaultCores() {
        var queue = queue(cores: 1)
        check(queue.submit("command", ResourceRequest(), at: .zero), start: ["command"])
        check(queue.submit("function", ResourceRequest(), defaultCores: 0, at: .zero), start: ["function"])
        check(queue.submit("another command", ResourceRequest(), at: .zero), start: [])
    }

    // MARK: - What can't be

    @Test(
        "what can never fit is refused, and the reason says what was asked and what there is",
        arguments: [
            (ResourceRequest(cores: 64), "needs 64 cores, but backend 'local' has 4"),
            (ResourceRequest(cores: 4, ranks: 8), "needs 32 cores (8 ranks of 4), but backend 'local' has 4"),
            (ResourceRequest(memory: .gigabytes(9)), "needs 9 GiB of memory, but backend 'local' has 8 GiB"),
            (ResourceRequest(gpus: 1), "needs 1 GPU, but backend 'local' has no GPU"),
            (
                ResourceRequest(slots: ["license": 4]),
                "needs 4 'license', but backend 'local' has 3 'license'"
            ),
            (
                ResourceRequest(slots: ["licence": 1]),
                "needs 1 'licence', but backend 'local' has no 'licence' (its capacity names none)"
            ),
            (
                ResourceRequest(cores: 5, memory: .terabytes(1), gpus: 0.5),
                "needs 5 cores, 1 TiB of memory and 0.5 GPUs, but backend 'local' has 4, 8 GiB of memory and no GPU"
            ),
            (ResourceRequest(cores: -1), "cores must be at least 0, got -1"),
        ])
    func refusal(request: ResourceRequest, reason: String) {
        var queue = queue(slots: ["license": 3])
        #expect(check(queue.submit("a", request, at: .zero)) == [.refuse("a", reason: reason)])
        #expect(queue.isEmpty)
    }

    /// `#expect` can't hold a mutating call.
    private func check<Value>(_ value: Value) -> Value { value }

    @Test(
        "a limit with which nothing can start is refused",
        arguments: [
            TaskLimit(concurrent: 0), TaskLimit(rate: .init(count: 0, period: .seconds(1))),
            TaskLimit(rate: .init(count: 1, period: .seconds(-1))),
        ])
    func badLimit(limit: TaskLimit) {
        var queue = queue()
        let actions = queue.submit("a", ResourceRequest(), limitKey: "limited", limit: limit, at: .zero)
        #expect(actions == [.refuse("a", reason: limit.problem ?? "")])
    }

    @Test("a task that is submitted twice is a mistake that stops the program")
    func submittedTwice() async {
        await #expect(processExitsWith: .failure) {
            var queue = ResourceQueue<Int, Int>(capacity: ResourceCapacity(cores: 1), owner: "here")
            _ = queue.submit(1, ResourceRequest(), at: .zero)
            _ = queue.submit(1, ResourceRequest(), at: .zero)
        }
    }

    // MARK: - Late events

    @Test("a cancelled task leaves the queue, a running one stays until it ends, an unknown one does nothing")
    func cancel() {
        var queue = queue(cores: 4)
        check(queue.submit("a", ResourceRequest(cores: 4), at: .zero), start: ["a"])
        check(queue.submit("b", ResourceRequest(cores: 2), at: .zero), start: [])
        #expect(check(queue.cancel("b", at: .zero)) == [.drop("b")])
        #expect(check(queue.cancel("b", at: .zero)).isEmpty)
        #expect(check(queue.finish("b", at: .zero)).isEmpty)
        #expect(check(queue.cancel("a", at: .zero)).isEmpty)
        #expect(queue.runningCount == 1)
        #expect(check(queue.finish("a", at: .zero)).isEmpty)
        #expect(check(queue.finish("a", at: .zero)).isEmpty)
        #expect(check(queue.requeue("a", at: .zero)).isEmpty)
        #expect(queue.isEmpty)
    }

    @Test("a task that waits isn't ended by the end of an earlier attempt")
    func finishOfWaiting() {
        var queue = queue(cores: 1)
        check(queue.submit("a", ResourceRequest(), at: .zero), start: ["a"])
        check(queue.submit("b", ResourceRequest(), at: .zero), start: [])
        #expect(check(queue.finish("b", at: .zero)).isEmpty)
        check(queue.finish("a", at: .zero), start: ["b"])
    }

    @Test("cancelling the task for which a place is held lets the others go on")
    func cancelHeld() {
        var queue = queue(cores: 4, setbacks: 0)
        check(queue.submit("a", ResourceRequest(cores: 1), at: .zero), start: ["a"])
        check(queue.submit("large", ResourceRequest(cores: 4), at: .zero), start: [])
        check(queue.submit("b", ResourceRequest(cores: 1), at: .zero), start: [])
        let actions = queue.cancel("large", at: .zero)
        #expect(actions.first == .drop("large") && started(actions) == ["b"])
    }

    // MARK: - Requeueing

    @Test("a task that is requeued gives back what it had, and goes before those of its shape")
    func requeue() {
        var queue = queue(cores: 1)
        check(queue.submit("a", ResourceRequest(), at: .zero), start: ["a"])
        check(queue.submit("b", ResourceRequest(), at: .zero), start: [])
        check(queue.requeue("a", at: .zero), start: ["a"])
        check(queue.finish("a", at: .zero), start: ["b"])
    }

    @Test("a task may ask for more when it is requeued, and is refused if that can't be")
    func requeueWithMore() {
        var queue = queue(memory: .gigabytes(8))
        check(queue.submit("a", ResourceRequest(memory: .gigabytes(4)), at: .zero), start: ["a"])
        check(queue.submit("b", ResourceRequest(memory: .gigabytes(4)), at: .zero), start: ["b"])
        check(queue.submit("c", ResourceRequest(memory: .gigabytes(3)), at: .zero), start: [])
        check(queue.requeue("a", ResourceRequest(memory: .gigabytes(8)), at: .zero), start: ["c"])
        check(queue.finish("b", at: .zero), start: [])
        check(queue.finish("c", at: .zero), start: ["a"])
        let actions = queue.requeue("a", ResourceRequest(memory: .gigabytes(16)), at: .zero)
        #expect(actions == [.refuse("a", reason: "needs 16 GiB of memory, but backend 'local' has 8 GiB")])
        #expect(queue.isEmpty)
    }

    @Test("a requeued task that turns into another shape goes before it, and both start in the same look")
    func requeueIntoOtherShape() {
        var queue = queue(cores: 2)
        for name in ["big", "a", "b"] {
            check(
                queue.submit(name, ResourceRequest(cores: name == "big" ? 2 : 1), at: .zero),
                start: name == "big" ? ["big"] : [])
        }
        check(queue.submit("later", ResourceRequest(cores: 2), at: .zero), start: [])
        check(queue.requeue("later", ResourceRequest(cores: 1), at: .zero), start: [])
        check(queue.finish("big", at: .zero), start: ["later", "a"])
    }

    // MARK: - No starvation

    @Test("a large task is set back as often as it may be, then it is waited for")
    func boundedSetbacks() {
        var queue = queue(cores: 4, setbacks: 3)
        check(queue.submit("0", ResourceRequest(cores: 1), at: .zero), start: ["0"])
        check(queue.submit("large", ResourceRequest(cores: 4), at: .zero), start: [])
        for name in ["1", "2", "3"] {
            check(queue.submit(name, ResourceRequest(cores: 1), at: .zero), start: [name])
        }
        check(queue.submit("4", ResourceRequest(cores: 1), at: .zero), start: [])
        for name in ["0", "1", "2"] { check(queue.finish(name, at: .zero), start: []) }
        check(queue.submit("5", ResourceRequest(cores: 1), at: .zero), start: [])
        check(queue.finish("3", at: .zero), start: ["large"])
        check(queue.finish("large", at: .zero), start: ["4", "5"])
    }

    @Test("the next task of the same shape may be set back as often again")
    func setbacksOfTheNext() {
        var queue = queue(cores: 4, setbacks: 1)
        check(queue.submit("0", ResourceRequest(cores: 1), at: .zero), start: ["0"])
        check(queue.submit("large 1", ResourceRequest(cores: 4), at: .zero), start: [])
        check(queue.submit("large 2", ResourceRequest(cores: 4), at: .zero), start: [])
        check(queue.submit("1", ResourceRequest(cores: 1), at: .zero), start: ["1"])
        check(queue.submit("2", ResourceRequest(cores: 1), at: .zero), start: [])
        let actions = queue.cancel("large 1", at: .zero)
        #expect(actions.first == .drop("large 1") && started(actions) == ["2"])
        check(queue.submit("3", ResourceRequest(cores: 1), at: .zero), start: [])
    }

    @Test("later tasks leave the last place of a limit to one that was set back too often")
    func lastPlaceOfLimit() {
        var queue = queue(cores: 4, setbacks: 0)
        let limit = TaskLimit(concurrent: 1)
        check(queue.submit("a", ResourceRequest(cores: 1), at: .zero), start: ["a"])
        check(queue.submit("large", ResourceRequest(cores: 4), limitKey: "k", limit: limit, at: .zero), start: [])
        check(queue.submit("tiny", ResourceRequest(cores: 0), limitKey: "k", limit: limit, at: .zero), start: [])
        check(queue.submit("other", ResourceRequest(cores: 0), at: .zero), start: ["other"])
        check(queue.finish("a", at: .zero), start: ["large"])
        check(queue.finish("large", at: .zero), start: ["tiny"])
    }

    @Test("a task for which a place is held doesn't hold up those that leave it enough")
    func harmless() {
        var queue = queue(cores: 4, memory: .gigabytes(8), slots: ["license": 1], setbacks: 0)
        check(queue.submit("holder", ResourceRequest(cores: 1, memory: .gigabytes(6)), at: .zero), start: ["holder"])
        check(queue.submit("large", ResourceRequest(cores: 1, memory: .gigabytes(4)), at: .zero), start: [])
        // It needs memory and one core: of the others, two cores and the license are left to give.
        check(queue.submit("memory", ResourceRequest(cores: 0, memory: .gigabytes(1)), at: .zero), start: [])
        check(
            queue.submit("license", ResourceRequest(cores: 1, slots: ["license": 1]), at: .zero), start: ["license"])
        check(queue.submit("core", ResourceRequest(cores: 1), at: .zero), start: ["core"])
        check(queue.submit("last core", ResourceRequest(cores: 1), at: .zero), start: [])
        check(queue.finish("core", at: .zero), start: ["last core"])
        check(queue.finish("holder", at: .zero), start: ["large", "memory"])
    }

    @Test("tasks that only wait for a license, or for their limit, hold up nobody and are held up by nobody")
    func disjoint() {
        var queue = queue(cores: 2, slots: ["license": 1], setbacks: 0)
        let limit = TaskLimit(concurrent: 1)
        check(queue.submit("l1", ResourceRequest(cores: 0, slots: ["license": 1]), at: .zero), start: ["l1"])
        check(queue.submit("l2", ResourceRequest(cores: 0, slots: ["license": 1]), at: .zero), start: [])
        check(
            queue.submit("m1", ResourceRequest(cores: 0), limitKey: "m", limit: limit, at: .zero), start: ["m1"])
        check(queue.submit("m2", ResourceRequest(cores: 2), limitKey: "m", limit: limit, at: .zero), start: [])
        check(queue.submit("a", ResourceRequest(cores: 2), at: .zero), start: ["a"])
        check(queue.finish("l1", at: .zero), start: ["l2"])
        check(queue.finish("m1", at: .zero), start: [])
        check(queue.finish("a", at: .zero), start: ["m2"])
    }

    @Test("a look ends after so many shapes that can't start")
    func lookAhead() {
        var queue = queue(cores: 4, lookAhead: 2)
        check(queue.submit("running", ResourceRequest(cores: 3), at: .zero), start: ["running"])
        for cores in 2...4 { check(queue.submit("\(cores)", ResourceRequest(cores: cores), at: .zero), start: []) }
        check(queue.submit("small", ResourceRequest(cores: 1), at: .zero), start: [])
        #expect(check(queue.cancel("2", at: .zero)) == [.drop("2")])
        let actions = queue.cancel("3", at: .zero)
        #expect(actions.first == .drop("3") && started(actions) == ["small"])
    }

    // MARK: - Limits

    @Test("as many as the limit allows run at once, whatever else they need")
    func concurrency() {
        var queue = queue(cores: 8)
        let limit = TaskLimit(concurrent: 2)
        for (name, cores) in [("a", 1), ("b", 2)] {
            check(
                queue.submit(name, ResourceRequest(cores: cores), limitKey: "k", limit: limit, at: .zero),
                start: [name])
        }
        check(queue.submit("c", ResourceRequest(cores: 3), limitKey: "k", limit: limit, at: .zero), start: [])
        check(
            queue.submit("d", ResourceRequest(cores: 1), priority: 1, limitKey: "k", limit: limit, at: .zero), start: []
        )
        check(queue.submit("free", ResourceRequest(cores: 1), at: .zero), start: ["free"])
        check(queue.finish("a", at: .zero), start: ["d"])
        check(queue.finish("b", at: .zero), start: ["c"])
        #expect(queue.nextWakeUp == nil)
    }

    @Test("a task whose limit was used up in the same look isn't set back by later starts, and no place is held for it")
    func closedInTheSameLook() {
        var queue = queue(cores: 4, setbacks: 2)
        let limit = TaskLimit(concurrent: 1)
        check(queue.submit("full", ResourceRequest(cores: 3), at: .zero), start: ["full"])
        check(queue.submit("one", ResourceRequest(cores: 1), at: .zero), start: ["one"])
        check(queue.submit("large", ResourceRequest(cores: 4), limitKey: "k", limit: limit, at: .zero), start: [])
        check(queue.submit("a", ResourceRequest(cores: 1), limitKey: "k", limit: limit, at: .zero), start: [])
        for name in ["b", "c"] { check(queue.submit(name, ResourceRequest(cores: 1), at: .zero), start: []) }
        check(queue.finish("full", at: .zero), start: ["a", "b", "c"])
    }

    @Test("the last limit given for a key holds for all its tasks")
    func changedLimit() {
        var queue = queue(cores: 8)
        func submit(_ name: String, _ limit: TaskLimit) -> [Queue.Action] {
            queue.submit(name, ResourceRequest(), limitKey: "k", limit: limit, at: .zero)
        }
        check(submit("a", TaskLimit(concurrent: 1)), start: ["a"])
        check(submit("b", TaskLimit(concurrent: 1)), start: [])
        check(submit("c", TaskLimit(concurrent: 3)), start: ["b", "c"])
    }

    @Test("in no span of the period's length start more tasks than the rate allows")
    func rate() {
        var queue = queue(cores: 8)
        let limit = TaskLimit(rate: .init(count: 2, period: .seconds(10)))
        func submit(_ name: String, at seconds: Int) -> [Queue.Action] {
            queue.submit(name, ResourceRequest(cores: 0), limitKey: "k", limit: limit, at: .seconds(seconds))
        }
        check(submit("a", at: 1), start: ["a"])
        #expect(queue.nextWakeUp == nil)
        check(submit("b", at: 4), start: ["b"])
        check(submit("c", at: 5), start: [])
        check(submit("d", at: 5), start: [])
        #expect(queue.nextWakeUp == .seconds(11))
        check(queue.finish("a", at: .seconds(6)), start: [])
        check(queue.advance(to: .seconds(10)), start: [])
        check(queue.advance(to: .seconds(11)), start: ["c"])
        #expect(queue.nextWakeUp == .seconds(14))
        check(queue.submit("other", ResourceRequest(), at: .seconds(20)), start: ["d", "other"])
        #expect(queue.nextWakeUp == nil)
    }

    @Test("limits that nobody uses are forgotten, once their starts don't matter any more")
    func forgottenLimits() {
        var queue = queue(cores: 8)
        let rate = TaskLimit(rate: .init(count: 1, period: .seconds(10)))
        for number in 0..<50 {
            let limit = number.isMultiple(of: 2) ? rate : TaskLimit(concurrent: 1)
            check(
                queue.submit("\(number)", ResourceRequest(cores: 0), limitKey: "\(number)", limit: limit, at: .zero),
                start: ["\(number)"])
            check(queue.finish("\(number)", at: .zero), start: [])
        }
        check(queue.submit("again", ResourceRequest(), limitKey: "0", limit: rate, at: .seconds(9)), start: [])
        #expect(queue.lanes.count == 26)
        #expect(queue.nextWakeUp == .seconds(10))
        check(queue.advance(to: .seconds(10)), start: ["again"])
        check(queue.finish("again", at: .seconds(20)), start: [])
        check(queue.advance(to: .seconds(20)), start: [])
        #expect(queue.lanes.count == 1)
        #expect(queue.shapes.count == 0)
    }

    // MARK: - GPUs

    @Test("shares go to the fullest GPU with room for them, so that whole ones stay free")
    func packing() {
        var queue = queue(cores: 99, gpus: 3)
        func submit(_ name: String, _ gpus: Double) -> [String]? {
            let actions = queue.submit(name, ResourceRequest(gpus: gpus), at: .zero)
            guard case .start(_, let allocation)? = actions.first else { return nil }
            return allocation.gpus.map { "\($0.gpu.id):\($0.thousandths)" }
        }
        #expect(submit("a", 0.5) == ["0:500"])
        #expect(submit("b", 0.75) == ["1:750"])
        #expect(submit("c", 0.25) == ["1:250"])
        #expect(submit("d", 0.3) == ["0:300"])
        #expect(submit("e", 1) == ["2:1000"])
        #expect(submit("f", 0.5) == nil)
        #expect(submit("g", 2) == nil)
        let actions = queue.finish("b", at: .zero)
        guard case .start("f", let allocation)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(allocation.gpus.map(\.gpu.id) == ["1"])
    }
}
