import Testing

@testable import AsyncFlowOpenTelemetry

private typealias Machine = ExportMachine<Int>

extension ExportMachine {
    fileprivate static func make(
        queue: Int = 10, batch: Int = 3, delay: Duration = .seconds(5), collect: Duration? = nil
    ) -> ExportMachine {
        ExportMachine(
            Settings(
                queueLimit: queue, batchLimit: batch, delay: delay, requestTimeout: .seconds(10),
                patience: .seconds(30), collectionInterval: collect), at: .zero)
    }
}

extension ExportMachine.Action {
    fileprivate var text: String {
        switch self {
        case .collect: "collect"
        case .send(let items, let deadline): "send \(items) by \(deadline / .seconds(1))"
        case .resend(let deadline): "resend by \(deadline / .seconds(1))"
        case .abort: "abort"
        case .sleep(let until): until.map { "sleep until \($0 / .seconds(1))" } ?? "sleep"
        case .end: "end"
        }
    }
}

@Suite("When a collector is sent what")
struct ExportMachineTests {
    @Test("a batch is sent when it is full, and otherwise when its oldest item has waited long enough")
    func batches() {
        var machine = Machine.make()
        #expect(machine.next(at: .zero).text == "sleep")
        #expect(machine.add([1], at: .seconds(1)) == true)
        #expect(machine.next(at: .seconds(1)).text == "sleep until 6.0")
        #expect(machine.add([2], at: .seconds(2)) == false)
        #expect(machine.add([3, 4], at: .seconds(3)) == true)
        #expect(machine.next(at: .seconds(3)).text == "send [1, 2, 3] by 13.0")
        #expect(machine.next(at: .seconds(3)).text == "sleep")
        machine.answered(.accepted(rejected: 0, message: ""), at: .seconds(4), random: 0)
        #expect(machine.next(at: .seconds(4)).text == "sleep until 9.0")
        #expect(machine.next(at: .seconds(9)).text == "send [4] by 19.0")
        #expect(machine.report.sent == 3)
    }

    @Test("of what there is no room for, the new is left out and counted")
    func overflow() {
        var machine = Machine.make(queue: 4)
        _ = machine.add([1, 2, 3, 4, 5, 6], at: .zero)
        #expect(machine.next(at: .zero).text == "send [1, 2, 3] by 10.0")
        _ = machine.add([7, 8, 9, 10], at: .zero)
        #expect(machine.report.dropped == 3)
        machine.answered(.accepted(rejected: 2, message: "too old"), at: .zero, random: 0)
        #expect(machine.next(at: .zero).text == "send [4, 7, 8] by 10.0")
        #expect(machine.report.sent == 1)
        #expect(machine.report.rejected == 2)
        #expect(machine.report.lastProblem == "too old")
    }

    @Test("a busy collector is asked again, when it says or after pauses that grow, for as long as there is patience")
    func retries() {
        var machine = Machine.make(batch: 1)
        _ = machine.add([1], at: .zero)
        #expect(machine.next(at: .zero).text == "send [1] by 10.0")
        machine.answered(.busy("429", retryAfter: .seconds(7)), at: .zero, random: 0)
        #expect(machine.next(at: .seconds(6)).text == "sleep until 7.0")
        #expect(machine.next(at: .seconds(7)).text == "resend by 17.0")
        machine.answered(.unreachable("refused"), at: .seconds(8), random: 0.999_999)
        guard case .sleep(let until?) = machine.next(at: .seconds(8)) else { return #expect(Bool(false)) }
        #expect(abs(until / .seconds(1) - 9.5) < 0.01)
        #expect(machine.next(at: .seconds(10)).text == "resend by 20.0")
        machine.answered(.busy("503", retryAfter: nil), at: .seconds(31), random: 0)
        #expect(machine.next(at: .seconds(31)).text == "sleep")
        #expect(machine.report.undelivered == 1)
        #expect(machine.report.retries == 2)
    }

    @Test("what a collector refuses isn't tried again")
    func refusal() {
        var machine = Machine.make(batch: 1)
        _ = machine.add([1, 2], at: .zero)
        _ = machine.next(at: .zero)
        machine.answered(.refused("status 400"), at: .zero, random: 0)
        #expect(machine.next(at: .zero).text == "send [2] by 10.0")
        #expect(machine.report.undelivered == 1)
        #expect(machine.report.lastProblem == "status 400")
    }

    @Test("at the end everything is sent at once, and what isn't by the deadline is given up")
    func stop() {
        var machine = Machine.make()
        _ = machine.add([1, 2, 3, 4], at: .zero)
        machine.stop(deadline: .seconds(3))
        #expect(machine.next(at: .zero).text == "send [1, 2, 3] by 3.0")
        #expect(machine.next(at: .seconds(1)).text == "sleep until 3.0")
        #expect(machine.next(at: .seconds(3)).text == "abort")
        #expect(machine.next(at: .seconds(3)).text == "sleep")
        machine.answered(.unreachable("cancelled"), at: .seconds(3), random: 0)
        #expect(machine.next(at: .seconds(3)).text == "end")
        #expect(machine.report.undelivered == 4)
        #expect(machine.add([5], at: .seconds(4)) == false)
        #expect(machine.report.dropped == 1)
    }

    @Test("at the end nobody waits for a collector that isn't there, or that wants to be asked later than that")
    func stopWithoutCollector() {
        for answer: Machine.Answer in [.unreachable("refused"), .busy("503", retryAfter: .seconds(60))] {
            var machine = Machine.make()
            _ = machine.add([1, 2, 3, 4], at: .zero)
            machine.stop(deadline: .seconds(3))
            _ = machine.next(at: .zero)
            machine.answered(answer, at: .zero, random: 0)
            #expect(machine.next(at: .zero).text == "end")
            #expect(machine.report.undelivered == 4)
        }
        var machine = Machine.make(batch: 1)
        _ = machine.add([1], at: .zero)
        _ = machine.next(at: .zero)
        machine.answered(.busy("503", retryAfter: .seconds(60)), at: .zero, random: 0)
        machine.stop(deadline: .seconds(3))
        #expect(machine.next(at: .seconds(1)).text == "end")
        #expect(machine.report.undelivered == 1)
    }

    @Test("at the end a pause for a collector that isn't there is broken off for a last attempt")
    func stopInPause() {
        var machine = Machine.make(batch: 1)
        _ = machine.add([1], at: .zero)
        _ = machine.next(at: .zero)
        machine.answered(.unreachable("refused"), at: .zero, random: 1)
        #expect(machine.next(at: .zero).text == "sleep until 1.0")
        machine.stop(deadline: .seconds(3))
        #expect(machine.next(at: .milliseconds(100)).text == "resend by 3.0")
        machine.answered(.unreachable("refused"), at: .milliseconds(101), random: 1)
        #expect(machine.next(at: .milliseconds(101)).text == "end")
        #expect(machine.report.undelivered == 1)
        #expect(machine.report.retries == 1)

        machine = Machine.make(batch: 1)
        _ = machine.add([1], at: .zero)
        _ = machine.next(at: .zero)
        machine.answered(.unreachable("refused"), at: .zero, random: 1)
        machine.stop(deadline: .milliseconds(100))
        #expect(machine.next(at: .milliseconds(100)).text == "end")

        machine = Machine.make(batch: 1)
        _ = machine.add([1], at: .zero)
        _ = machine.next(at: .zero)
        machine.answered(.busy("503", retryAfter: .seconds(2)), at: .zero, random: 0)
        machine.stop(deadline: .seconds(3))
        #expect(machine.next(at: .seconds(1)).text == "sleep until 2.0")
        #expect(machine.next(at: .seconds(2)).text == "resend by 3.0")
    }

    @Test("a collector can't reject more than it was sent, nor less than nothing", arguments: [Int.max, Int.min])
    func hostileRejection(rejected: Int) {
        var machine = Machine.make()
        _ = machine.add([1, 2, 3], at: .zero)
        #expect(machine.next(at: .zero).text == "send [1, 2, 3] by 10.0")
        machine.answered(.accepted(rejected: rejected, message: ""), at: .zero, random: 0)
        #expect(machine.report.sent + machine.report.rejected == 3)
        #expect(machine.report.rejected == (rejected > 0 ? 3 : 0))
    }

    @Test("with nothing left, the end is at once")
    func stopWithNothing() {
        var machine = Machine.make()
        machine.stop(deadline: .seconds(3))
        #expect(machine.next(at: .zero).text == "end")
        machine.answered(.accepted(rejected: 0, message: ""), at: .zero, random: 0)
        #expect(machine.next(at: .zero).text == "end")
    }

    @Test("a flush sends what there is, and is over when that is dealt with, or its time is up")
    func flush() {
        var machine = Machine.make()
        _ = machine.add([1], at: .zero)
        machine.flush(1, deadline: .seconds(4))
        #expect(machine.endedFlushes(at: .zero).isEmpty)
        #expect(machine.next(at: .zero).text == "send [1] by 10.0")
        _ = machine.add([2], at: .zero)
        #expect(machine.next(at: .zero).text == "sleep until 4.0")
        machine.answered(.accepted(rejected: 0, message: ""), at: .seconds(1), random: 0)
        #expect(machine.endedFlushes(at: .seconds(1)).map(\.isComplete) == [true])
        #expect(machine.next(at: .seconds(1)).text == "sleep until 6.0")
        machine.flush(2, deadline: .seconds(4))
        #expect(machine.next(at: .seconds(1)).text == "send [2] by 11.0")
        #expect(machine.endedFlushes(at: .seconds(4)).map(\.isComplete) == [false])
    }

    @Test("what is collected is asked for at its interval, by a flush, and at the end")
    func collection() {
        var machine = Machine.make(delay: .zero, collect: .seconds(60))
        #expect(machine.next(at: .zero).text == "sleep until 60.0")
        #expect(machine.next(at: .seconds(60)).text == "collect")
        _ = machine.add([1], at: .seconds(60))
        #expect(machine.next(at: .seconds(60)).text == "send [1] by 70.0")
        machine.answered(.accepted(rejected: 0, message: ""), at: .seconds(61), random: 0)
        machine.flush(1, deadline: .seconds(99))
        #expect(machine.next(at: .seconds(61)).text == "collect")
        #expect(machine.endedFlushes(at: .seconds(61)).isEmpty)
        _ = machine.add([2], at: .seconds(61))
        #expect(machine.next(at: .seconds(61)).text == "send [2] by 71.0")
        machine.answered(.accepted(rejected: 0, message: ""), at: .seconds(62), random: 0)
        #expect(machine.endedFlushes(at: .seconds(62)).map(\.isComplete) == [true])
        machine.stop(deadline: .seconds(70))
        #expect(machine.next(at: .seconds(62)).text == "collect")
        _ = machine.add([3], at: .seconds(62))
        #expect(machine.next(at: .seconds(62)).text == "send [3] by 70.0")
        machine.answered(.accepted(rejected: 0, message: ""), at: .seconds(63), random: 0)
        #expect(machine.next(at: .seconds(63)).text == "end")
    }

    @Test("whatever happens in which order, every item is accounted for, and after the deadline comes the end")
    func random() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = Generator(state: seed)
        for _ in 0..<2_000 {
            var machine = Machine.make(
                queue: .random(in: 1...8, using: &generator), batch: .random(in: 1...4, using: &generator),
                delay: .seconds(.random(in: 0...3, using: &generator)))
            var (now, added, isSending, isAborted) = (Duration.zero, 0, false, false)
            var stopped: Duration?
            for step in 0..<60 {
                now += .milliseconds(.random(in: 0...1500, using: &generator))
                if step == 40 {
                    stopped = now + .seconds(3)
                    machine.stop(deadline: stopped!)
                }
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    let count = Int.random(in: 0...5, using: &generator)
                    added += count
                    _ = machine.add(Array(0..<count), at: now)
                case 1 where isSending:
                    isSending = false
                    let answer: Machine.Answer =
                        switch Int.random(in: 0..<5, using: &generator) {
                        case 0: .refused("")
                        case 1: .busy("", retryAfter: nil)
                        case 2: .unreachable("")
                        default: .accepted(rejected: .random(in: 0...5, using: &generator), message: "")
                        }
                    machine.answered(answer, at: now, random: .random(in: 0..<1, using: &generator))
                default:
                    switch machine.next(at: now) {
                    case .send, .resend:
                        #expect(!isSending, "seed \(seed)")
                        isSending = true
                    case .abort:
                        #expect(isSending && !isAborted, "seed \(seed)")
                        isAborted = true
                    case .collect, .sleep, .end: break
                    }
                }
            }
            now = max(now, stopped!)
            _ = machine.next(at: now)
            machine.answered(.unreachable(""), at: now, random: 0)
            guard case .end = machine.next(at: now) else {
                Issue.record("seed \(seed): it goes on after its end")
                return
            }
            #expect(machine.report.sent + machine.report.lost == added, "seed \(seed)")
        }
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
