import AsyncFlow
import Testing

@testable import AsyncFlowSlurm

@Suite("What the machine decides for pilots")
struct PilotMachineTests {
    typealias Action = PilotMachine.Action

    /// A machine with one pilot of two nodes with four cores each, whose time is 1000 s.
    private func machine(
        pilots: Int = 1, nodes: Int = 2, end: Duration? = .seconds(1000),
        _ change: (inout PilotMachine.Settings) -> Void = { _ in }
    ) -> PilotMachine {
        var settings = PilotMachine.Settings()
        settings.nodes = nodes
        settings.coresPerNode = 4
        settings.walltime = end
        settings.maximumPilots = pilots
        change(&settings)
        var machine = PilotMachine(settings)
        #expect(machine.submit(1, .init(), now: .zero) == [.allocate(pilot: 1)])
        #expect(machine.granted(1, nodes: (1...nodes).map { "n\($0)" }, end: end, now: .zero) == [])
        #expect(machine.nodeReady(1, 0, now: .zero) == [.start(1, pilot: 1, [.init(node: 0, ranks: 1)])])
        for node in 1..<max(2, nodes) where node < nodes { #expect(machine.nodeReady(1, node, now: .zero) == []) }
        #expect(machine.finished(1, elapsed: nil, now: .zero) == [])
        return machine
    }

    private func kind(
        cores: Int = 1, ranks: Int = 1, gpus: Int = 0, memory: Int64 = 0, name: String = "a", timeout: Duration? = nil,
        priority: Int = 0
    ) -> PilotMachine.Kind {
        .init(
            need: .init(cores: cores, memory: memory, gpus: gpus, ranks: ranks), priority: priority, name: name,
            timeout: timeout)
    }

    private func starts(_ actions: [Action]) -> [UInt64] {
        actions.compactMap { if case .start(let key, _, _) = $0 { key } else { nil } }
    }

    @Test("tasks are spread over nodes, and wait when all is taken; the more urgent one goes first")
    func places() {
        var machine = machine()
        #expect(machine.submit(2, kind(cores: 3), now: .zero) == [.start(2, pilot: 1, [.init(node: 0, ranks: 1)])])
        #expect(machine.submit(3, kind(cores: 3), now: .zero) == [.start(3, pilot: 1, [.init(node: 1, ranks: 1)])])
        #expect(machine.submit(4, kind(cores: 2), now: .zero) == [])
        #expect(machine.submit(5, kind(cores: 2, priority: 1), now: .zero) == [])
        #expect(starts(machine.finished(2, elapsed: nil, now: .zero)) == [5, 4])
    }

    @Test("ranks are on as many nodes as they need, memory and GPUs are counted")
    func resources() {
        var machine = machine {
            $0.memoryPerNode = 100
            $0.gpusPerNode = 2
        }
        let shares = [PilotMachine.Share(node: 0, ranks: 4), .init(node: 1, ranks: 2)]
        #expect(machine.submit(2, kind(ranks: 6), now: .zero) == [.start(2, pilot: 1, shares)])
        #expect(machine.submit(3, kind(ranks: 9), now: .zero) == [.end(3, .tooLarge)])
        #expect(machine.submit(4, kind(memory: 101), now: .zero) == [.end(4, .tooLarge)])
        #expect(machine.submit(5, kind(gpus: 3000), now: .zero) == [.end(5, .tooLarge)])
        #expect(machine.finished(2, elapsed: nil, now: .zero) == [])
        let both = [
            PilotMachine.Share(
                node: 0, ranks: 1, gpus: [.init(index: 0, thousandths: 1000), .init(index: 1, thousandths: 1000)])
        ]
        let half = [PilotMachine.Share(node: 1, ranks: 1, gpus: [.init(index: 0, thousandths: 500)])]
        #expect(machine.submit(6, kind(gpus: 2000, memory: 60), now: .zero) == [.start(6, pilot: 1, both)])
        #expect(machine.submit(7, kind(gpus: 500, memory: 60), now: .zero) == [.start(7, pilot: 1, half)])
        #expect(machine.submit(8, kind(memory: 50), now: .zero) == [])
        #expect(starts(machine.finished(6, elapsed: nil, now: .zero)) == [8])
    }

    @Test("a task that is overtaken too often has room kept for it")
    func fairness() {
        var machine = machine(nodes: 1) { $0.setbackLimit = 3 }
        #expect(starts(machine.submit(2, kind(cores: 2), now: .zero)) == [2])
        #expect(machine.submit(3, kind(cores: 4, name: "wide"), now: .zero) == [])
        var started: [UInt64] = []
        for key in 4...20 as ClosedRange<UInt64> {
            started += starts(machine.submit(key, kind(cores: 1), now: .zero))
            if key > 4 { started += starts(machine.finished(key - 1, elapsed: nil, now: .zero)) }
        }
        #expect(started.count == 3)
        started += starts(machine.finished(2, elapsed: nil, now: .zero))
        for key in started { started += starts(machine.finished(key, elapsed: nil, now: .zero)) }
        #expect(started.contains(3))
    }

    @Test("nothing starts that wouldn't end in time, by its timeout or by what others of its name took")
    func time() {
        var machine = machine(pilots: 2)
        #expect(starts(machine.submit(2, kind(timeout: .seconds(900)), now: .zero)) == [2])
        #expect(machine.submit(3, kind(name: "b", timeout: .seconds(600)), now: .seconds(400)) == [.allocate(pilot: 2)])
        #expect(starts(machine.submit(4, kind(name: "known"), now: .seconds(400))) == [4])
        #expect(machine.finished(4, elapsed: .seconds(300), now: .seconds(700)) == [])
        #expect(starts(machine.submit(5, kind(name: "known"), now: .seconds(700))) == [])
        #expect(starts(machine.submit(6, kind(name: "new"), now: .seconds(700))) == [6])
        _ = machine.granted(2, nodes: ["n3", "n4"], end: .seconds(1700), now: .seconds(700))
        #expect(starts(machine.nodeReady(2, 0, now: .seconds(700))) == [3, 5])
    }

    @Test("what may take longer than any pilot has time gets a new one")
    func longTasks() {
        var machine = machine()
        #expect(
            machine.submit(2, kind(timeout: .seconds(5000)), now: .seconds(500)) == [
                .release(pilot: 1), .allocate(pilot: 2),
            ])
        #expect(machine.ended(1, now: .seconds(501)) == [])
        _ = machine.granted(2, nodes: ["n3", "n4"], end: .seconds(1510), now: .seconds(510))
        #expect(starts(machine.nodeReady(2, 0, now: .seconds(511))) == [2])
    }

    @Test("a pilot with too little time for one task stays for others, as long as there may be a further one")
    func stays() {
        var machine = machine(pilots: 2) { $0.idleTimeout = .seconds(5000) }
        #expect(machine.submit(2, kind(timeout: .seconds(900)), now: .seconds(500)) == [.allocate(pilot: 2)])
        _ = machine.granted(2, nodes: ["n3", "n4"], end: .seconds(1510), now: .seconds(510))
        #expect(machine.nodeReady(2, 0, now: .seconds(511)) == [.start(2, pilot: 2, [.init(node: 0, ranks: 1)])])
        #expect(
            machine.submit(3, kind(name: "b"), now: .seconds(512)) == [
                .start(3, pilot: 1, [.init(node: 0, ranks: 1)])
            ])
    }

    @Test("before its end a pilot starts nothing, and goes when its last task has ended")
    func draining() {
        var machine = machine()
        #expect(starts(machine.submit(2, kind(), now: .zero)) == [2])
        #expect(machine.nextTime(after: .seconds(1)) == .seconds(970))
        #expect(machine.timePassed(.seconds(970)) == [])
        #expect(machine.submit(3, kind(), now: .seconds(971)) == [.allocate(pilot: 2)])
        #expect(machine.finished(2, elapsed: .seconds(971), now: .seconds(972)) == [.release(pilot: 1)])
    }

    @Test("a further pilot when as much waits as fills one, none when nothing is to be done")
    func elastic() {
        var machine = machine(pilots: 3)
        for key in 2...16 as ClosedRange<UInt64> {
            #expect(!machine.submit(key, kind(), now: .zero).contains(.allocate(pilot: 2)), "\(key)")
        }
        #expect(machine.submit(17, kind(), now: .zero) == [.allocate(pilot: 2)])
        for key in 18...24 as ClosedRange<UInt64> { #expect(machine.submit(key, kind(), now: .zero) == []) }
        #expect(machine.submit(25, kind(), now: .zero) == [.allocate(pilot: 3)])
        for key in 26...40 as ClosedRange<UInt64> { #expect(machine.submit(key, kind(), now: .zero) == []) }
        for key in 2...40 as ClosedRange<UInt64> { _ = machine.cancel(key, now: .zero) }
        for key in 2...40 as ClosedRange<UInt64> { _ = machine.finished(key, elapsed: nil, now: .zero) }
        #expect(machine.nextTime(after: .zero) == .seconds(60))
        #expect(machine.timePassed(.seconds(60)) == [.release(pilot: 1)])
        #expect(machine.granted(2, nodes: ["n3", "n4"], end: nil, now: .seconds(61)) == [])
        #expect(machine.timePassed(.seconds(121)) == [.release(pilot: 2)])
    }

    @Test("after several allocations that failed everything fails that waits; one that is refused is enough")
    func failures() {
        for isFinal in [false, true] {
            var settings = PilotMachine.Settings()
            settings.nodes = 1
            var machine = PilotMachine(settings)
            #expect(machine.submit(1, kind(), now: .zero) == [.allocate(pilot: 1)])
            var actions = machine.failed(1, "no", isFinal: isFinal, now: .zero)
            if !isFinal {
                #expect(actions == [] && machine.nextTime(after: .zero) == .seconds(1))
                #expect(machine.timePassed(.seconds(1)) == [.allocate(pilot: 2)])
                #expect(machine.failed(2, "no", isFinal: false, now: .seconds(1)) == [])
                #expect(machine.timePassed(.seconds(3)) == [.allocate(pilot: 3)])
                actions = machine.failed(3, "no", isFinal: false, now: .seconds(3))
            }
            #expect(actions == [.end(1, .unavailable("no"))])
        }
    }

    @Test("a node that is lost is left out; a pilot without nodes goes")
    func nodes() {
        var machine = machine()
        machine.nodeSuspended(1, 0)
        let onSecond = [PilotMachine.Share(node: 1, ranks: 1)]
        #expect(machine.submit(2, kind(cores: 4), now: .zero) == [.start(2, pilot: 1, onSecond)])
        #expect(machine.submit(3, kind(cores: 4), now: .zero) == [])
        #expect(starts(machine.nodeReady(1, 0, now: .zero)) == [3])
        #expect(machine.nodeLost(1, 0, "gone", now: .zero) == [])
        #expect(machine.nodeLost(1, 1, "gone", now: .zero) == [.release(pilot: 1)])
        #expect(machine.finished(2, elapsed: nil, now: .zero) == [])
        #expect(machine.ended(1, now: .zero) == [])
        #expect(machine.submit(4, kind(), now: .seconds(2)) == [.allocate(pilot: 2)])
    }

    @Test("in an allocation that there is, what wouldn't end in time fails, as does all after its end")
    func fixed() {
        var machine = machine { $0.isFixed = true }
        #expect(machine.submit(2, kind(timeout: .seconds(980)), now: .zero) == [.end(2, .tooLate)])
        #expect(starts(machine.submit(3, kind(timeout: .seconds(900)), now: .zero)) == [3])
        #expect(machine.timePassed(.seconds(970)) == [])
        #expect(machine.submit(4, kind(), now: .seconds(971)) == [.end(4, .tooLate)])
        #expect(machine.ended(1, now: .seconds(1000)) == [])
        #expect(machine.submit(5, kind(), now: .seconds(1001)) == [.end(5, .tooLate)])
    }

    @Test("cancelled before it starts, and closed")
    func closing() {
        var machine = machine(nodes: 1)
        #expect(starts(machine.submit(2, kind(cores: 4), now: .zero)) == [2])
        #expect(machine.submit(3, kind(), now: .zero) == [] && machine.submit(4, kind(), now: .zero) == [])
        #expect(machine.cancel(2, now: .zero) == [])
        #expect(machine.cancel(3, now: .zero) == [.end(3, .cancelled)])
        #expect(machine.close() == [.end(4, .closed), .release(pilot: 1)])
        #expect(machine.submit(5, kind(), now: .zero) == [.end(5, .closed)])
        #expect(machine.finished(2, elapsed: nil, now: .zero) == [] && !machine.isOver)
        #expect(machine.ended(1, now: .zero) == [] && machine.isOver)
    }
}
