import CProcessUsage
import Synchronization

/// Holds the first task of a graph, so that the memory of all the others can be read while none has run.
///
/// The first task awaits ``opened()`` and everything else depends on it. Once all tasks have been made, the shape calls
/// ``allTasksAreMade()``, which waits until the process has come to rest, reads its memory and opens the gate.
final class Gate: Sendable {
    private enum State {
        case closed
        case awaited(CheckedContinuation<Void, Never>)
        case open
    }

    private struct Protected {
        var state = State.closed
        var residentBytes: Int?
    }

    private let protected = Mutex(Protected())

    /// What was read in ``allTasksAreMade()``.
    var residentBytes: Int? { protected.withLock { $0.residentBytes } }

    /// Returns when the gate is open. For one task only.
    func opened() async {
        await withCheckedContinuation { continuation in
            let isOpen = protected.withLock { protected in
                if case .open = protected.state { return true }
                protected.state = .awaited(continuation)
                return false
            }
            if isOpen { continuation.resume() }
        }
    }

    func allTasksAreMade() async throws {
        try await restOfProcess()
        let residentBytes = Int(process_usage_resident_bytes())
        let waiting: CheckedContinuation<Void, Never>? = protected.withLock { protected in
            defer { protected.state = .open }
            protected.residentBytes = residentBytes
            if case .awaited(let continuation) = protected.state { return continuation }
            return nil
        }
        waiting?.resume()
    }

    /// Waits until no thread of this process does anything any more: each task that could start has started, and waits.
    private func restOfProcess() async throws {
        for _ in 0..<1_500 {
            let before = process_usage_cpu_nanoseconds()
            try await Task.sleep(for: .milliseconds(20))
            if process_usage_cpu_nanoseconds() - before < 2_000_000 { return }
        }
        throw NeverAtRest()
    }
}

struct NeverAtRest: Error, CustomStringConvertible {
    let description = "All tasks wait, and still the process used CPU time for 30 s: something polls or spins."
}
