public import AsyncFlow

/// The version of a task's code. Change it when the meaning of the code changes, so that earlier results no longer
/// count.
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

    /// Defines a function task whose results are recorded in the engine's journal, if it has one: a recorded call isn't
    /// made again.
    ///
    /// ```swift
    /// let train = flow.functionTask("train", durable: 2) { (data: [Double], seed: Int) in fit(data, seed) }
    /// ```
    ///
    /// A call is identified by the task's name, its version and its arguments. The body runs at least once; if the
    /// program is killed while it runs, it runs again. ``AsyncFlow/TaskContext/callID`` is then the same.
    ///
    /// - Parameters:
    ///   - name: A short, clear name for logs, errors, reports and the journal.
    ///   - version: The version, to be changed when the meaning of the body's code changes.
    ///   - options: The options, for example `.retry(3)`.
    ///   - dryRunValue: The output in a dry run; needed only if the type has no `DryRunValue`.
    ///   - fileID: The file in which the task is defined, for explanations.
    ///   - line: The line in that file.
    ///   - body: The function, which receives the resolved arguments. An error that it throws ends the task with a
    ///     `TaskFailedError`, and isn't reused.
    public func functionTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ name: String, durable version: TaskVersion, _ options: TaskOption<FunctionKind>...,
        dryRunValue: Output? = nil, fileID: String = #fileID, line: Int = #line,
        body: @escaping @Sendable (repeat each Input) throws -> Output
    ) -> FunctionTask<Output, repeat each Input> {
        makeDurable(name, version, options, dryRunValue, "\(fileID):\(line)", .synchronous(body))
    }

    /// Defines a function task with an async closure whose results are recorded in the engine's journal, if it has one.
    ///
    /// See the synchronous variant for the identity of calls.
    ///
    /// - Parameters:
    ///   - name: A short, clear name for logs, errors, reports and the journal.
    ///   - version: The version, to be changed when the meaning of the body's code changes.
    ///   - options: The options, for example `.retry(3)`.
    ///   - dryRunValue: The output in a dry run; needed only if the type has no `DryRunValue`.
    ///   - fileID: The file in which the task is defined, for explanations.
    ///   - line: The line in that file.
    ///   - body: The function, which receives the resolved arguments. An error that it throws ends the task with a
    ///     `TaskFailedError`, and isn't reused.
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
    /// the files are unchanged, or have the same content, a recorded call isn't made again.
    ///
    /// - Parameters:
    ///   - name: A short, clear name for logs, errors, reports and the journal.
    ///   - version: The version, to be changed when the meaning of the body's code changes.
    ///   - options: The options, for example `.retry(3)`.
    ///   - output: The files that the closure makes in the task's working directory.
    ///   - fileID: The file in which the task is defined, for explanations.
    ///   - line: The line in that file.
    ///   - body: The function, which receives the resolved arguments; the path of a file is that of its staged copy or
    ///     link.
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
    /// A call by the same build of the program is answered with the block's recorded value. Another build runs the body
    /// again, and its members are answered one by one, as far as they are recorded. The same applies to a block whose
    /// members have read files that no task has made, because the files' content counts.
    ///
    /// - Parameters:
    ///   - name: A short, clear name for logs, errors, reports and the journal.
    ///   - version: The version, to be changed when the meaning of the body's code changes.
    ///   - options: The options, for example `.workflow("experiment-42")`.
    ///   - fileID: The file in which the block is defined, for explanations.
    ///   - line: The line in that file.
    ///   - body: The function, which receives the resolved arguments and calls tasks and other blocks.
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

    /// Returns a value that is made once and is the same in each later run: a random seed, a date, a unique name.
    ///
    /// ```swift
    /// let seed = try await flow.recorded("seed") { UInt64.random(in: 0 ... .max) }
    /// ```
    ///
    /// Without a journal, `make` is called each time.
    ///
    /// - Parameters:
    ///   - name: The name that distinguishes the value from others. Of several values with the same name, the n-th one
    ///     is the n-th one of the earlier runs.
    ///   - fileID: The file in which the value is requested, for explanations.
    ///   - line: The line in that file.
    ///   - make: The function that makes the value.
    /// - Throws: A `WorkflowError`, as every task does.
    public func recorded<Value: Codable & Sendable>(
        _ name: String, fileID: String = #fileID, line: Int = #line, _ make: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await functionTask(name, durable: "recorded", fileID: fileID, line: line) { () throws -> Value in
            try make()
        }().value
    }
}
