import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

struct SignalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal",
        abstract: "Answers a question that a program asks by 'flow.signal'.",
        discussion: """
            The answer is put into the journal's inbox, which works whether the program runs or not; 'asyncflow waiting' \
            shows what is asked. An answer that nobody has asked for yet is kept until somebody does.

            Exit codes besides those of other commands: 65 the program has refused the answer, or it is none; 73 the \
            inbox can't be written.
            """)

    @OptionGroup var input: JournalArguments

    @Argument(help: "The signal's name.")
    var name: String

    @Argument(
        help: """
            The answer as JSON, such as true, 3 or '{"rate": 0.5}'; other text counts as a text. '-' reads it from the \
            standard input.
            """)
    var value: String

    func validate() throws {
        if let problem = SignalName.problem(name) { throw ValidationError(problem + ".") }
    }

    func run() throws {
        try endingWithCode {
            let waits = OpenWaits(try input.read().contents)
            let asked = waits.questions.first { $0.name == name }
            let payload = try payload(isText: asked?.type == "String")
            let inbox = Inbox(of: input.journal)
            let file: String
            do throws(SystemError) { file = try inbox.post(payload, for: name) } catch {
                throw Failure(
                    "the answer can't be put into the inbox of '\(input.journal.harmless())': \(error)", EX_CANTCREAT)
            }
            let answer = try outcome(of: file, in: inbox, waits)
            try report(to: "-") { output in
                var output = output
                output.write(text: answer + "\n")
                return output
            }
        }
    }

    private func payload(isText: Bool) throws -> [UInt8] {
        var text = value
        if value == "-" {
            text = String(decoding: try Self.standardInput(), as: UTF8.self)
        }
        guard text.utf8.count <= Inbox.maximumSize else {
            throw Failure("an answer has at most \(Inbox.maximumSize) bytes", EX_DATAERR)
        }
        let json = Array(text.utf8)
        let isJSON = (try? JSONDecoder().decode(AnyJSON.self, from: Data(json))) != nil
        if isJSON, !isText || text.drop(while: \.isWhitespace).hasPrefix("\"") { return json }
        return Array(try JSONEncoder().encode(text))
    }

    /// Returns the standard input, at most one byte more than an answer may have.
    private static func standardInput() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Inbox.maximumSize + 1)
        var count = 0
        while count < bytes.count {
            let piece = try bytes.withUnsafeMutableBytes { bytes in
                try retrying { read(STDIN_FILENO, bytes.baseAddress! + count, bytes.count - count) }
            }
            if piece <= 0 { break }
            count += piece
        }
        bytes.removeLast(bytes.count - count)
        // Without the end of the line.
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return bytes
    }

    /// Returns the reception of the answer, as far as it shows within some seconds.
    private func outcome(of file: String, in inbox: Inbox, _ waits: OpenWaits) throws -> String {
        let isAsked = waits.questions.contains { $0.name == name }
        let isRunning = JournalStore.writer(of: input.journal) != nil
        if isRunning {
            for _ in 0..<60 {
                switch inbox.fate(of: file) {
                case .taken: return "'\(name)' was answered"
                case .rejected(let reason): throw Failure(reason.harmless(), EX_DATAERR)
                case .waits: usleep(50_000)
                }
                if !isAsked { break }
            }
        }
        let names = Set(waits.questions.map { "'\($0.name.harmless())'" }).sorted().joined(separator: ", ")
        if !isAsked {
            return "nothing waits for '\(name)' now" + (names.isEmpty ? "" : ", but for \(names)")
                + ": the answer is kept until something does"
        }
        return isRunning
            ? "the answer is there, and the program hasn't looked at it yet"
            : "the answer is there, and is taken when the program runs again: asyncflow resume "
                + ShellQuoting.quoted(input.journal.harmless())
    }
}

/// Any JSON at all.
private struct AnyJSON: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() || (try? container.decode(Bool.self)) != nil { return }
        if (try? container.decode(Double.self)) != nil || (try? container.decode(String.self)) != nil { return }
        if (try? container.decode([AnyJSON].self)) != nil { return }
        _ = try container.decode([String: AnyJSON].self)
    }
}
