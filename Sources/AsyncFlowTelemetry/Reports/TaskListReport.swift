/// The tasks of a run as a table: text for readers, CSV, TSV or JSON for programs.
package struct TaskListReport {
    /// The selection and order of the listed tasks.
    package struct Options: Sendable {
        /// Only tasks of these names, in which `*` stands for any text; empty for all.
        package var names: [String] = []
        /// Only tasks in these states; empty for all.
        package var states: Set<RunState> = []
        package var order = Column.id
        package var isDescending = false
        /// The maximum number of tasks that are listed.
        package var limit = Int.max

        package init() {}
    }

    /// A column of the table; its raw value is its name in CSV, TSV and JSON. Times are in seconds since the start of
    /// the run.
    package enum Column: String, Sendable, CaseIterable {
        case id, name, kind, state, backend, workflow, block, attempts, created, resolved, queued, started, ended
        case waited, duration
        case waitedFor = "waited_for"
        case worker, cores
        case cpuSeconds = "cpu_seconds"
        case peakMemory = "peak_memory_bytes"
        case errorType = "error_type"
        case errorMessage = "error_message"
        case program, command
        case exitCode = "exit_code"
        case signal
        case workingDirectory = "working_directory"
        case processID = "process_id"
        case jobID = "job_id"
        case node
        case inputBytes = "input_bytes"
        case outputBytes = "output_bytes"
    }

    package enum Format: Sendable { case text, csv, tsv, json }

    private enum Value {
        case text(String)
        case number(Double)
        case integer(Int)
        case none
    }

    private let model: RunModel
    private let failures: [Int: RunFailureText]
    private let places: [Int]
    /// The number of tasks that the options select, regardless of the limit.
    package let foundCount: Int

    package init(of model: RunModel, _ options: Options = Options()) {
        self.model = model
        var failures: [Int: RunFailureText] = [:]
        for failure in model.failures.newest { failures[failure.place] = failure.text }
        self.failures = failures
        let isWanted = model.names.map { facts in
            let name = model.texts[facts.text]
            return options.names.isEmpty || options.names.contains { TextPattern($0).matches(name) }
        }
        let found = (0..<model.taskCount).filter { place in
            model.isKnown(place) && isWanted[model.nameNumber(place)]
                && (options.states.isEmpty || options.states.contains(model.state[place]))
        }
        foundCount = found.count
        places = Array(Self.sorted(found, of: model, failures, options).prefix(options.limit))
    }

    /// The number of tasks that are listed.
    package var shownCount: Int { places.count }

    /// Sentences for the reader about the tasks that aren't shown.
    package var notes: [String] {
        var notes: [String] = []
        if shownCount < foundCount {
            notes.append("\(TextFormat.count(shownCount)) of \(TextFormat.count(foundCount)) tasks are shown.")
        }
        let silent = places.count { model.state[$0] == .failed && failures[$0] == nil }
        if silent > 0 {
            notes.append("The errors of \(TextFormat.count(silent)) tasks aren't shown: only the newest ones are kept.")
        }
        return notes
    }

    // MARK: Order

    private static func sorted(
        _ places: [Int], of model: RunModel, _ failures: [Int: RunFailureText], _ options: Options
    ) -> [Int] {
        if options.order == .id { return options.isDescending ? places.reversed() : places }
        func isBefore<T: Comparable>(_ a: (value: T, place: Int), _ b: (value: T, place: Int)) -> Bool {
            if a.value == b.value { return a.place < b.place }
            return options.isDescending ? a.value > b.value : a.value < b.value
        }
        let values = places.map { value(options.order, of: $0, in: model, failures) }
        let isText = values.contains { if case .text = $0 { true } else { false } }
        if isText {
            return zip(values, places).map { value, place in
                if case .text(let text) = value { (value: text, place: place) } else { (value: "", place: place) }
            }.sorted(by: isBefore).map(\.place)
        }
        // Unknown numbers come last in both directions.
        let unknown = options.isDescending ? -Double.infinity : .infinity
        return zip(values, places).map { value, place in
            switch value {
            case .number(let number): (value: number.isNaN ? unknown : number, place: place)
            case .integer(let integer): (value: Double(integer), place: place)
            case .text, .none: (value: unknown, place: place)
            }
        }.sorted(by: isBefore).map(\.place)
    }

    private static func value(
        _ column: Column, of place: Int, in model: RunModel, _ failures: [Int: RunFailureText]
    ) -> Value {
        func number(_ value: Double) -> Value { value.isNaN ? .none : .number(value) }
        func text(_ value: String?) -> Value { value.map { $0.isEmpty ? .none : .text($0) } ?? .none }
        func integer(_ value: Int32?) -> Value { value.map { .integer(Int($0)) } ?? .none }
        func bytes(_ files: [RunTaskFile]) -> Value {
            files.isEmpty ? .none : .number(files.reduce(0) { $0 + Double($1.size ?? 0) })
        }
        switch column {
        case .id: return .text(model.id(place))
        case .name: return text(model.name(place))
        case .kind: return .text(model.kind[place].text)
        case .state: return .text(model.state[place].text)
        case .backend: return text(model.backend(place))
        case .workflow: return text(model.workflowNumber(place).map { model.texts[model.workflows[$0].text] })
        case .block: return text(model.block(place).map { model.id($0) })
        case .attempts: return .integer(Int(model.attempts[place]))
        case .created: return number(model.created[place])
        case .resolved: return number(model.resolved[place])
        case .queued: return number(model.queued[place])
        case .started: return number(model.started[place])
        case .ended: return number(model.ended[place])
        case .waited:
            let waited = model.started[place] - model.ready(place)
            return number(waited.isNaN ? .nan : max(0, waited))
        case .duration: return model.duration(place).map { .number($0) } ?? .none
        case .waitedFor: return model.started[place].isNaN ? .none : .text(model.waitedFor[place].text)
        case .worker: return model.worker(place).map { .integer($0) } ?? .none
        case .cores: return number(Double(model.cores[place]))
        case .cpuSeconds: return number(Double(model.cpuSeconds[place]))
        case .peakMemory: return model.peakMemoryBytes(place).map { .number($0) } ?? .none
        case .errorType: return text(failures[place]?.type)
        case .errorMessage: return text(failures[place]?.message)
        case .program: return text(model.execution(place).map { model.texts[$0.program] })
        case .command: return text(model.commandWords(place).joined(separator: " "))
        case .exitCode: return integer(model.execution(place)?.exitCode)
        case .signal: return integer(model.execution(place)?.signal)
        case .workingDirectory: return text(model.execution(place).map { model.texts[$0.workingDirectory] })
        case .processID: return integer(model.execution(place)?.processID)
        case .jobID: return text(model.execution(place).map { model.texts[$0.jobID] })
        case .node: return text(model.execution(place).map { model.texts[$0.node] })
        case .inputBytes: return bytes(model.inputFiles(place))
        case .outputBytes: return bytes(model.outputFiles(place))
        }
    }

    private func value(_ column: Column, of place: Int) -> Value {
        Self.value(column, of: place, in: model, failures)
    }

    // MARK: Writing

    package func write(as format: Format, to output: consuming ReportOutput) -> ReportOutput {
        switch format {
        case .text: writeText(to: output)
        case .csv: writeCells(to: output, separator: ",") { SpreadsheetCell.csv($0) }
        case .tsv: writeCells(to: output, separator: "\t") { SpreadsheetCell.tsv($0) }
        case .json: writeJSON(to: output)
        }
    }

    private func writeText(to output: consuming ReportOutput) -> ReportOutput {
        var output = output
        var table = TextTableLayout(
            ["task", "name", "state", "attempts", "started", "ran", "waited", "CPU", "memory", "error"],
            leftColumns: [0, 1, 2, 9])
        for place in places {
            func seconds(_ column: Column) -> String {
                if case .number(let seconds) = value(column, of: place) { TextFormat.seconds(seconds) } else { "–" }
            }
            let error = failures[place].map { [$0.type, $0.message].filter { !$0.isEmpty }.joined(separator: ": ") }
            table.rows.append([
                TextFormat.oneLine(model.id(place), 40), TextFormat.oneLine(model.name(place), 40),
                model.state[place].text, TextFormat.count(Int(model.attempts[place])), seconds(.started),
                seconds(.duration), seconds(.waited), seconds(.cpuSeconds),
                model.peakMemoryBytes(place).map { TextFormat.bytes($0) } ?? "–",
                TextFormat.oneLine(error ?? "", 80),
            ])
        }
        for line in table.lines { output.write(text: line + "\n") }
        return output
    }

    private func writeCells(
        to output: consuming ReportOutput, separator: StaticString, _ cell: (String) -> String
    ) -> ReportOutput {
        var output = output
        for (index, column) in Column.allCases.enumerated() {
            if index > 0 { output.write(separator) }
            output.write(text: column.rawValue)
        }
        output.write("\n")
        for place in places {
            for (index, column) in Column.allCases.enumerated() {
                if index > 0 { output.write(separator) }
                switch value(column, of: place) {
                case .text(let text): output.write(text: cell(text))
                case .number(let number): output.write(text: "\((number * 1e6).rounded() / 1e6)")
                case .integer(let integer): output.write(integer: integer)
                case .none: break
                }
            }
            output.write("\n")
        }
        return output
    }

    private func writeJSON(to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.array { json in
            for place in places {
                json.object { json in
                    for column in Column.allCases {
                        json.key(text: column.rawValue)
                        switch value(column, of: place) {
                        case .text(let text): json.string(text)
                        case .number(let number): json.number(number)
                        case .integer(let integer): json.integer(integer)
                        case .none: json.null()
                        }
                    }
                }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }
}
