import AsyncFlowBase
import AsyncFlow

/// An allocation that lasts as long as a pipe into it is open, so that it ends with this process, however that ends.
///
/// It uses `salloc` instead of `sbatch`, because that is granted in milliseconds if there is room, and its end is
/// noticed without polling.
final class Allocation: Sendable {
    private struct State {
        var isGranted = false
        var isReleased = false
        var process: Task<String, Never>?
        var patience: Task<Void, Never>?
    }
    /// The time for a released allocation to end before its `salloc` is ended.
    private static let releasePatience: Duration = .seconds(30)
    private let name: String
    private let channel: ProcessChannel
    private let state = Lock(State())

    /// - Throws: `SystemError` if the pipes can't be created.
    init(name: String) throws {
        self.name = name
        channel = try ProcessChannel()
    }

    /// Requests the allocation, and returns when it is over.
    ///
    /// - Parameters:
    ///   - granted: called once when the allocation is granted, with its id and the names of its nodes in Slurm's form.
    /// - Returns: Slurm's message about why it is over; empty if it was released.
    func run(
        _ programs: SlurmPrograms, _ arguments: [String],
        granted: @escaping @Sendable (_ id: String, _ nodes: String) -> Void
    ) async -> String {
        // The pipe is the standard input of the program in the allocation. When it is closed, the program ends, and
        // with it the allocation.
        let holder = "echo \"asyncflow-pilot $SLURM_JOB_ID $SLURM_JOB_NODELIST\" >&2; exec cat >/dev/null"
        let command = programs.command("salloc", ["--job-name=\(name)"] + arguments + ["/bin/sh", "-c", holder])
        let lines = Lock(LineSplitter())
        let watcher = CommandWatcher { _ in
        } onOutput: { [self] bytes in
            var found: [String] = []
            lines.withLock { $0.append(bytes) { found.append($0) } }
            for line in found {
                let words = line.split(separator: " ")
                guard words.count == 3, words[0] == "asyncflow-pilot" else { continue }
                let isReleased = state.withLock { state in
                    state.isGranted = true
                    return state.isReleased
                }
                if !isReleased { granted(String(words[1]), String(words[2])) }
            }
        }
        let process = Task.detached { [channel] in
            do {
                _ = try await CommandRunner().run(
                    command, gracePeriod: .seconds(10), watcher: watcher, channel: channel)
                return ""
            } catch { return error is CancellationError ? "" : SlurmPrograms.complaint(error) }
        }
        let isReleased = state.withLock { state in
            state.process = process
            return state.isReleased
        }
        if isReleased { process.cancel() }
        let reason = await process.value
        release()
        close(channel.reading)
        let (isGranted, patience) = state.withLock { ($0.isGranted, $0.patience) }
        patience?.cancel()
        if !isGranted || !reason.isEmpty {
            // The allocation may have been granted at the moment when its salloc was ended.
            try? await programs.cancel(name: name, ids: [])
        }
        return reason
    }

    /// Releases the allocation, or withdraws the request.
    func release() {
        let (process, isFirst) = state.withLock { state in
            defer { state.isReleased = true }
            return (state.process, !state.isReleased)
        }
        guard isFirst else { return }
        close(channel.writing)
        guard let process else { return }
        if !state.withLock(\.isGranted) { return process.cancel() }
        let patience = Task {
            if (try? await Task.sleep(for: Self.releasePatience)) != nil { process.cancel() }
        }
        state.withLock { $0.patience = patience }
    }
}
