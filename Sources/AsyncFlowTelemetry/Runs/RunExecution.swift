/// The command and files of a task, as texts of one ``RunModel``.
///
/// Lists are kept as the JSON texts of the recording: a million tasks then need one number each for them, and only
/// those of the tasks that are shown are parsed.
package struct RunExecution: Sendable, Equatable {
    package var program = RunText.none
    /// The words of the command, the program first: a JSON array of strings.
    var command = RunText.none
    package var workingDirectory = RunText.none
    package var jobID = RunText.none
    /// The computer that the task ran on, if it wasn't the engine's.
    package var node = RunText.none
    /// The files as JSON arrays of objects with `path` and optionally `size_bytes`.
    var inputs = RunText.none
    var outputs = RunText.none
    package var processID: Int32?
    package var exitCode: Int32?
    package var signal: Int32?

    package init() {}

    /// Takes over the properties that another event has; the others keep their values. A new exit code or signal
    /// replaces both.
    mutating func add(_ other: RunExecution) {
        func known(_ new: RunText, _ old: RunText) -> RunText { new == .none ? old : new }
        program = known(other.program, program)
        command = known(other.command, command)
        workingDirectory = known(other.workingDirectory, workingDirectory)
        jobID = known(other.jobID, jobID)
        node = known(other.node, node)
        inputs = known(other.inputs, inputs)
        outputs = known(other.outputs, outputs)
        processID = other.processID ?? processID
        if other.exitCode != nil || other.signal != nil { (exitCode, signal) = (other.exitCode, other.signal) }
    }

    /// Returns the execution with the texts of another table.
    func translated(by translation: [RunText]) -> RunExecution {
        var result = self
        for path in [
            \RunExecution.program, \.command, \.workingDirectory, \.jobID, \.node, \.inputs, \.outputs,
        ] {
            result[keyPath: path] = translation[Int(self[keyPath: path].index)]
        }
        return result
    }
}

/// An input or output file of a task.
package struct RunTaskFile: Sendable, Hashable {
    package let path: String
    /// The size in bytes; nil if it isn't known.
    package let size: Int?
}

extension RunModel {
    /// The command and files of a task; nil if it has neither, or they aren't known.
    package func execution(_ place: Int) -> RunExecution? {
        executionIndex[place] == Self.noPlace ? nil : executions[Int(executionIndex[place])]
    }

    mutating func add(_ execution: RunExecution, to place: Int) {
        if executionIndex[place] == Self.noPlace {
            executionIndex[place] = UInt32(executions.count)
            executions.append(execution)
        } else {
            executions[Int(executionIndex[place])].add(execution)
        }
    }

    /// The words of a task's command, the program first; empty if they aren't known.
    package func commandWords(_ place: Int) -> [String] {
        guard let text = execution(place)?.command else { return [] }
        return elements(of: text) { scanner, value in scanner.text(value) }
    }

    package func inputFiles(_ place: Int) -> [RunTaskFile] { files(execution(place)?.inputs) }
    package func outputFiles(_ place: Int) -> [RunTaskFile] { files(execution(place)?.outputs) }

    private func files(_ text: RunText?) -> [RunTaskFile] {
        guard let text else { return [] }
        return elements(of: text) { scanner, value in
            guard value.kind == .object else { return nil }
            var (path, size): (String?, Int?) = (nil, nil)
            var inner = scanner
            inner.position = value.start
            try? inner.members { scanner throws(JSONScanner.Malformed) in
                let key = try scanner.string()
                try scanner.colon()
                let value = try scanner.value()
                switch scanner.text(key) {
                case "path": path = scanner.text(value)
                case "size_bytes": size = scanner.integer(value).flatMap { $0 >= 0 ? $0 : nil }
                default: break
                }
            }
            return path.map { RunTaskFile(path: $0, size: size) }
        }
    }

    /// Returns the elements of a JSON array. If the text was cut or isn't an array, returns those elements that are
    /// complete.
    private func elements<Element>(
        of text: RunText, _ make: (JSONScanner, JSONValue) -> Element?
    ) -> [Element] {
        texts.withBytes(of: text) { bytes in
            var scanner = JSONScanner(bytes)
            var result: [Element] = []
            guard bytes.first == 0x5B else { return [] }
            try? scanner.elements { scanner throws(JSONScanner.Malformed) in
                let value = try scanner.value()
                if let element = make(scanner, value) { result.append(element) }
            }
            return result
        }
    }
}
