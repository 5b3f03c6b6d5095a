public import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension WorkflowEngine {
    /// Sleeps for a time that goes on counting while the program isn't there.
    ///
    /// ```swift
    /// try await flow.sleep(for: .seconds(6 * 3600), "cool down")
    /// ```
    ///
    /// With a journal, the moment at which it ends is noted when the sleep begins: a program that is started again
    /// sleeps the rest, or not at all if that is over. Within a run it counts by the engine's clock. It is a task, seen
    /// in events and on the page, and needs no core and no thread.
    ///
    /// - Parameters:
    ///   - duration: the time to sleep; nothing below zero.
    ///   - name: tells it apart from others; of several with one name and duration the n-th is the n-th of the runs
    ///     before.
    ///   - fileID: the file in which it stands, for explanations.
    ///   - line: the line in it.
    /// - Throws: a `WorkflowError` if it was cancelled, and `CancellationError` if the Swift task was, which ends it,
    ///   too.
    public func sleep(
        for duration: Duration, _ name: String = "sleep", fileID: String = #fileID, line: Int = #line
    ) async throws {
        let duration = duration.bounded
        let call = RecallableCall([RecallableCall.Part("duration", duration.clampedNanoseconds)])
        try await sleep(name, call, "\(fileID):\(line)") { room in
            room.moment(duration, after: room.now)
        } durably: {
            try await $0.sleep(for: duration, $1, in: $2)
        }
    }

    /// Sleeps until a moment by the clock on the wall; returns at once if it is over.
    ///
    /// - Parameters:
    ///   - moment: the time at which it ends.
    ///   - name: tells it apart from others, for people.
    ///   - fileID: the file in which it stands, for explanations.
    ///   - line: the line in it.
    /// - Throws: a `WorkflowError` if it was cancelled, and `CancellationError` if the Swift task was, which ends it,
    ///   too.
    public func sleep(
        until moment: Date, _ name: String = "sleep", fileID: String = #fileID, line: Int = #line
    ) async throws {
        let due = JournalTime(max(-9e17, min(9e17, (moment.timeIntervalSince1970 * 1e6).rounded())))
        let call = RecallableCall([RecallableCall.Part("until", due)])
        try await sleep(name, call, "\(fileID):\(line)") { _ in
            due
        } durably: { places, definition, task in
            try await places.sleep(until: due, definition, in: task)
        }
    }

    private func sleep(
        _ name: String, _ call: RecallableCall, _ place: String,
        due: @escaping @Sendable (WaitingRoom) -> JournalTime,
        durably:
            @escaping @Sendable (DurablePlaces, RecordedDefinition, TaskContext) async throws -> Void
    ) async throws {
        let (room, places) = (waitingRoom, durablePlaces)
        let body = TaskBody<Bool>.asynchronous { () async throws -> Bool in
            let task = TaskContext.current!
            let due = due(room)
            task.report(TaskProgress(message: "sleeps until \(WaitText.date(due))"))
            try await room.sleep(until: due, as: task.taskID, name)
            return true
        }
        let task = recordedFunctionTask(name, [], dryRunValue: true, body: body) { body, options in
            guard let places else { return body }
            let definition = places.recorder.definition(.function, name, options, place: place, as: .wait("sleep"))
            return .asynchronous { () async throws -> Bool in
                let task = TaskContext.current!
                return try await places.recorder.outcome(
                    of: call, definition, as: ValueForm<Bool>.codable(of: name), in: task
                ) { _ in
                    try await durably(places, definition, task)
                    return true
                }
            }
        }
        let future = task()
        _ = try await withTaskCancellationHandler {
            try await future.value
        } onCancel: {
            future.cancel()
        }
    }
}
