/// A run as a Nextflow trace file: tab-separated, one line for each task.
package struct NextflowTrace {
    private let model: RunModel

    package init(of model: RunModel) { self.model = model }

    private static let columns = [
        "task_id", "hash", "native_id", "name", "status", "exit", "submit", "duration", "realtime", "%cpu", "peak_rss",
        "peak_vmem", "rchar", "wchar",
    ]

    package func write(to output: consuming ReportOutput) -> ReportOutput {
        var output = output
        output.write(text: Self.columns.joined(separator: "\t") + "\n")
        for place in 0..<model.taskCount where model.isKnown(place) && model.kind[place] != .block {
            output.write(text: cells(place).map(Self.cell).joined(separator: "\t") + "\n")
        }
        return output
    }

    private func cells(_ place: Int) -> [String] {
        let execution = model.execution(place)
        let job = execution.flatMap { $0.jobID == .none ? nil : model.texts[$0.jobID] }
        let seconds = model.duration(place)
        let submitted = model.queued[place].isNaN ? model.created[place] : model.queued[place]
        let cpu = Double(model.cpuSeconds[place])
        let share = seconds.flatMap { $0 > 0 && !cpu.isNaN ? 100 * cpu / $0 : nil }
        return [
            "\(place + 1)", hash(place), job ?? execution?.processID.map { "\($0)" } ?? "-",
            "\(model.name(place)) (\(model.id(place)))", status(place), exit(execution),
            submitted.isNaN ? "-" : TimeText.local(model.origin + submitted),
            submitted.isNaN ? "-" : TimeText.nextflow(duration: max(0, model.end(place) - submitted)),
            seconds.map { TimeText.nextflow(duration: $0) } ?? "-",
            share.map { "\(TextFormat.fixed($0, 1))%" } ?? "-",
            model.peakMemoryBytes(place).map { TimeText.nextflow(bytes: $0) } ?? "-", "-", "-", "-",
        ]
    }

    private func status(_ place: Int) -> String {
        switch model.state[place] {
        case .done: "COMPLETED"
        case .failed: "FAILED"
        case .cancelled: "ABORTED"
        case .running: "RUNNING"
        case .queued: "SUBMITTED"
        case .waiting: "NEW"
        }
    }

    /// Returns the exit code as a shell reports it: 128 plus the signal for a command that a signal ended.
    private func exit(_ execution: RunExecution?) -> String {
        if let code = execution?.exitCode { return "\(code)" }
        return execution?.signal.map { "\(128 + $0)" } ?? "-"
    }

    /// Returns two and six hexadecimal digits, the same for the same task of the same run.
    private func hash(_ place: Int) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in (model.session.id + "/" + model.id(place)).utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        let digits = String(hash, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        return padded.prefix(2) + "/" + padded.dropFirst(2).prefix(6)
    }

    /// Returns the text on one line, without anything that a terminal or spreadsheet would interpret.
    private static func cell(_ text: String) -> String {
        text == "-" ? text : SpreadsheetCell.tsv(TextFormat.oneLine(text))
    }
}
