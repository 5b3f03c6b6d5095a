import AsyncFlowBase

/// One run of a block: its task, and the members that haven't ended.
///
/// It doesn't own its members: a member removes itself when it ends.
final class BlockRun: @unchecked Sendable {  // a task outlives its run
    unowned(unsafe) let task: TaskNode
    let taskID: TaskID

    private struct State: ~Copyable {
        /// By task number.
        var members: [UInt64: Uncounted<TaskNode>] = [:]
        var residents: [any BlockResident] = []
        var isCancelled = false
        var whenEmpty: CheckedContinuation<Void, Never>?
    }
    private let state = Lock(State())

    init(of task: TaskNode) {
        self.task = task
        taskID = task.id
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func insert(_ member: TaskNode) { state.withLock { $0.members[member.number] = Uncounted(member) } }

    func remove(_ member: TaskNode) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.members[member.number] = nil
            return state.members.isEmpty ? state.whenEmpty.take() : nil
        }
        waiting?.resume()
    }

    /// The members that haven't ended.
    var members: [TaskNode] { state.withLock { $0.members.values.map { $0 { $0 } } } }

    func insert(_ resident: any BlockResident) { state.withLock { $0.residents.append(resident) } }

    /// Ends everything that members have left behind, in reverse order.
    func endResidents() async {
        for resident in state.withLock({ $0.residents }).reversed() { await resident.endWithBlock() }
        state.withLock { $0.residents = [] }
    }

    /// Cancels every member, the oldest first, and every later one as soon as it is made.
    func cancel() {
        let members = state.withLock { state -> [TaskNode] in
            state.isCancelled = true
            return state.members.values.map { $0 { $0 } }
        }
        for member in members.sorted(by: { $0.number < $1.number }) { member.cancel(.block(taskID)) }
    }

    /// Returns when the last member has ended; at once when there is none.
    func waitForMembers() async {
        let wait = BodyWait(.members(of: self), by: task)
        wait.enter()
        defer { wait.leave() }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.members.isEmpty { state.whenEmpty = continuation }
                return state.members.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }
}

/// Something that a member of a block has started and that outlives that member, such as a service.
protocol BlockResident: AnyObject, Sendable {
    /// Ends the resident; returns when nothing is left of it.
    func endWithBlock() async
}
