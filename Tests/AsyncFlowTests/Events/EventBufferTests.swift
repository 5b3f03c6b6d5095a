import TestSupport
import Testing

@testable import AsyncFlow

@Suite("The buffer of an event stream as a state machine")
struct EventBufferTests {
    private func event(_ type: EventType = .taskStarted, _ id: String = "") -> WorkflowEvent {
        WorkflowEvent(type, of: .reader(engineID: "engine"), details: .scope(workflowID: id))
    }

    private func takeAll(_ buffer: inout EventBuffer) -> [WorkflowEvent] {
        var events: [WorkflowEvent] = []
        while let event = buffer.take(engineID: "engine") { events.append(event) }
        return events
    }

    @Test("events come out in the order in which they went in")
    func order() {
        var buffer = EventBuffer(capacity: 1_000)
        for number in 0..<1_000 { buffer.add(event(.taskStarted, "\(number)")) }
        #expect(takeAll(&buffer).map(\.workflowID) == (0..<1_000).map { "\($0)" })
        #expect(takeAll(&buffer).isEmpty)
    }

    @Test("what has no room is left out, and a note says how much, once the reader has caught up")
    func dropped() {
        var buffer = EventBuffer(capacity: 3)
        for _ in 0..<10 { buffer.add(event()) }
        let events = takeAll(&buffer)
        #expect(events.map(\.type) == [.taskStarted, .taskStarted, .taskStarted, .eventsDropped])
        #expect(events.last?.droppedCount == 7)
        buffer.add(event(.taskFailed))
        #expect(takeAll(&buffer).map(\.type) == [.taskFailed])
    }

    @Test("after a gap nothing is added until the note was taken, so that the note stands where the gap is")
    func gapStaysInPlace() {
        var buffer = EventBuffer(capacity: 2)
        for number in 0..<3 { buffer.add(event(.taskStarted, "\(number)")) }
        #expect(buffer.take(engineID: "engine")?.workflowID == "0")
        buffer.add(event(.taskStarted, "3"))
        let rest = takeAll(&buffer)
        #expect(rest.map(\.type) == [.taskStarted, .eventsDropped])
        #expect(rest.last?.droppedCount == 2)
    }

    @Test("the end of the engine is never left out, and comes after the note")
    func engineEnded() {
        var buffer = EventBuffer(capacity: 1)
        for _ in 0..<3 { buffer.add(event()) }
        buffer.add(event(.engineEnded))
        buffer.finish()
        #expect(buffer.isFinished)
        #expect(takeAll(&buffer).map(\.type) == [.taskStarted, .eventsDropped, .engineEnded])
    }

    @Test("taken and left out events together are those that happened", arguments: Seeds.some(20))
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var buffer = EventBuffer(capacity: Int.random(in: 1...20, using: &random))
        var (added, taken) = (0, 0)
        for _ in 0..<5_000 {
            if random.chance(0.6) {
                buffer.add(event())
                added += 1
            } else if let event = buffer.take(engineID: "engine") {
                taken += event.type == .eventsDropped ? event.droppedCount : 1
            }
        }
        for event in takeAll(&buffer) { taken += event.type == .eventsDropped ? event.droppedCount : 1 }
        #expect(taken == added, "seed \(seed)")
    }
}
