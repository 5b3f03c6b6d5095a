public import AsyncFlow
import AsyncFlowBase

/// An exception that a Python function raised.
public struct PythonError: WorkflowError, Hashable {
    /// A frame of the code that an exception passed through.
    public struct Frame: Sendable, Hashable, Codable {
        /// The file as Python names it.
        public let file: String
        /// The line, from 1.
        public let line: Int
        /// The function's name.
        public let function: String
        /// The text of the line; empty if it isn't known.
        public let source: String

        package init(file: String, line: Int, function: String, source: String) {
            self.file = file
            self.line = line
            self.function = function
            self.source = source
        }
    }

    /// An exception that led to another one.
    public struct Cause: Sendable, Hashable {
        /// The class with its module.
        public let typeName: String
        /// The exception's message.
        public let text: String
        /// The frames in which it was raised, the innermost last.
        public let frames: [Frame]
    }

    /// The task's function, as in `models.train:fit`.
    public let function: String
    /// The class with its module, as in `builtins.KeyError`.
    public let typeName: String
    /// The class and its base classes.
    public let typeNames: [String]
    /// The exception's message.
    public let text: String
    /// The frames in which it was raised, the innermost last; at most the last 64.
    public let frames: [Frame]
    /// The exceptions that led to it, the nearest first; at most 16.
    public let causes: [Cause]
    /// The notes that were added to it.
    public let notes: [String]
    /// The traceback as Python prints it.
    public let traceback: String
    /// The worker's name, its computer and its process id there.
    public let workerName: String
    public let host: String
    public let processID: Int32

    /// Returns whether the exception is of a class or of one derived from it.
    ///
    /// - Parameter name: The class with its module; without one for Python's built-in classes.
    public func isOf(_ name: String) -> Bool {
        typeNames.contains(name) || typeNames.contains("builtins.\(name)")
    }

    /// `outOfMemory` for a `MemoryError` and torch's `OutOfMemoryError`, so that `.retry(growing:)` covers them;
    /// otherwise `taskFailed`.
    public var code: WorkflowErrorCode {
        let isOutOfMemory =
            isOf("MemoryError") || isOf("torch.cuda.OutOfMemoryError") || isOf("torch.OutOfMemoryError")
        return isOutOfMemory ? .outOfMemory : .taskFailed
    }
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
    public var message: String {
        let name = typeName.hasPrefix("builtins.") ? String(typeName.dropFirst("builtins.".count)) : typeName
        var message = text.isEmpty ? name.harmless() : "\(name.harmless()): \(text.harmlessLines())"
        if let frame = frames.last {
            message += " (\(frame.file.harmless()):\(frame.line) in \(frame.function.harmless()))"
        }
        return message + "; in worker '\(workerName)', process \(processID) on \(host)"
    }
    /// The traceback and the worker.
    public var description: String {
        if traceback.isEmpty { return message }
        return "\(traceback.harmlessLines())\nin worker '\(workerName)', process \(processID) on \(host)"
    }
}

/// The reason that a Python function can't be called as its task declares: its module or package is missing, or its
/// signature differs.
public struct PythonFunctionError: WorkflowError, Hashable {
    /// The task's function, as in `models.train:fit`; several of them if the backend checked them as it started.
    public let function: String
    /// The problem and the remedy.
    public let message: String
    public var code: WorkflowErrorCode { .unsupportedByBackend }
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
}
