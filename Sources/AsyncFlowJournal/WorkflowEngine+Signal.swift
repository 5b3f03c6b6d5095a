public import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension WorkflowEngine {
    /// Waits for an answer from outside: from a person, or another program.
    ///
    /// ```swift
    /// let approved = flow.signal("approve", as: Bool.self, asking: "Publish 120 scores?", timeout: .seconds(48 * 3600))
    /// if try await approved.value { … }
    /// ```
    ///
    /// The future is one like any other: an argument of tasks, seen in events and on the page, cancellable. It needs no
    /// core and no thread. The question is in the log with the line that answers it:
    /// `asyncflow signal campaign.journal approve true`. The dashboard's page has a button, and any program may put the
    /// answer as JSON into a file `inbox/approve.ID.json` of the journal, by renaming it into place. None of that needs
    /// a running program: an answer that comes before its question is kept.
    ///
    /// The n-th wait for a name gets the n-th message. With a journal, an accepted answer is on disk before it is
    /// handed on, and the same for each later run. Without one, answers come by ``send(_:to:)`` or from the page.
    ///
    /// - Parameters:
    ///   - name: the name that answers are sent to: letters, digits, `_`, `-` and `.`, at most 100.
    ///   - type: the type of the answer, which is JSON. What can't be decoded as it is refused, and the wait goes on.
    ///   - question: what people are asked.
    ///   - timeout: the time after which the future fails with a ``SignalError`` whose reason is `timedOut`; nil for no
    ///     limit. It counts from the first run that has asked, by the clock on the wall.
    ///   - dryRunValue: stands for the answer in a dry run; needed only where the type has no `DryRunValue`.
    ///   - fileID: the file in which the question is asked, for explanations.
    ///   - line: the line in it.
    /// - Returns: the answer.
    public func signal<Value: Codable & Sendable>(
        _ name: String, as type: Value.Type = Value.self, asking question: String = "", timeout: Duration? = nil,
        dryRunValue: Value? = nil, fileID: String = #fileID, line: Int = #line
    ) -> TaskFuture<Value> {
        let asked = SignalQuestion(name, as: type, text: question, timeout: timeout)
        let (room, places) = (waitingRoom, durablePlaces)
        let body = TaskBody<Value>.asynchronous { () async throws -> Value in
            try asked.check()
            let task = TaskContext.current!
            let deadline = timeout.map { room.moment($0, after: room.now) }
            return try await room.ask(asked, since: room.now, deadline: deadline, in: task) { _, _ in }
                .value(type, of: asked)
        }
        // Its end is on disk before anybody acts on it.
        let options: [TaskOption<FunctionKind>] = [.recording { $0.isCommitted = true }]
        let task = recordedFunctionTask(name, options, dryRunValue: dryRunValue, body: body) { body, options in
            guard let places else { return body }
            let definition = places.recorder.definition(
                .function, name, options, place: "\(fileID):\(line)", as: .wait("signal"))
            let call = RecallableCall([RecallableCall.Part("type", String(reflecting: type))])
            return .asynchronous { () async throws -> Value in
                try asked.check()
                let task = TaskContext.current!
                let answer = try await places.recorder.outcome(
                    of: call, definition, as: ValueForm<SignalAnswer>.codable(of: name), in: task
                ) { _ in try await places.answer(asked, definition, in: task) }
                return try answer.value(type, of: asked)
            }
        }
        return task()
    }

    /// Sends a message from within the program: the answer to a
    /// ``signal(_:as:asking:timeout:dryRunValue:fileID:line:)`` that waits for it, or will.
    ///
    /// With a journal it is put into the inbox, and taken a moment later.
    ///
    /// - Parameters:
    ///   - value: the answer, written as JSON.
    ///   - name: the signal's name.
    /// - Throws: ``SignalError`` if the name can't be one, or if the signal that waits now takes another type;
    ///   `EncodingError` if the value can't be written.
    public func send<Value: Encodable>(_ value: Value, to name: String) throws {
        try waitingRoom.send(Array(JSONEncoder().encode(value)), to: name)
    }
}

extension SignalQuestion {
    /// - Throws: ``SignalError`` if the name can't be one.
    func check() throws(SignalError) {
        if let problem = SignalName.problem(name) { throw SignalError(.invalidName, name, problem) }
    }
}
