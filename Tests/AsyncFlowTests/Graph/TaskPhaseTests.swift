import TestSupport
import Testing

@testable import AsyncFlow

@Suite("The life of a task as a state machine")
struct TaskPhaseTests {
    /// One thing that happens to a task.
    enum Event: CaseIterable {
        case announce, announceAttempt, announced, start, dispatch, begin, cancel, giveUpFailed, giveUpCancelled
        case finishDone, finishFailed, finishCancelled, returnToQueue

        func apply(to phase: inout TaskPhase) -> TaskPhase.Action {
            switch self {
            case .announce: phase.announce()
            case .announceAttempt: phase.announceAttempt()
            case .announced: phase.announced()
            case .start: phase.start()
            case .dispatch: phase.dispatch()
            case .begin: phase.begin()
            case .cancel: phase.cancel()
            case .giveUpFailed: phase.giveUp(as: .failed)
            case .giveUpCancelled: phase.giveUp(as: .cancelled)
            case .finishDone: phase.finish(as: .done)
            case .finishFailed: phase.finish(as: .failed)
            case .finishCancelled: phase.finish(as: .cancelled)
            case .returnToQueue: phase.returnToQueue()
            }
        }

        /// Only the owner of the run starts a task, once, and ends it, once: a second time is a mistake in the engine.
        func isMistake(in phase: TaskPhase) -> Bool {
            switch self {
            case .announced: ![.announcing, .announcingCancelled].contains(phase)
            case .announce, .start, .dispatch: phase != .waiting && !phase.isTerminal
            case .finishDone, .finishFailed, .finishCancelled:
                [.waiting, .announcing, .announcingCancelled].contains(phase) || phase.isTerminal
            case .announceAttempt, .begin, .cancel, .giveUpFailed, .giveUpCancelled, .returnToQueue: false
            }
        }
    }

    struct Row: Sendable, CustomStringConvertible {
        let phase: TaskPhase
        let event: Event
        let next: TaskPhase
        let action: TaskPhase.Action
        var description: String { "\(phase) + \(event) → \(next), \(action)" }

        init(_ phase: TaskPhase, _ event: Event, _ next: TaskPhase, _ action: TaskPhase.Action) {
            (self.phase, self.event, self.next, self.action) = (phase, event, next, action)
        }
    }

    static let changes: [Row] = [
        Row(.waiting, .announce, .announcing, .announce),
        Row(.announcing, .announced, .waiting, .nothing),
        Row(.announcing, .cancel, .announcingCancelled, .endSoon),
        Row(.announcingCancelled, .announced, .cancelled, .end),
        Row(.waiting, .announceAttempt, .announcing, .announce),
        Row(.dispatched, .announceAttempt, .announcing, .announce),
        Row(.running, .announceAttempt, .announcing, .announce),
        Row(.waiting, .start, .running, .run),
        Row(.waiting, .dispatch, .dispatched, .run),
        Row(.waiting, .cancel, .cancelled, .end),
        Row(.waiting, .giveUpFailed, .failed, .end),
        Row(.waiting, .giveUpCancelled, .cancelled, .end),
        Row(.dispatched, .begin, .running, .announce),
        Row(.dispatched, .cancel, .cancelling, .interrupt),
        Row(.dispatched, .returnToQueue, .waiting, .queue),
        Row(.dispatched, .finishDone, .done, .keepOutcome),
        Row(.dispatched, .finishFailed, .failed, .keepOutcome),
        Row(.dispatched, .finishCancelled, .cancelled, .keepOutcome),
        Row(.running, .cancel, .cancelling, .interrupt),
        Row(.running, .finishDone, .done, .keepOutcome),
        Row(.running, .finishFailed, .failed, .keepOutcome),
        Row(.running, .finishCancelled, .cancelled, .keepOutcome),
        Row(.cancelling, .finishDone, .cancelled, .dropOutcome),
        Row(.cancelling, .finishFailed, .cancelled, .dropOutcome),
        Row(.cancelling, .finishCancelled, .cancelled, .dropOutcome),
    ]

    @Test("every event that changes the phase leads where the table says", arguments: changes)
    func change(row: Row) {
        var phase = row.phase
        #expect(row.event.apply(to: &phase) == row.action)
        #expect(phase == row.next)
    }

    @Test("every other event is late or early, and does nothing", arguments: TaskPhase.allCases, Event.allCases)
    func noChange(phase: TaskPhase, event: Event) {
        guard !event.isMistake(in: phase) else { return }
        guard !Self.changes.contains(where: { $0.phase == phase && $0.event == event }) else { return }
        var next = phase
        #expect(event.apply(to: &next) == .nothing)
        #expect(next == phase)
    }

    @Test("random events end a task exactly once, and nothing happens after its end", arguments: Seeds.some(20))
    func randomEvents(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            var phase = TaskPhase.waiting
            var ends = 0
            var runs = 0
            var attemptsOver = 0
            for _ in 0..<40 {
                guard let event = Event.allCases.filter({ !$0.isMistake(in: phase) }).randomElement(using: &random)
                else { break }
                let before = phase
                let action = event.apply(to: &phase)
                if before.isTerminal { #expect(phase == before && action == .nothing) }
                if !before.isTerminal, phase.isTerminal { ends += 1 }
                if event == .announceAttempt, [.dispatched, .running].contains(before) { attemptsOver += 1 }
                if action == .queue { attemptsOver += 1 }
                switch action {
                case .run: runs += 1
                case .end, .keepOutcome, .dropOutcome: #expect(phase.isTerminal)
                case .announce, .interrupt, .endSoon, .queue: #expect(!phase.isTerminal)
                case .nothing: #expect(phase == before || phase == .waiting)
                }
            }
            #expect(ends <= 1 && runs <= 1 + attemptsOver)
            #expect(phase.isTerminal == (ends == 1), "40 events, phase \(phase)")
        }
    }

    @Test(
        "people see five states",
        arguments: [
            (TaskPhase.waiting, TaskState.pending), (.announcing, .pending), (.announcingCancelled, .cancelled),
            (.dispatched, .pending), (.running, .running),
            (.cancelling, .running),
            (.done, .done), (.failed, .failed), (.cancelled, .cancelled),
        ])
    func state(phase: TaskPhase, state: TaskState) {
        #expect(TaskState(phase) == state)
        // That it is cancelled is certain before it has been told.
        #expect(phase.isTerminal == state.isTerminal || phase == .announcingCancelled)
    }

    @Test("a task that is started twice is a mistake that stops the program")
    func startedTwice() async {
        await #expect(processExitsWith: .failure) {
            var phase = TaskPhase.running
            _ = phase.start()
        }
    }

    @Test("a task that finishes without running is a mistake that stops the program")
    func finishedWithoutRunning() async {
        await #expect(processExitsWith: .failure) {
            var phase = TaskPhase.waiting
            _ = phase.finish(as: .done)
        }
    }
}
