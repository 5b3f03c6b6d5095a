import AsyncFlow
import AsyncFlowBase
import Synchronization

/// A display below a terminal's text. Several threads write to it: the display's thread draws frames and never waits
/// for the terminal; threads that write text wait for it, as they would without a display.
final class TerminalScreen: ConsoleDisplay {
    enum Outcome { case drawn, busy, gone }

    private struct State {
        var frame: [String] = []
        var size: TerminalSize?
        /// The bytes that the terminal hasn't taken yet. Nothing may be written before them, because they may begin
        /// inside a control sequence.
        var pending: ArraySlice<UInt8> = []
    }
    /// Held while writing, so that the output of two threads doesn't mix. Frames and the end don't wait for it.
    private let state = Lock(State())
    private let isOver = Atomic<Bool>(false)
    let device: TerminalDevice

    init(_ device: TerminalDevice) { self.device = device }

    /// Shows lines, laid out for a size, in place of the current ones.
    func draw(_ lines: [String], _ size: TerminalSize) -> Outcome {
        guard !isOver.load(ordering: .acquiring) else { return .gone }
        let outcome = state.withLockIfAvailable { state -> Outcome in
            guard push(&state) else { return .gone }
            guard state.pending.isEmpty else { return .busy }
            guard lines != state.frame || size != state.size else { return .drawn }
            if let before = state.size, before != size, !state.frame.isEmpty {
                // The terminal has wrapped the lines again, and some terminals then leave the cursor inside the
                // display.
                state.pending += TerminalSequences.eraseWithLine.utf8
            }
            state.frame = lines
            state.size = size
            state.pending += Array(TerminalSequences.frame(lines).utf8)
            return push(&state) ? .drawn : .gone
        }
        if outcome == .gone { isOver.store(true, ordering: .releasing) }
        return outcome ?? .busy
    }

    func write(_ text: String, to descriptor: Int32) {
        state.withLock { state in
            guard !isOver.load(ordering: .acquiring), device.isBehind(descriptor) else {
                return Console.writeDirectly(text, to: descriptor)
            }
            if !state.frame.isEmpty {
                state.pending += TerminalSequences.erase.utf8
                while !state.pending.isEmpty, push(&state) { _ = device.isWritable(within: -1) }
            }
            Console.writeDirectly(text, to: descriptor)
            if !state.frame.isEmpty, !isOver.load(ordering: .acquiring) {
                state.pending += TerminalSequences.frame(state.frame).utf8
                _ = push(&state)
            }
        }
    }

    /// Removes the display for good and leaves text in its place, if the terminal takes it in time.
    func finish(_ text: String, within patience: Duration) {
        let deadline = ContinuousClock.now + patience
        var isPrepared = false
        while true {
            let isWritten = state.withLockIfAvailable { state -> Bool in
                if !isPrepared {
                    isPrepared = true
                    isOver.store(true, ordering: .releasing)
                    let last = state.frame.isEmpty ? text : TerminalSequences.erase + text
                    state.frame = []
                    state.pending += last.utf8
                }
                return !push(&state) || state.pending.isEmpty
            }
            if isWritten == true { return }
            if ContinuousClock.now >= deadline { break }
            if isWritten == nil {
                _ = WakeUp().wait(microseconds: 10_000)  // somebody writes text
            } else {
                _ = device.isWritable(within: 20)
            }
        }
        isOver.store(true, ordering: .releasing)
    }

    func leave() {
        _ = state.withLockIfAvailable { state in
            guard !isOver.exchange(true, ordering: .acquiringAndReleasing), !state.frame.isEmpty else { return }
            state.pending += TerminalSequences.erase.utf8
            _ = push(&state)
        }
    }

    /// Writes as many of the pending bytes as the terminal takes now.
    ///
    /// - Returns: whether the terminal is still there.
    private func push(_ state: inout State) -> Bool {
        guard !state.pending.isEmpty else { return true }
        switch device.write(state.pending) {
        case .written(let count):
            state.pending = state.pending.dropFirst(count)
            return true
        case .gone:
            state.pending = []
            return false
        }
    }
}
