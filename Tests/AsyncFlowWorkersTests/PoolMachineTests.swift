import Testing
import WorkerProbeTasks

@testable import AsyncFlowWorkers

@Suite struct PoolMachineTests {
    private func machine(_ change: (inout PoolMachine.Settings) -> Void = { _ in }) -> PoolMachine {
        var settings = PoolMachine.Settings()
        settings.workers = 1
        change(&settings)
        return PoolMachine(settings)
    }

    /// A machine of one worker, which is ready.
    private func readyMachine(_ change: (inout PoolMachine.Settings) -> Void = { _ in }) -> PoolMachine {
        var machine = machine(change)
        _ = machine.timePassed(.zero)
        _ = machine.connected(1, now: .zero)
        return machine
    }

    @Test func `A call waits until a worker is ready`() {
        var machine = machine()
        #expect(machine.timePassed(.zero) == [.launch(worker: 1, slot: 0)])
        #expect(machine.submit(1, kind: 0, now: .zero).isEmpty)
        #expect(machine.connected(1, now: .zero) == [.send(call: 1, worker: 1)])
    }

    @Test func `Nothing is sent ahead of what may take long`() {
        var machine = readyMachine()
        #expect(machine.submit(1, kind: 0, now: .zero) == [.send(call: 1, worker: 1)])
        #expect(machine.submit(2, kind: 0, now: .zero).isEmpty)
        #expect(machine.finished(1, by: 1, elapsed: .seconds(1), now: .zero) == [.deliver(call: 1)])
        #expect(machine.fill() == [.send(call: 2, worker: 1)])
        #expect(machine.submit(3, kind: 0, now: .zero).isEmpty)
    }

    @Test func `What takes next to no time is sent ahead, up to the limit`() {
        var machine = readyMachine { $0.inFlightLimit = 3 }
        _ = machine.submit(1, kind: 0, now: .zero)
        _ = machine.finished(1, by: 1, elapsed: .microseconds(1), now: .zero)
        for call in UInt64(2)...4 {
            #expect(machine.submit(call, kind: 0, now: .zero) == [.send(call: call, worker: 1)])
        }
        #expect(machine.submit(5, kind: 0, now: .zero).isEmpty)
    }

    @Test func `A lost worker's running call is lost, and what was sent ahead goes to another one`() {
        var machine = readyMachine()
        _ = machine.submit(1, kind: 0, now: .zero)
        _ = machine.finished(1, by: 1, elapsed: .microseconds(1), now: .zero)
        for call in UInt64(2)...4 { _ = machine.submit(call, kind: 0, now: .zero) }
        #expect(machine.ended(1, hadConnected: true, now: .zero) == [.end(call: 2, .lost(worker: 1))])
        #expect(machine.timePassed(.seconds(1)) == [.launch(worker: 2, slot: 0)])
        #expect(machine.connected(2, now: .seconds(1)) == [.send(call: 3, worker: 2), .send(call: 4, worker: 2)])
    }

    @Test func `Lost workers are replaced after longer and longer waits, until a call succeeds`() {
        var machine = readyMachine()
        var now = Duration.zero
        var waits: [Duration] = []
        for worker in 1...3 {
            _ = machine.ended(worker, hadConnected: true, now: now)
            let next = machine.nextTime!
            waits.append(next - now)
            now = next
            #expect(machine.timePassed(now) == [.launch(worker: worker + 1, slot: 0)])
            _ = machine.connected(worker + 1, now: now)
        }
        #expect(waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        _ = machine.submit(1, kind: 0, now: now)
        _ = machine.finished(1, by: 4, elapsed: .zero, now: now)
        _ = machine.ended(4, hadConnected: true, now: now)
        #expect(machine.nextTime! - now == .milliseconds(100))
    }

    @Test func `After several workers that couldn't start, the pool gives up`() {
        var machine = machine()
        _ = machine.submit(9, kind: 0, now: .zero)
        var now = Duration.zero
        for worker in 1...2 {
            _ = machine.timePassed(now)
            #expect(machine.ended(worker, hadConnected: false, now: now).isEmpty)
            now = machine.nextTime!
        }
        _ = machine.timePassed(now)
        #expect(machine.ended(3, hadConnected: false, now: now) == [.end(call: 9, .poolFailed)])
        #expect(machine.submit(10, kind: 0, now: now) == [.end(call: 10, .poolFailed)])
        #expect(machine.isOver)
    }

    @Test func `When the pool gives up, calls that were sent ahead to a draining worker end, too`() {
        var machine = machine {
            $0.workers = 2
            $0.taskLimit = 2
        }
        _ = machine.timePassed(.zero)
        for worker in 1...2 { _ = machine.connected(worker, now: .zero) }
        _ = machine.submit(1, kind: 0, now: .zero)
        _ = machine.finished(1, by: 1, elapsed: .microseconds(1), now: .zero)
        for call in UInt64(2)...6 { _ = machine.submit(call, kind: 0, now: .zero) }
        #expect(machine.workers[1]?.inFlight == [2, 4, 6] && machine.workers[2]?.inFlight == [3, 5])
        // The first worker has done enough; the second one is lost, and none like it can be started any more.
        _ = machine.finished(2, by: 1, elapsed: .microseconds(1), now: .zero)
        #expect(machine.ended(2, hadConnected: true, now: .zero) == [.end(call: 3, .lost(worker: 2))])
        _ = machine.timePassed(.seconds(1))
        #expect(
            machine.ended(3, hadConnected: false, isHopeless: true, now: .seconds(1))
                == [.end(call: 5, .poolFailed), .closeInput(worker: 1)])
        #expect(
            machine.ended(1, hadConnected: true, now: .seconds(2))
                == [.end(call: 4, .lost(worker: 1)), .end(call: 6, .poolFailed)])
        #expect(machine.isOver && machine.nextTime == nil)
    }

    @Test func `A worker that says nothing is pinged and then killed`() {
        var machine = readyMachine()
        #expect(machine.timePassed(.milliseconds(2500)) == [.ping(worker: 1)])
        #expect(machine.timePassed(.seconds(10)) == [.kill(worker: 1, .silence)])
        #expect(machine.timePassed(.seconds(20)).isEmpty)
    }

    @Test func `Time in which the pool itself didn't run isn't silence`() {
        var machine = readyMachine()
        _ = machine.submit(1, kind: 0, now: .zero)
        _ = machine.cancel(1, gracePeriod: .seconds(1), now: .zero)
        machine.paused(for: .seconds(3_600), now: .seconds(3_600))
        #expect(machine.timePassed(.seconds(3_600)) == [.ping(worker: 1)])
        // The cancelled call has its grace period still.
        #expect(machine.timePassed(.seconds(3_601)) == [.kill(worker: 1, .cancelOverdue)])
        var other = readyMachine()
        other.paused(for: .seconds(3_600), now: .seconds(3_600))
        #expect(other.timePassed(.seconds(3_609)) == [.ping(worker: 1)])
        #expect(other.timePassed(.seconds(3_610)) == [.kill(worker: 1, .silence)])
    }

    @Test func `An interpreter may say nothing while it has a call, and only then`() {
        var machine = readyMachine { $0.allowsBusySilence = true }
        _ = machine.submit(1, kind: 0, now: .zero)
        #expect(machine.timePassed(.milliseconds(2_500)) == [.ping(worker: 1)])
        // The ping wasn't answered: the call has begun, and its time limit with it.
        #expect(machine.timePassed(.seconds(60)) == [.ping(worker: 1), .presumeStarted(call: 1, worker: 1)])
        #expect(machine.nextTime! > .seconds(60))
        _ = machine.finished(1, by: 1, elapsed: .seconds(61), now: .seconds(61))
        #expect(machine.timePassed(.seconds(70)) == [.ping(worker: 1)])
        #expect(machine.timePassed(.seconds(71)) == [.kill(worker: 1, .silence)])
    }

    @Test func `An interpreter whose call is overdue shows its stack before it is killed`() {
        var machine = readyMachine { $0.stackPatience = .milliseconds(200) }
        _ = machine.submit(1, kind: 0, now: .zero)
        _ = machine.cancel(1, gracePeriod: .seconds(1), now: .zero)
        #expect(machine.timePassed(.seconds(1)) == [.showStack(worker: 1)])
        #expect(machine.timePassed(.milliseconds(1_100)).isEmpty)
        #expect(machine.timePassed(.milliseconds(1_200)) == [.kill(worker: 1, .cancelOverdue)])
    }

    @Test func `A cancelled call that doesn't end costs its worker`() {
        var machine = readyMachine()
        _ = machine.submit(1, kind: 0, now: .zero)
        #expect(machine.cancel(1, gracePeriod: .seconds(1), now: .zero) == [.cancel(call: 1, worker: 1)])
        #expect(machine.timePassed(.seconds(1)) == [.kill(worker: 1, .cancelOverdue)])
        #expect(machine.ended(1, hadConnected: true, now: .seconds(1)) == [.end(call: 1, .cancelled)])
    }

    @Test func `A worker that has done enough ends after its last call, and is replaced at once`() {
        var machine = readyMachine { $0.taskLimit = 1 }
        _ = machine.submit(1, kind: 0, now: .zero)
        let actions = machine.finished(1, by: 1, elapsed: .zero, now: .zero)
        #expect(actions == [.deliver(call: 1), .closeInput(worker: 1)])
        #expect(machine.submit(2, kind: 0, now: .zero).isEmpty)
        #expect(machine.ended(1, hadConnected: true, now: .zero) == [.launch(worker: 2, slot: 0)])
    }

    @Test(arguments: 0..<200)
    func `Whatever happens, every call ends once and limits hold`(seed: UInt64) {
        var world = PoolWorld(seed: seed)
        for _ in 0..<600 { world.step() }
        world.finish()
        #expect(world.problems.isEmpty, "seed \(seed): \(world.problems)")
        #expect(world.ended.count == world.submitted, "seed \(seed)")
    }
}

/// Everything around a machine: workers that answer, crash, hang and come late, in an order that a seed decides.
private struct PoolWorld {
    var machine: PoolMachine
    var random: ProbeRandom
    var now = Duration.zero
    var submitted = 0
    var ended: Set<UInt64> = []
    var problems: [String] = []
    /// What workers have: whether they are connected, and their calls.
    var workers: [Int: (isConnected: Bool, calls: [UInt64], isClosing: Bool)] = [:]
    let concurrency: Int

    init(seed: UInt64) {
        random = ProbeRandom(seed)
        var settings = PoolMachine.Settings()
        settings.workers = random.below(4) + 1
        settings.concurrency = random.below(3) + 1
        settings.inFlightLimit = settings.concurrency + random.below(8)
        settings.taskLimit = random.below(2) == 0 ? .max : random.below(20) + 1
        settings.startFailureLimit = 1_000_000
        settings.firstBackoff = .milliseconds(1)
        settings.longestBackoff = .milliseconds(50)
        settings.allowsBusySilence = random.below(2) == 0
        settings.stackPatience = random.below(2) == 0 ? .milliseconds(random.below(30)) : nil
        concurrency = settings.concurrency
        machine = PoolMachine(settings)
    }

    mutating func step() {
        now += .milliseconds(random.below(20))
        apply(machine.timePassed(now))
        switch random.below(20) {
        case 0..<8:
            submitted += 1
            apply(machine.submit(UInt64(submitted), kind: random.below(3), now: now))
        case 8..<14:
            guard let (worker, it) = anyWorker(where: { $0.isConnected && !$0.calls.isEmpty }) else { break }
            let place = random.below(min(concurrency, it.calls.count))
            let call = workers[worker]!.calls.remove(at: place)
            let elapsed = Duration.microseconds(random.below(3) == 0 ? 5_000 : 1)
            apply(machine.finished(call, by: worker, elapsed: elapsed, now: now) + machine.fill())
        case 14, 15:
            guard let (worker, _) = anyWorker(where: { !$0.isConnected }) else { break }
            workers[worker]!.isConnected = true
            apply(machine.connected(worker, now: now))
        case 16:
            if submitted > 0 {
                let call = UInt64(random.below(submitted) + 1)
                apply(machine.cancel(call, gracePeriod: .milliseconds(random.below(100)), now: now))
            }
        case 17: if let (worker, it) = anyWorker(where: { _ in true }) { end(worker, it.isConnected) }
        case 18: if let (worker, _) = anyWorker(where: { $0.isClosing }) { end(worker, true) }
        default:
            // A result that comes too late, or twice, changes nothing.
            guard let call = ended.min(), let (worker, _) = anyWorker(where: { $0.isConnected }) else { break }
            apply(machine.finished(call, by: worker, elapsed: .zero, now: now))
        }
        for (worker, state) in machine.workers where state.inFlight.count > machine.settings.inFlightLimit {
            problems.append("worker \(worker) has \(state.inFlight.count) calls")
        }
    }

    mutating func finish() {
        apply(machine.close(now: now))
        for worker in workers.keys.sorted() { end(worker, workers[worker]!.isConnected) }
        if !machine.isOver { problems.append("it isn't over") }
    }

    private mutating func anyWorker(
        where condition: ((isConnected: Bool, calls: [UInt64], isClosing: Bool)) -> Bool
    ) -> (Int, (isConnected: Bool, calls: [UInt64], isClosing: Bool))? {
        let found = workers.filter { condition($0.value) }.sorted { $0.key < $1.key }
        return found.isEmpty ? nil : found[random.below(found.count)]
    }

    private mutating func end(_ worker: Int, _ wasConnected: Bool) {
        workers[worker] = nil
        apply(machine.ended(worker, hadConnected: wasConnected, now: now))
    }

    private mutating func apply(_ actions: [PoolMachine.Action]) {
        for action in actions {
            switch action {
            case .launch(let worker, _): workers[worker] = (false, [], false)
            case .send(let call, let worker):
                if workers[worker]?.isConnected != true { problems.append("call \(call) sent to no worker") }
                if ended.contains(call) { problems.append("call \(call) sent after its end") }
                workers[worker]?.calls.append(call)
            case .cancel, .ping, .showStack, .presumeStarted: break
            case .closeInput(let worker): workers[worker]?.isClosing = true
            case .kill(let worker, _): workers[worker].map { end(worker, $0.isConnected) }
            case .deliver(let call), .end(let call, _):
                if !ended.insert(call).inserted { problems.append("call \(call) ended twice") }
            }
        }
    }
}
