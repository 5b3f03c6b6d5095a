import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal

/// What a journal holds, and what a person may do to it.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Shows, checks, exports and tidies the journal of a program that can be resumed.",
        discussion: """
            A journal is the directory that a program was given for its results. Reading one needs no lock and no \
            permission to write, also while a program is writing it.

            Exit codes besides those of other commands: 65 it isn't a journal, is of a newer format, or 'verify' has \
            found damage; 66 there is none; 73 it can't be written; 74 it can't be read; 75 another process is \
            writing it: try later.
            """,
        subcommands: [
            JournalShowCommand.self, JournalListCommand.self, JournalVerifyCommand.self, JournalExportCommand.self,
            JournalPruneCommand.self, JournalForgetCommand.self,
        ])
}

/// The journal to read or change.
struct JournalArguments: ParsableArguments {
    @Argument(help: "The journal's directory.", completion: .directory)
    var journal: String

    func read() throws -> (contents: JournalContents, objects: ObjectStore) {
        do throws(JournalError) {
            return try JournalStore.read(journal)
        } catch {
            throw Failure(error)
        }
    }
}

extension Failure {
    init(_ error: JournalError) {
        let code: Int32 =
            switch error.reason {
            case .notFound: EX_NOINPUT
            case .notAJournal, .newerFormat, .damaged: EX_DATAERR
            case .locked, .takenOver: EX_TEMPFAIL
            case .diskFull, .unwritable, .tooLarge: EX_CANTCREAT
            default: EX_IOERR
            }
        self.init(error.description, code)
    }
}

/// Texts about journals.
enum JournalText {
    /// The local date and time.
    static func date(_ time: JournalTime) -> String { WaitText.date(time) }

    /// A number of microseconds as `1.5 s`, `20 ms`.
    static func duration(_ microseconds: UInt64) -> String {
        if microseconds < 1000 { return "\(microseconds) µs" }
        let milliseconds = microseconds / 1000
        return (milliseconds < 10_000 ? Duration.milliseconds(milliseconds) : .seconds(milliseconds / 1000)).shortText
    }

    static func bytes(_ count: UInt64) -> String {
        var (value, unit) = (Double(count), 0)
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return unit == 0 || tenths % 10 == 0
            ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// A text for a column of a table.
    static func cell(_ text: String, _ columns: Int = 40) -> String {
        DisplayText.shortened(text.harmless(), to: columns)
    }

    /// The first digits of a call's identity.
    static func short(_ call: CallID) -> String { String(call.description.prefix(8)) }

    static func outcome(_ end: EndRecord?, isRunning: Bool) -> String {
        switch end?.outcome {
        case .completed?: "completed"
        case .failed?: "failed"
        case .stopped?: "stopped"
        case .parked?: "parked"
        case .some: "ended"
        case nil: isRunning ? "running" : "interrupted"
        }
    }

    static func state(_ record: JournalRecord) -> String {
        switch record {
        case .result: "done"
        case .failure: "failed"
        case .cancelled: "cancelled"
        default: "?"
        }
    }
}
