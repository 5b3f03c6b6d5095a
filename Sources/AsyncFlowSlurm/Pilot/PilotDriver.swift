import AsyncFlow
import AsyncFlowBase
import AsyncFlowWorkers
import Foundation
import Logging

/// The driver of a ``PilotMachine``: it requests allocations, starts workers on their nodes, and resumes the tasks
/// whose turn has come.
actor PilotDriver {
    /// The place where a task is to run.
    struct Turn: Sendable {
        let pilot: Int
        let jobID: String
        let shares: [PilotMachine.Share]
        let nodes: [PilotNode]
    }

    private struct Pilot {
        var allocation: Allocation?
        var jobID = ""
        var nodes: [PilotNode] = []
        /// The end of its time on this actor's clock.
        var end: Duration?
        var isOver = false
        var lives: [Task<Void, Never>] = []
    }

    private let name: String
    /// The beginning of the names of its pilots.
    let prefix: String
    private let programs: SlurmPrograms
    private let arguments: [String]
    private let settings: SlurmPilotBackend.Settings
    private let fixed: SlurmPilotBackend.CurrentAllocation?
    private var machine: PilotMachine
    private var waiters: [UInt64: CheckedContinuation<Turn, any Error>] = [:]
    private var pilots: [Int: Pilot] = [:]
    private var timer: Task<Void, Never>?
    private var timerTime: Duration?
    private var whenOver: [CheckedContinuation<Void, Never>] = []
    private let begin = ContinuousClock.now

    init(
        name: String, prefix: String, _ programs: SlurmPrograms, arguments: [String],
        _ settings: SlurmPilotBackend.Settings, _ limits: PilotMachine.Settings,
        fixed: SlurmPilotBackend.CurrentAllocation?
    ) {
        self.name = name
        self.prefix = prefix
        self.programs = programs
        self.arguments = arguments
        self.settings = settings
        self.fixed = fixed
        machine = PilotMachine(limits)
    }

    private var now: Duration { ContinuousClock.now - begin }

    /// The number of pilots, including those that were only requested.
    var pilotCount: Int { machine.pilots.count }

    // MARK: - Tasks

    /// Waits until there is room for a task.
    ///
    /// - Throws: ``SlurmJobError`` if there will be none; `CancellationError` if the calling Swift task is cancelled.
    func turn(_ key: UInt64, _ kind: PilotMachine.Kind) async throws -> Turn {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiters[key] = continuation
                perform(machine.submit(key, kind, now: now))
                if Task.isCancelled { cancel(key) }
            }
        } onCancel: {
            Task { await self.cancel(key) }
        }
    }

    private func cancel(_ key: UInt64) { perform(machine.cancel(key, now: now)) }

    /// - Parameter elapsed: the time that the task took, if it succeeded.
    func finished(_ key: UInt64, elapsed: Duration?) { perform(machine.finished(key, elapsed: elapsed, now: now)) }

    /// Notes that a pool on the node of a turn has no workers and won't have any. If that pool runs the node's
    /// commands, the node gets no more tasks.
    func suspend(_ turn: Turn, without pool: String) {
        if turn.nodes[0].needs(pool) { machine.nodeSuspended(turn.pilot, turn.shares[0].node) }
    }

    /// Returns whether a pilot has ended, so that the loss of a task there has that reason.
    func hasEnded(_ pilot: Int) -> Bool {
        guard let state = pilots[pilot] else { return true }
        return state.isOver || (state.end.map { now >= $0 - .seconds(2) } ?? false)
    }

    private func perform(_ actions: [PilotMachine.Action]) {
        for action in actions {
            switch action {
            case .allocate(let pilot): allocate(pilot)
            case .release(let pilot): release(pilot)
            case .start(let key, let pilot, let shares):
                let waiter = waiters.removeValue(forKey: key)
                guard let state = pilots[pilot] else {  // it is kept for as long as the machine has it
                    waiter?.resume(throwing: error(.unavailable("the pilot is over")))
                    continue
                }
                let nodes = shares.map { state.nodes[$0.node] }
                waiter?.resume(returning: Turn(pilot: pilot, jobID: state.jobID, shares: shares, nodes: nodes))
            case .end(let key, let refusal):
                waiters.removeValue(forKey: key)?.resume(throwing: error(refusal))
            }
        }
        setTimer()
        tellIfOver()
    }

    private func tellIfOver() {
        guard machine.isOver, pilots.isEmpty else { return }
        let all = whenOver
        whenOver = []
        for continuation in all { continuation.resume() }
    }

    private func error(_ refusal: PilotMachine.Refusal) -> any Error {
        switch refusal {
        case .cancelled: return CancellationError()
        case .closed: return SlurmJobError(.unreachable, detail: "'\(name)' has been shut down")
        case .unavailable(let reason): return SlurmJobError(.noPilot, detail: reason)
        case .tooLate:
            return SlurmJobError(.timeLimit, detail: "the allocation of '\(name)' ends before the task would")
        case .tooLarge:
            let limits = machine.settings
            let memory = limits.memoryPerNode.map { ", \($0 >> 20) MiB" } ?? ""
            return SlurmJobError(
                .unusable,
                detail: "it requests more than a pilot has: \(limits.nodes) nodes with \(limits.coresPerNode) cores"
                    + "\(memory) and \(limits.gpusPerNode) GPUs each")
        }
    }

    private func setTimer() {
        let time = machine.nextTime(after: now)
        guard time != timerTime else { return }
        timer?.cancel()
        timerTime = time
        guard let time else { return }
        timer = Task {
            guard (try? await Task.sleep(until: begin + time.bounded, clock: .continuous)) != nil else { return }
            timerTime = nil
            perform(machine.timePassed(now))
        }
    }

    // MARK: - Pilots

    private func allocate(_ pilot: Int) {
        var state = Pilot()
        pilots[pilot] = state
        if let fixed {
            Task { await granted(pilot, fixed.jobID, fixed.nodeList) }
            return
        }
        let allocation: Allocation
        do { allocation = try Allocation(name: "\(prefix)-\(pilot)") } catch {
            perform(machine.failed(pilot, "creating a pipe failed: \(error)", isFinal: false, now: now))
            return
        }
        state.allocation = allocation
        pilots[pilot] = state
        settings.logger.info("requesting a pilot", metadata: ["backend": "\(name)", "pilot": "\(pilot)"])
        Task {
            let reason = await allocation.run(programs, arguments) { id, nodes in
                Task { await self.granted(pilot, id, nodes) }
            }
            await over(pilot, reason)
        }
    }

    private func granted(_ pilot: Int, _ id: String, _ list: String) async {
        var names: [String] = []
        var left: Duration?
        var problem: String?
        do {
            names = try await programs.nodes(list)
            left = try await programs.timeLeft(job: id)
        } catch { problem = SlurmPrograms.complaint(error) }
        guard var state = pilots[pilot], !state.isOver else { return }
        if let problem {
            perform(machine.failed(pilot, problem, isFinal: false, now: now))
            state.allocation?.release()
            return
        }
        settings.logger.info(
            "pilot granted", metadata: ["backend": "\(name)", "job": "\(id)", "nodes": "\(list)"])
        state.jobID = id
        state.end = left.map { now + $0.bounded }
        state.nodes = names.map {
            PilotNode(
                name: $0, jobID: id, backend: name, cores: machine.settings.coresPerNode, programs: programs, settings)
        }
        pilots[pilot] = state
        perform(machine.granted(pilot, nodes: names, end: state.end, now: now))
        for (index, node) in (pilots[pilot]?.nodes ?? []).enumerated() {
            pilots[pilot]?.lives.append(Task { await live(node, pilot, index) })
        }
    }

    /// Follows the life of a node's workers.
    private func live(_ node: PilotNode, _ pilot: Int, _ index: Int) async {
        do {
            try await node.start()
            while pilots[pilot]?.isOver == false {
                perform(machine.nodeReady(pilot, index, now: now))
                await node.lost()
                machine.nodeSuspended(pilot, index)
                try await node.ready()
            }
        } catch {
            guard pilots[pilot]?.isOver == false else { return }
            settings.logger.warning("node lost", metadata: ["node": "\(node.name)", "reason": "\(error)"])
            let reason = (error as? WorkerPoolError)?.message ?? "\(error)"
            perform(machine.nodeLost(pilot, index, reason, now: now))
        }
    }

    /// Ends a pilot's workers, and then its allocation.
    private func release(_ pilot: Int) {
        guard let state = pilots[pilot] else { return }
        pilots[pilot]?.isOver = true
        Task {
            await withDiscardingTaskGroup { group in
                for node in state.nodes { group.addTask { await node.shutdown() } }
            }
            if let allocation = state.allocation { allocation.release() } else { await over(pilot, "") }
        }
    }

    /// Handles an allocation that is over, or was never granted.
    private func over(_ pilot: Int, _ reason: String) async {
        guard let state = pilots[pilot] else { return }
        pilots[pilot]?.isOver = true
        if machine.pilots[pilot]?.stage == .asked {
            let words = reason.isEmpty ? "salloc ended without a message" : reason
            perform(machine.failed(pilot, words, isFinal: !SlurmPrograms.isTransient(words), now: now))
        } else {
            perform(machine.ended(pilot, now: now))
        }
        await withDiscardingTaskGroup { group in
            for node in state.nodes { group.addTask { await node.shutdown() } }
        }
        for life in pilots[pilot]?.lives ?? [] { await life.value }
        pilots[pilot] = nil
        tellIfOver()
    }

    /// Ends all pilots, and returns when they are gone.
    func shutdown() async {
        perform(machine.close())
        timer?.cancel()
        await withCheckedContinuation { continuation in
            whenOver.append(continuation)
            tellIfOver()
        }
    }
}
