import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct JournalPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Removes results that no recent run has made or used, and what was forgotten.",
        discussion: """
            Runs that were interrupted don't count: they may not have got as far. What is removed is made again when \
            a run needs it.
            """)

    @OptionGroup var input: JournalArguments

    @Option(name: .customLong("keep-runs"), help: "Keep what so many completed runs have made or used.")
    var kept = 3

    @Option(name: .customLong("older-than"), help: "Remove what no run of the last so many days has made or used.")
    var days: Int?

    func validate() throws {
        if kept < 1 { throw ValidationError("--keep-runs must be at least 1, got \(kept).") }
        if let days, !(0...1_000_000).contains(days) {
            throw ValidationError("--older-than must be a number of days from 0 to 1000000, got \(days).")
        }
    }

    func run() throws {
        try endingWithCode {
            var options = JournalStore.Options()
            options.retention = JournalRetention(
                runs: days == nil ? kept : .max, oldest: days.map { .now - JournalTime($0) * 86_400_000_000 })
            options.progress = { Messages.note($0) }
            let outcome: CompactionReport
            do throws(JournalError) { outcome = try JournalStore.prune(input.journal, options: options) } catch {
                throw Failure(error)
            }
            try report(to: "-") { output in
                var output = output
                output.write(
                    text: "\(outcome.recordsBefore) records before, \(outcome.recordsAfter) now; "
                        + "\(JournalText.bytes(outcome.bytesBefore)) before, "
                        + "\(JournalText.bytes(outcome.bytesAfter)) now; "
                        + "\(outcome.objectsRemoved) values removed\n")
                return output
            }
        }
    }
}
