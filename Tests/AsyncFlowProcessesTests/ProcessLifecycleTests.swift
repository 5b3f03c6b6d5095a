import Testing

@testable import AsyncFlowProcesses

@Suite("The end of a process, as a state machine")
struct ProcessLifecycleTests {
    let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ProcessLifecycle.Instant { start + .seconds(seconds) }

    @Test("A process that ends alone is finished at once")
    func plain() {
        var machine = ProcessLifecycle(gracePeriod: .seconds(5))
        #expect(machine.leaderExited(now: start).signal == .terminate)
        #expect(machine.leaderReaped(groupIsGone: true, now: start) == .init(isFinished: true))
        #expect(!machine.isCancelled)
    }

    @Test("A cancelled process gets the kill signal when the grace period is over, and not before")
    func grace() {
        var machine = ProcessLifecycle(gracePeriod: .seconds(5))
        #expect(machine.cancelled(now: start) == .init(signal: .terminate, wakeAt: at(5)))
        #expect(machine.timePassed(groupIsGone: false, now: at(4)) == .init(wakeAt: at(5)))
        #expect(machine.timePassed(groupIsGone: false, now: at(5)) == .init(signal: .kill))
        #expect(machine.leaderExited(now: at(5)) == .init())
        #expect(machine.leaderReaped(groupIsGone: true, now: at(5)).isFinished)
        #expect(machine.isCancelled)
    }

    @Test("Cancelling again changes nothing")
    func twice() {
        var machine = ProcessLifecycle(gracePeriod: .seconds(5))
        _ = machine.cancelled(now: start)
        #expect(machine.cancelled(now: at(1)) == .init(wakeAt: at(5)))
        _ = machine.timePassed(groupIsGone: false, now: at(5))
        #expect(machine.cancelled(now: at(6)) == .init())
    }

    @Test(
        "What is left behind is looked for at growing intervals, killed at the end of the grace period, and waited for")
    func leftovers() {
        var machine = ProcessLifecycle(gracePeriod: .milliseconds(100))
        _ = machine.leaderExited(now: start)
        var step = machine.leaderReaped(groupIsGone: false, now: start)
        var times: [Double] = []
        var signals = 0
        while times.count < 20, let wakeAt = step.wakeAt {
            times.append((wakeAt - start) / .milliseconds(1))
            #expect(machine.awaitsGroup)
            step = machine.timePassed(groupIsGone: false, now: wakeAt)
            if step.signal == .kill { signals += 1 }
            if signals == 0 { #expect(times.last! < 100) }
        }
        #expect(times.prefix(8) == [1, 3, 7, 15, 31, 63, 100, 150])
        #expect(signals == 14)
        #expect(machine.timePassed(groupIsGone: true, now: at(9)) == .init(isFinished: true))
        #expect(!machine.isCancelled)
    }

    @Test("A cancellation that comes when the process had ended by itself isn't one")
    func late() {
        var machine = ProcessLifecycle(gracePeriod: .seconds(5))
        _ = machine.leaderExited(now: start)
        _ = machine.leaderReaped(groupIsGone: false, now: start)
        #expect(machine.cancelled(now: start).signal == nil)
        #expect(!machine.isCancelled)
        _ = machine.timePassed(groupIsGone: true, now: at(1))
        #expect(machine.cancelled(now: at(1)) == .init())
        #expect(machine.timePassed(groupIsGone: true, now: at(1)) == .init())
    }

    @Test("The tail of a stream is its last bytes, however it comes", arguments: [1, 7, 64, 1000])
    func tail(piece: Int) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var tail = TailBuffer(limit: 64)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            bytes[start..<min(bytes.count, start + piece)].withUnsafeBytes { tail.append($0) }
        }
        #expect(tail.bytes == bytes.suffix(64))
    }

    @Test("A cut text begins with a whole character")
    func cut() {
        #expect(OutputText.tail(of: Array("aéb".utf8), limit: 2) == "b")
        #expect(OutputText.tail(of: Array("aéb".utf8), limit: 3) == "éb")
        #expect(OutputText.tail(of: [0x80, 0x61], limit: 9) == "\u{FFFD}a")
    }
}
