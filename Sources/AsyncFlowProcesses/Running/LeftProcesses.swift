package import AsyncFlowBase

/// The process group of a command whose program was killed, as far as it is still there.
///
/// ``ProcessSupervisor`` ends such groups at once. They outlive that if it was killed as well, or if the program died
/// in the very moment of their start.
package struct LeftProcesses {
    package let leader: ProcessIdentity

    package init(leader: ProcessIdentity) { self.leader = leader }

    /// The time between looks: a process that isn't the parent isn't told about an end.
    private static let pause = Duration.milliseconds(10)
    /// The longest time that processes take to end which can't refuse to.
    private static let killPatience = Duration.seconds(10)

    /// Ends the group and returns when its leader is gone. Does nothing unless it is that very process, and leads a
    /// group.
    ///
    /// - Parameter gracePeriod: the time from SIGTERM to SIGKILL.
    package func end(gracePeriod: Duration) async {
        let group = leader.number
        guard group > 1, leader.isSurelyAlive, getpgid(group) == group else { return }
        kill(-group, SIGTERM)
        kill(-group, SIGCONT)
        await waitForEnd(atMost: gracePeriod.bounded)
        // As long as it has members, the group's number isn't given to another one.
        kill(-group, SIGKILL)
        await waitForEnd(atMost: Self.killPatience)
    }

    private func waitForEnd(atMost limit: Duration) async {
        let end = ContinuousClock.now + limit
        while leader.isSurelyAlive, ContinuousClock.now < end {
            // Also for a task that is cancelled: nothing of it may be left.
            await Task.detached { try? await Task.sleep(for: Self.pause) }.value
        }
    }
}
