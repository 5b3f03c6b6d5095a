import TestSupport
import Testing

@testable import AsyncFlow

@Suite("The life of a service")
struct ServiceMachineTests {
    typealias Action = ServiceMachine.Action

    private func machine(_ restart: ServiceRestart = .never) -> ServiceMachine {
        ServiceMachine(restart: restart, startupTimeout: .seconds(60))
    }

    private func launched(_ run: Int, at time: Duration = .zero) -> [Action] {
        [.launch(run: run), .limitStartup(run: run, until: time + .seconds(60)), .check(run: run, at: time)]
    }

    private func ready(_ restart: ServiceRestart = .never) -> ServiceMachine {
        var machine = machine(restart)
        _ = machine.start(at: .zero)
        _ = machine.checkPassed(1)
        return machine
    }

    @Test("it is started, checked with growing pauses, and ready")
    func start() {
        var machine = machine()
        #expect(machine.start(at: .zero) == launched(1))
        #expect(machine.publicState == .starting)
        #expect(machine.checkFailed(1, at: .zero) == [.check(run: 1, at: .milliseconds(10))])
        #expect(machine.checkFailed(1, at: .milliseconds(10)) == [.check(run: 1, at: .milliseconds(25))])
        for _ in 0..<20 { _ = machine.checkFailed(1, at: .zero) }
        #expect(machine.checkFailed(1, at: .zero) == [.check(run: 1, at: .milliseconds(500))])
        #expect(machine.checkPassed(1) == [.announceReady(run: 1)])
        #expect(machine.publicState == .ready)
        #expect(machine.checkPassed(1) == [])
        #expect(machine.startupIsOver(1) == [])
        #expect(machine.start(at: .zero) == [])
    }

    @Test("a process that ends is the end of a service that isn't restarted", arguments: [true, false], [true, false])
    func death(wasReady: Bool, failed: Bool) {
        var machine = wasReady ? ready() : machine()
        if !wasReady { _ = machine.start(at: .zero) }
        #expect(machine.processEnded(1, failed: failed, at: .zero) == [.end(.died(wasReady: wasReady))])
        #expect(machine.publicState == .failed)
        #expect(machine.stop(.requested) == [])
    }

    @Test("a start-up that takes too long ends the process, and the service")
    func neverReady() {
        var machine = machine()
        _ = machine.start(at: .zero)
        #expect(machine.startupIsOver(1) == [.interrupt(run: 1)])
        #expect(machine.checkPassed(1) == [])
        #expect(machine.checkFailed(1, at: .zero) == [])
        #expect(machine.processEnded(1, failed: false, at: .zero) == [.end(.neverReady)])
        #expect(machine.publicState == .failed)
    }

    @Test(
        "a service is restarted by its policy",
        arguments: [
            (ServiceRestart.never, true, false), (.always(maximum: 1, backoff: .none), true, true),
            (.always(maximum: 1, backoff: .none), false, true), (.onFailure(maximum: 1, backoff: .none), true, true),
            (.onFailure(maximum: 1, backoff: .none), false, false),
        ])
    func restartPolicy(restart: ServiceRestart, failed: Bool, restarts: Bool) {
        var machine = ready(restart)
        let actions = machine.processEnded(1, failed: failed, at: .seconds(5))
        #expect(actions == (restarts ? [.restart(run: 2, at: .seconds(5))] : [.end(.died(wasReady: true))]))
    }

    @Test("restarts come after the backoff's pauses, and no more than allowed; an unready one counts")
    func restarts() {
        var machine = ready(.onFailure(maximum: 2, backoff: .exponential(initial: .seconds(1))))
        #expect(machine.processEnded(1, failed: true, at: .seconds(1)) == [.restart(run: 2, at: .seconds(2))])
        #expect(machine.publicState == .restarting)
        #expect(machine.pauseIsOver(1, at: .seconds(2)) == [])
        #expect(machine.pauseIsOver(2, at: .seconds(2)) == launched(2, at: .seconds(2)))
        #expect(machine.processEnded(1, failed: true, at: .seconds(2)) == [])
        #expect(machine.startupIsOver(1) == [])
        #expect(machine.startupIsOver(2) == [.interrupt(run: 2)])
        #expect(machine.processEnded(2, failed: false, at: .seconds(3)) == [.restart(run: 3, at: .seconds(5))])
        #expect(machine.pauseIsOver(3, at: .seconds(5)) == launched(3, at: .seconds(5)))
        #expect(machine.checkPassed(3) == [.announceReady(run: 3)])
        #expect(machine.processEnded(3, failed: true, at: .seconds(6)) == [.end(.died(wasReady: true))])
    }

    @Test(
        "stopping waits for the process, from wherever it is", arguments: ["starting", "ready", "replacing", "pausing"])
    func stop(from: String) {
        var machine = from == "ready" || from == "pausing" ? ready(.always(maximum: 3)) : machine()
        switch from {
        case "starting": _ = machine.start(at: .zero)
        case "replacing":
            _ = machine.start(at: .zero)
            _ = machine.startupIsOver(1)
        case "pausing": _ = machine.processEnded(1, failed: true, at: .zero)
        default: break
        }
        if from == "pausing" {
            #expect(machine.stop(.unused) == [.end(.stopped(.unused))])
        } else {
            #expect(machine.stop(.unused) == (from == "replacing" ? [] : [.interrupt(run: 1)]))
            #expect(machine.publicState == .stopping)
            #expect(machine.stop(.requested) == [])
            #expect(machine.checkPassed(1) == [])
            #expect(machine.processEnded(1, failed: true, byItself: false, at: .zero) == [.end(.stopped(.unused))])
        }
        #expect(machine.publicState == .stopped)
        #expect(machine.pauseIsOver(2, at: .seconds(9)) == [])
    }

    @Test("one that is stopped before it was started never starts")
    func stoppedBefore() {
        var machine = machine()
        #expect(machine.stop(.cancelled) == [.end(.stopped(.cancelled))])
        #expect(machine.start(at: .zero) == [])
    }

    @Test(
        "whatever happens in whatever order, one process runs at a time and the end comes once",
        arguments: Seeds.some(20))
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let maximum = Int.random(in: 0...3, using: &random)
            var machine = machine(
                random.chance(0.5) ? .always(maximum: maximum) : .onFailure(maximum: maximum, backoff: .none))
            var (running, interrupted, ends, launches): (Int?, Int?, Int, Int) = (nil, nil, 0, 0)
            for _ in 0..<60 {
                let run = Int.random(in: 0...(launches + 1), using: &random)
                let now = Duration.seconds(Int.random(in: 0...100, using: &random))
                let actions: [Action]
                switch Int.random(in: 0..<9, using: &random) {
                case 0, 1: actions = machine.start(at: now)
                case 2: actions = machine.checkPassed(run)
                case 3: actions = machine.checkFailed(run, at: now)
                case 4: actions = random.chance(0.3) ? machine.startupIsOver(run) : []
                case 5, 6:
                    guard let process = running else { continue }
                    running = nil
                    actions = machine.processEnded(process, failed: random.chance(0.5), at: now)
                case 7: actions = machine.pauseIsOver(run, at: now)
                default: actions = random.chance(0.1) ? machine.stop(.requested) : []
                }
                for action in actions {
                    #expect(ends == 0, "seed \(seed): an action after the end")
                    switch action {
                    case .launch(let run):
                        #expect(running == nil && run == launches + 1, "seed \(seed)")
                        (running, launches) = (run, run)
                    case .interrupt(let run):
                        #expect(running == run && interrupted != run, "seed \(seed)")
                        interrupted = run
                    case .restart(let run, let time):
                        #expect(running == nil && run == launches + 1 && time >= now, "seed \(seed)")
                    case .announceReady(let run), .check(let run, _), .limitStartup(let run, _):
                        #expect(running == run && interrupted != run, "seed \(seed)")
                    case .end:
                        #expect(running == nil, "seed \(seed): the end came before that of the process")
                        ends += 1
                    }
                }
                #expect((machine.end != nil) == (ends == 1), "seed \(seed)")
                #expect(launches <= maximum + 1, "seed \(seed)")
            }
        }
    }
}
