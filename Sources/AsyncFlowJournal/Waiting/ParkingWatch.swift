import AsyncFlow
import AsyncFlowBase

/// Decides when a run that only waits isn't worth its process any more. Pure.
struct ParkingRule: Sendable {
    let limit: Duration
    private var quietSince: Duration?
    private var mark: UInt64?

    init(limit: Duration) { self.limit = max(limit, .milliseconds(10)) }

    /// - Parameters:
    ///   - mark: what the engine says of itself; nil if something goes on, or nothing waits.
    ///   - next: how far the next time is away that is waited for; nil if there is none.
    ///   - now: the time since any moment, the same one each time.
    /// - Returns: whether the run is to be ended.
    mutating func look(_ mark: UInt64?, next: Duration?, now: Duration) -> Bool {
        guard let mark, next.map({ $0 > limit }) ?? true else {
            quietSince = nil
            return false
        }
        if mark != self.mark { quietSince = nil }
        self.mark = mark
        let since = quietSince ?? now
        quietSince = since
        return now - since >= limit
    }
}

/// Ends a run that only waits for signals and for times further away.
final class ParkingWatch: Sendable {
    private let task: Task<Void, Never>

    init(_ recorder: JournalRecorder, _ room: WaitingRoom, limit: Duration) {
        task = Task.detached { [weak recorder, weak room] in
            var rule = ParkingRule(limit: limit)
            let start = ContinuousClock.now
            while true {
                do { try await Task.sleep(for: min(max(rule.limit / 8, .milliseconds(5)), .seconds(10))) } catch {
                    return
                }
                guard let recorder, let room, let seat = recorder.seat.withLock({ $0 }) else { return }
                let picture = room.picture
                let mark =
                    picture.tasks.isEmpty ? nil : seat.quietMark(besides: picture.tasks, timers: picture.timers)
                let next = picture.nextTime.map { Duration.microseconds($0.subtractingReportingOverflow(room.now).0) }
                guard rule.look(mark, next: next, now: ContinuousClock.now - start) else { continue }
                return recorder.park(ParkedError(picture.texts, picture.nextTime, recorder.journal.directory))
            }
        }
    }

    func stop() async {
        task.cancel()
        await task.value
    }
}

extension ParkedError {
    init(_ texts: [String], _ next: JournalTime?, _ journal: String) {
        let shown = texts.prefix(5).joined(separator: ", ") + (texts.count > 5 ? " and \(texts.count - 5) more" : "")
        let until = next.map { ", the next time is \(WaitText.date($0))" } ?? ""
        self.init(
            message: "the run is parked, since everything left waits: for \(shown)\(until). Go on with 'asyncflow "
                + "resume \(ShellQuoting.quoted(journal.harmless())) --when-due'")
    }
}
