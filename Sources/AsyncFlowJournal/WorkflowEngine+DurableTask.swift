public import AsyncFlow

/// The version of a task's code: raised when the code means something else, so that what was recorded doesn't count any
/// more.
public struct TaskVersion: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, Sendable, Hashable,
    CustomStringConvertible
{
    public let description: String

    public init(integerLiteral value: Int) { description = String(value) }
    public init(stringLiteral value: String) { description = value }
    public init(_ text: String) { description = text }
}

extension WorkflowEngine {
    /// The engine's journal, if it has one.
    var recorder: JournalRecorder? { memory as? JournalRecorder }

    /// Defines a function task whose results are recorded in the engine's journal, if it has one: a call that is
    /// recorded isn't made again.
    ///
    /// ```swift
    /// let train = flow.functionTask("train", durable: 2) { (data: [Double], seed: Int) in fit(data, seed) }
    /// ```
    ///
    /// A call is known by the task's name, its version and its arguments. The body runs at least once; when the program
    /// is killed while it runs, it runs again. ``AsyncFlow/TaskContext/callID`` is the same then.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors, reports and the journal.
    ///   - version: to be raised when the body's code means something else.
    ///   - options: for example `.retry(3)`.
    ///   - dryRunValue: stands for the output in a dry run; needed only where the type has no `DryRunValue`.
    ///   - fileID: the file in which the task is defined, for explanations.
    ///   - line: the line in it.
    ///   - body: receives the resolved arguments. What it throws ends the task with a `TaskFailedError`, and isn't
    ///     reused.
    public func functionTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, durable version: TaskVersion, _ options: TaskOption<FunctionKind>...,
        dryRunValue: Output? = nil, fileID: String = #fileID, line: Int = #line,
        body: @escaping @Sendable (repeat each Input) throws -> Output
    ) -> FunctionTask<Output, repeat each Input> {
        makeDurable(name, version, options, dryRunValue, "\(fileID):\(line)", .synchronous(body))
    }

    /// Defines a function task with an async closure whose results are recorded in the engine's journal, if it has one.
    ///
    /// See the other one for how calls are known.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors, reports and the journal.
    ///   - version: to be raised when the body's code means something else.
    ///   - options: for example `.retry(3)`.
    ///   - dryRunValue: stands for the output in a dry run; needed only where the type has no `DryRunValue`.
    ///   - fileID: the file in which the task is defined, for explanations.
    ///   - line: the line in it.
    ///   - body: receives the resolved arguments. What it throws ends the task with a `TaskFailedError`, and isn't
    ///     reused.
    @_disfavoredOverload
    public func functionTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, durable version: TaskVersion, _ options: TaskOption<FunctionKind>...,
        dryRunValue: Output? = nil, fileID: String = #fileID, line: Int = #line,
        body: @escaping @Sendable (repeat each Input) async throws -> Output
    ) -> FunctionTask<Output, repeat each Input> {
        makeDurable(name, version, options, dryRunValue, "\(fileID):\(line)", .asynchronous(body))
    }

    private func makeDurable<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, _ version: TaskVersion, _ options: [TaskOption<FunctionKind>], _ dryRunValue: Output?,
        _ place: String, _ body: TaskBody<Output, repeat each Input>
    ) -> FunctionTask<Output, repeat each Input> {
        let versioned = options + [.recording { $0.version = version.description }]
        return recordedFunctionTask(name, versioned, dryRunValue: dryRunValue, body: body) { [recorder] body, options in
            guard let recorder else { return body }
            let definition = recorder.definition(
                .function, name, options, place: place, typeNames: TypeNames.of(repeat (each Input).self))
            return recorder.recorded(body, definition)
        }
    }

    /// Defines a function task that makes files, which are recorded in the engine's journal, if it has one: as long as
    /// they are there as they were, or with the same content, a call that is recorded isn't made again.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors, reports and the journal.
    ///   - version: to be raised when the body's code means something else.
    ///   - options: for example `.retry(3)`.
    ///   - output: what the closure makes in the task's working directory.
    ///   - fileID: the file in which the task is defined, for explanations.
    ///   - line: the line in it.
    ///   - body: receives the resolved arguments; the path of a file is where it was brought.
    public func functionTask<D: OutputDeclaration, each Input: Codable & Sendable>(
        _ name: String, durable version: TaskVersion, _ options: TaskOption<FunctionKind>..., producing output: D,
        fileID: String = #fileID, line: Int = #line,
        body: @escaping @Sendable (repeat each Input) async throws -> Void
    ) -> FunctionTask<D.Files, repeat each Input> where D.Files: Codable {
        let versioned = options + [.recording { $0.version = version.description }]
        return recordedFunctionTask(name, versioned, producing: output, body: body) { [recorder] body, options in
            guard let recorder else { return body }
            let definition = recorder.definition(
                .function, name, options, place: "\(fileID):\(line)",
                typeNames: TypeNames.of(repeat (each Input).self), makes: output.outputs.map(\.path))
            return recorder.recorded(body, definition)
        }
    }

    /// Defines a block whose value is recorded in the engine's journal, if it has one.
    ///
    /// The same build of the program is answered with the block's value as a whole. Another build runs its body again,
    /// and its members, as far as they are recorded, are answered one by one. So does a block whose members have taken
    /// files that no task has made: their content counts.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors, reports and the journal.
    ///   - version: to be raised when the body's code means something else.
    ///   - options: for example `.workflow("experiment-42")`.
    ///   - fileID: the file in which the task is defined, for explanations.
    ///   - line: the line in it.
    ///   - body: receives the resolved arguments; calls tasks and other blocks.
    public func block<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, durable version: TaskVersion, _ options: TaskOption<BlockKind>..., fileID: String = #fileID,
        line: Int = #line, body: @escaping @Sendable (repeat each Input) async throws -> Output
    ) -> Block<Output, repeat each Input> {
        let versioned = options + [.recording { $0.version = version.description }]
        return recordedBlock(name, versioned, body: body) { [recorder] body, options in
            guard let recorder else { return body }
            let definition = recorder.definition(
                .block, name, options, place: "\(fileID):\(line)", typeNames: TypeNames.of(repeat (each Input).self))
            return recorder.recorded(body, definition)
        }
    }

    /// A value that is found once and is the same in each later run: a random seed, a date, a name that nobody else
    /// has.
    ///
    /// ```swift
    /// let seed = try await flow.recorded("seed") { UInt64.random(in: 0 ... .max) }
    /// ```
    ///
    /// Without a journal `make` is called each time.
    ///
    /// - Parameters:
    ///   - name: tells it apart from others; of several with one name the n-th is the n-th of the runs before.
    ///   - fileID: the file in which the value is asked for, for explanations.
    ///   - line: the line in it.
    ///   - make: finds the value.
    /// - Throws: a `WorkflowError`, as every task does.
    public func recorded<Value: Codable & Sendable>(
        _ name: String, fileID: String = #fileID, line: Int = #line, _ make: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await functionTask(name, durable: "recorded", fileID: fileID, line: line) { () throws -> Value in
            try make()
        }().value
    }
}
