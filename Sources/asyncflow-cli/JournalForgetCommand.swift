import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct JournalForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Lets calls run again in the next run, though they are recorded.",
        discussion: """
            What depends on them is decided as always: it runs again if their new values differ. 'asyncflow journal \
            list' shows the names of tasks and calls.
            """)

    @OptionGroup var input: JournalArguments

    @Option(help: "Forget all calls of this task. May be given several times.")
    var task: [String] = []

    @Option(help: "Forget the call whose identity begins with these digits, at least 6. May be given several times.")
    var call: [String] = []

    @Flag(help: "Only failures; of all tasks, if none is named.")
    var failed = false

    func validate() throws {
        if task.isEmpty, call.isEmpty, !failed {
            throw ValidationError("Name what to forget: --task, --call or --failed.")
        }
        for digits in call
        where digits.utf8.count < 6 || HexText.bytes(digits.utf8.count % 2 == 0 ? digits : digits + "0") == nil {
            throw ValidationError("--call must have at least 6 of the digits 0-9 and a-f, got '\(digits.harmless())'.")
        }
    }

    func run() throws {
        try endingWithCode {
            let contents = try input.read().contents
            var names: Set<String> = []
            var calls: [CallID] = []
            var count = 0
            contents.forEachCounting { entry in
                guard let found = entry.record.header?.call, !failed || entry.record.kind == .failure else { return }
                let name = entry.definition?.name ?? ""
                if task.contains(name) || (failed && task.isEmpty && call.isEmpty) {
                    names.insert(name)
                    count += 1
                } else if call.contains(where: { found.description.hasPrefix($0) }) {
                    calls.append(found)
                    count += 1
                }
            }
            guard count > 0 else {
                throw Failure("Nothing of that is recorded in '\(input.journal.harmless())'.", EX_DATAERR)
            }
            do throws(JournalError) {
                var options = JournalStore.Options()
                options.progress = { Messages.note($0) }
                let store = try JournalStore.open(input.journal, run: nil, options: options)
                // In pieces that fit into a record.
                for start in stride(from: 0, to: max(1, calls.count), by: 10_000) {
                    try store.append(
                        .forgotten(
                            ForgottenRecord(
                                time: .now, names: start == 0 ? names.sorted() : [],
                                calls: Array(calls.dropFirst(start).prefix(10_000)), failuresOnly: failed)))
                }
                try store.close(nil)
            } catch {
                throw Failure(error)
            }
            try report(to: "-") { output in
                var output = output
                output.write(text: count == 1 ? "1 call will run again\n" : "\(count) calls will run again\n")
                return output
            }
        }
    }
}
