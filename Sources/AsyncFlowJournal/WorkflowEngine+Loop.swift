public import AsyncFlow
import AsyncFlowBase

/// The result of an iteration of a loop.
public enum LoopStep<State: Sendable, Output: Sendable>: Sendable {
    /// Another iteration, with this state.
    case next(State)
    /// The end of the loop, with its value.
    case done(Output)
}

extension WorkflowEngine {
    /// Repeats something, and goes on after its last iteration when the program is started again.
    ///
    /// ```swift
    /// let report = try await flow.loop("campaign", durable: 1, from: Campaign()) { (state: Campaign) in
    ///     let next = try await round(state).value
    ///     return next.isDone ? .done(next.report) : .next(next)
    /// }
    /// ```
    ///
    /// The journal keeps the state after the last iteration, and what was called in the one that goes on. What was
    /// recorded before is superseded and goes with the next compaction, when the journal is opened or pruned: a loop
    /// without an end has a journal of constant size, and so has what the program keeps in memory.
    ///
    /// Within an iteration everything is as elsewhere: recorded calls are answered after a restart. Each iteration
    /// makes calls of its own, so that an equal call in the next one is made again. What an iteration has read from
    /// files isn't looked at any more once it has ended.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors, reports and the journal.
    ///   - version: to be raised when the state means something else: the loop then begins anew.
    ///   - start: the state that it begins with; another one is another loop.
    ///   - dryRunValue: stands for the value in a dry run, which makes one iteration; needed only where the type has no
    ///     `DryRunValue`.
    ///   - fileID: the file in which the loop stands, for explanations.
    ///   - line: the line in it.
    ///   - body: one iteration, a block of its own. It ends when all that it has called has ended.
    /// - Returns: the value of the last iteration.
    /// - Throws: a `WorkflowError` if an iteration fails: a later run goes on with that one. ``JournalError`` with the
    ///   reason `damaged` as its cause, if the recorded state can't be used. `CancellationError` if the Swift task is
    ///   cancelled, which ends the loop, too.
    public func loop<State: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, durable version: TaskVersion, from start: State, dryRunValue: Output? = nil,
        fileID: String = #fileID, line: Int = #line,
        _ body: @escaping @Sendable (State) async throws -> LoopStep<State, Output>
    ) async throws -> Output {
        let places = durablePlaces
        let last = LastIteration()
        let place = "\(fileID):\(line)"
        let option = TaskOption<BlockKind>.recording { $0.version = version.description }
        @Sendable func definition(_ recorder: JournalRecorder, _ options: RecordingOptions) -> RecordedDefinition {
            recorder.definition(
                .block, name, options, place: place, typeNames: [String(describing: State.self)], as: .loop)
        }
        let loop = recordedBlock(name, [option]) { [self] (start: State) async throws -> Output in
            var options = RecordingOptions()
            options.version = version.description
            let run = places.flatMap { places in
                CurrentCall.id.map { LoopRun<State>($0, definition(places.recorder, options), places) }
            }
            return try await iterate(name, from: start, run, last, dryRunValue, body)
        } wrapper: { body, options in
            guard let places else { return body }
            return places.recorder.recorded(body, definition(places.recorder, options))
        }
        let future = loop(value(start))
        let value = try await withTaskCancellationHandler {
            try await future.value
        } onCancel: {
            future.cancel()
        }
        if let scope = last.scope.withLock({ $0 }) { places?.superseded.add(scope) }
        return value
    }

    private func iterate<State: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, from start: State, _ run: LoopRun<State>?, _ last: LastIteration, _ dryRunValue: Output?,
        _ body: @escaping @Sendable (State) async throws -> LoopStep<State, Output>
    ) async throws -> Output {
        var (count, state) = try await run?.resume() ?? (0, start)
        while true {
            let future = block("\(name).iteration") { [state, count] () async throws -> LoopStep<State, Output> in
                run?.open(count, TaskContext.current!)
                return try await body(state)
            }()
            let step: LoopStep<State, Output>
            do {
                step = try await future.value
                run?.close(count, future.id)
            } catch {
                run?.close(count, future.id)
                throw error
            }
            switch step {
            case .next where isDryRun:
                // It would go on for ever where nothing takes any time.
                return try await functionTask("\(name).value", dryRunValue: dryRunValue) { () throws -> Output in
                    throw CancellationError()
                }().value
            case .next(let next):
                count += 1
                try await run?.record(next, count)
                state = next
            case .done(let output):
                run?.end(count, last)
                return output
            }
        }
    }
}
