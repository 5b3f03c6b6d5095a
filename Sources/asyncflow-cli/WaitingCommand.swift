import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct WaitingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waiting",
        abstract: "What the program of a journal waits for: answers and times.",
        discussion: """
            Whether the program runs or not. 'asyncflow signal' answers a question.
            """)

    @OptionGroup var input: JournalArguments
    @OptionGroup var target: OutputArguments

    @Flag(help: "Write JSON, for programs.")
    var json = false

    func run() throws {
        try endingWithCode {
            let waits = OpenWaits(try input.read().contents)
            try report(to: target.output) { output in
                if json { return Self.write(waits, to: output) }
                var output = output
                output.write(text: text(waits))
                return output
            }
        }
    }

    private func text(_ waits: OpenWaits) -> String {
        if waits.isEmpty { return "nothing is waited for\n" }
        var table = TextTableLayout(["name", "waits for", "since", "until", "question"], leftColumns: [0, 1, 2, 3, 4])
        for question in waits.questions {
            table.rows.append([
                JournalText.cell(question.name), JournalText.cell(question.type, 24), WaitText.date(question.since),
                question.deadline.map { WaitText.date($0) } ?? "–", JournalText.cell(question.text, 60),
            ])
        }
        for sleep in waits.sleeps {
            table.rows.append([JournalText.cell(sleep.name), "a time", "–", WaitText.date(sleep.due), ""])
        }
        var text = table.lines.joined(separator: "\n") + "\n"
        let journal = ShellQuoting.quoted(input.journal.harmless())
        var told: Set<String> = []
        for question in waits.questions where told.insert(question.name).inserted {
            text += "asyncflow signal \(journal) \(ShellQuoting.quoted(question.name.harmless())) VALUE\n"
        }
        return text
    }

    private static func write(_ waits: OpenWaits, to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.array("questions") { json in
                for question in waits.questions {
                    json.object { json in
                        json.field("name", question.name)
                        json.field("type", question.type)
                        json.field("question", question.text)
                        json.field("since", number: Double(question.since) / 1e6)
                        if let deadline = question.deadline { json.field("until", number: Double(deadline) / 1e6) }
                    }
                }
            }
            json.array("sleeps") { json in
                for sleep in waits.sleeps {
                    json.object { json in
                        json.field("name", sleep.name)
                        json.field("until", number: Double(sleep.due) / 1e6)
                    }
                }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }
}
