import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct JournalVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Reads all of the journal and its values, and compares them with their checksums.",
        discussion: """
            What is damaged is recorded again when its task runs again: nothing has to be repaired. An unfinished \
            write at the end of a segment is no damage: a program that was killed leaves it.
            """)

    @OptionGroup var input: JournalArguments

    func run() throws {
        try endingWithCode {
            let (contents, objects) = try input.read()
            var troubles = 0
            for loss in contents.losses {
                Messages.note(loss.description)
                if loss.cause != .unfinished { troubles += 1 }
            }
            var (values, bytes) = (0, UInt64(0))
            var seen: Set<ObjectID> = []
            contents.forEachCounting { entry in
                guard case .result(let record) = entry.record, case .object(let id, let size) = record.value,
                    seen.insert(id).inserted
                else { return }
                values += 1
                bytes = bytes.addingSaturated(size)
                do throws(JournalError) { _ = try objects.get(id, size: size) } catch {
                    Messages.note(error.description)
                    troubles += 1
                }
            }
            try report(to: "-") { output in
                var output = output
                output.write(
                    text:
                        "\(contents.recordCount) records and \(values) values (\(JournalText.bytes(bytes))) were read: "
                        + (troubles == 0
                            ? "no damage\n" : "\(troubles) kind\(troubles == 1 ? "" : "s") of damage, listed above\n"))
                return output
            }
            if troubles > 0 { throw Failure("", EX_DATAERR) }
        }
    }
}
