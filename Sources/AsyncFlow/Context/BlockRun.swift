import Synchronization

/// One run of a block: its task, and those of its members that haven't ended.
///
/// Members are kept in a list that is linked through the nodes themselves. It doesn't own them: a member takes itself
/// off the list when it ends.
final class BlockRun: @unchecked Sendable {  // the list is guarded by the mutex
    unowned(unsafe) let task: TaskNode
    let taskID: TaskID

    private struct State: ~Copyable {
        unowned(unsafe) var first: TaskNode?
        var count = 0
        var isCancelled = false
        var whenEmpty: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    init(of task: TaskNode) {
        self.task = task
        taskID = task.id
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func insert(_ member: TaskNode) {
        state.withLock { state in
            member.nextMember = state.first
            state.first?.previousMember = member
            state.first = member
            state.count += 1
        }
    }

    func remove(_ member: TaskNode) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if let previous = member.previousMember {
                previous.nextMember = member.nextMember
            } else {
                state.first = member.nextMember
            }
            member.nextMember?.previousMember = member.previousMember
            member.nextMember = nil
            member.previousMember = nil
            state.count -= 1
            return state.count == 0 ? state.whenEmpty.take() : nil
        }
        waiting?.resume()
    }

    /// Cancels every member, and every later one as it is made.
    func cancel() {
        let members = state.withLock { state -> [TaskNode] in
            state.isCancelled = true
            var members: [TaskNode] = []
            members.reserveCapacity(state.count)
            var member = state.first
            while let current = member {
                members.append(current)
                member = current.nextMember
            }
            return members
        }
        for member in members { member.cancel(.block(taskID)) }
    }

    /// Returns when the last member has ended; at once when there is none.
    func waitForMembers() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.count > 0 { state.whenEmpty = continuation }
                return state.count == 0
            }
            if isEmpty { continuation.resume() }
        }
    }
}
