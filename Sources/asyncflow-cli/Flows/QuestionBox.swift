import AsyncFlowBase
import AsyncFlowPlan

/// The questions of a run to people: files in its directory, and the terminal, if there is one.
///
/// An answer stays, so that a run that goes on later asks nothing twice.
struct QuestionBox: Asking {
    private let directory: String
    private let terminal: TerminalAnswers?

    /// - Parameters:
    ///   - directory: the directory of the run.
    ///   - readsTerminal: whether a person at the terminal may answer.
    init(_ directory: String, readsTerminal: Bool) {
        self.directory = directory
        terminal = readsTerminal && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 ? TerminalAnswers() : nil
    }

    private struct Unanswered: Error, CustomStringConvertible {
        let description: String
    }

    func answer(_ step: String, _ question: String, as type: ValueType, patience: Duration?) async throws -> Value {
        let file = OpenQuestion.fileName(of: step)
        let answer = "\(directory)/\(OpenQuestion.folder)/\(file).answer.json"
        let open = OpenQuestion(step: step, question: question, type: type)
        try PrivateDirectory.createPath("\(directory)/\(OpenQuestion.folder)")
        let end = patience.map { ContinuousClock.now.advanced(by: $0) }
        var isAsked = false
        while true {
            if let value = try read(answer, as: type) {
                open.remove(from: directory)
                return value
            }
            if !isAsked {
                try open.write(into: directory)
                FlowConsole.note(open.text(run: PathText.name(of: directory), hasTerminal: terminal != nil))
                isAsked = true
                terminal?.expect(open, answer)
            }
            if let end, ContinuousClock.now >= end {
                open.remove(from: directory)
                throw Unanswered(description: "nobody has answered in time: \(question.shortened)")
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func read(_ path: String, as type: ValueType) throws -> Value? {
        guard access(path, F_OK) == 0 else { return nil }
        do throws(ValueError) {
            let value = try JSONText.value(of: LocalFiles(base: directory).read(path))
            return try Conversion.convert(value, to: type, base: directory)
        } catch {
            // Written by a hand, or for a question that was another one then.
            FlowConsole.note("the answer in \(path) can't be used: \(error)")
            unlink(path)
            return nil
        }
    }
}

/// A question that waits for a person.
struct OpenQuestion: Sendable {
    let step: String
    let question: String
    let type: ValueType

    /// The folder of a run's directory in which questions and answers are.
    static let folder = "questions"

    /// The name of a question's files: letters, digits and '_', whatever the values are that it is asked for.
    static func fileName(of step: String) -> String {
        var name = ""
        for byte in step.utf8.prefix(80) {
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
            name += isPlain ? String(UnicodeScalar(byte)) : "-"
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in step.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return name == step ? name : "\(name).\(String(hash, radix: 16))"
    }

    func write(into directory: String) throws(ValueError) {
        try RunDirectory.write(
            .record(
                Record([
                    ("step", .string(step)), ("question", .string(question)), ("type", TypeForm.value(of: type)),
                    ("type_text", .string("\(type)")),
                ])), to: "\(Self.folder)/\(Self.fileName(of: step)).json", in: directory)
    }

    func remove(from directory: String) { unlink("\(directory)/\(Self.folder)/\(Self.fileName(of: step)).json") }

    /// All questions of a run that wait.
    static func all(in directory: String) -> [OpenQuestion] {
        let files = LocalFiles(base: directory)
        let paths = (try? files.glob("\(directory)/\(folder)", "*.json")) ?? []
        return paths.filter { !$0.hasSuffix(".answer.json") }.compactMap { path in
            guard let text = try? files.read(path), case .record(let record)? = try? JSONText.value(of: text),
                case .string(let step)? = record["step"], case .string(let question)? = record["question"],
                let type = record["type"].flatMap(TypeForm.type)
            else { return nil }
            return OpenQuestion(step: step, question: question, type: type)
        }
    }

    /// The question for a person, with the way to answer.
    func text(run: String, hasTerminal: Bool) -> String {
        "'\(step)' asks:\n\(question.trimmedEnd)\n"
            + (hasTerminal ? "type the answer (\(type)), or " : "") + "answer with: asyncflow answer \(run) '\(step)' "
            + example
    }

    private var example: String {
        switch type.withoutNull {
        case .record(let fields): fields.map { "\($0.name)=…" }.joined(separator: " ")
        case .bool: "true"
        default: "…"
        }
    }

    /// The value of an answer in words: `name=value` for each field of a record, else one text.
    func value(of words: [String]) throws(ValueError) -> Value {
        guard case .record(let fields) = type.withoutNull, words.first?.hasPrefix("{") != true else {
            return try Conversion.parse(words.joined(separator: " "), as: type, base: FlowLoader.currentDirectory)
        }
        var values: [(String, Value)] = []
        for word in words {
            guard let equals = word.firstIndex(of: "="),
                let field = fields.first(where: { $0.name == word[..<equals] })
            else {
                let names = fields.map(\.name)
                throw ValueError("'\(word)' should be name=value, with one of \(names.joined(separator: ", "))")
            }
            let text = String(word[word.index(after: equals)...])
            do throws(ValueError) {
                values.append(
                    (field.name, try Conversion.parse(text, as: field.type, base: FlowLoader.currentDirectory)))
            } catch { throw ValueError("'\(field.name)': \(error)") }
        }
        return try Conversion.convert(.record(Record(values)), to: type, base: FlowLoader.currentDirectory)
    }
}

/// Types as JSON.
enum TypeForm {
    static func value(of type: ValueType) -> Value {
        switch type {
        case .list(let element): .record(Record([("list", value(of: element))]))
        case .optional(let inner): .record(Record([("optional", value(of: inner))]))
        case .enumeration(let names): .record(Record([("enum", .strings(names))]))
        case .record(let fields):
            .record(Record([("record", .record(Record(fields.map { ($0.name, value(of: $0.type)) })))]))
        default: .string("\(type)")
        }
    }

    static func type(_ value: Value) -> ValueType? {
        switch value {
        case .string(let name): return ValueType(named: name)
        case .record(let record):
            if let element = record["list"] { return type(element).map { .list($0) } }
            if let inner = record["optional"] { return type(inner).map { .optional($0) } }
            if case .list(let names)? = record["enum"] {
                return .enumeration(names.compactMap { if case .string(let name) = $0 { name } else { nil } })
            }
            guard case .record(let fields)? = record["record"] else { return nil }
            var types: [ValueType.Field] = []
            for (name, value) in zip(fields.names, fields.values) {
                guard let type = type(value) else { return nil }
                types.append(.init(name, type))
            }
            return .record(types)
        default: return nil
        }
    }
}

/// Answers that a person types in the terminal, to the questions in their order.
private final class TerminalAnswers: Sendable {
    private let open = Lock<[(question: OpenQuestion, answer: String)]>([])
    private let isReading = AtomicFlag()

    func expect(_ question: OpenQuestion, _ answer: String) {
        open.withLock { $0.append((question, answer)) }
        guard isReading.raise() else { return }
        try? SystemThread.startDetached { self.read() }
    }

    private func read() {
        while let line = readLine(strippingNewline: true) {
            open.withLock { $0.removeAll { access($0.answer, F_OK) == 0 } }
            guard let (question, answer) = open.withLock({ $0.first }) else { continue }
            do throws(ValueError) {
                let words = line.split(separator: " ").map(String.init)
                let value = try question.value(of: words)
                try RunDirectory.write(value, to: PathText.name(of: answer), in: PathText.parent(of: answer))
                open.withLock { if !$0.isEmpty { $0.removeFirst() } }
            } catch {
                FlowConsole.note("\(error)")
            }
        }
    }
}

extension String {
    /// The text without blanks and line breaks at its end.
    var trimmedEnd: String {
        var text = self
        while let last = text.unicodeScalars.last, last == "\n" || last == " " { text.unicodeScalars.removeLast() }
        return text
    }

    /// The first line, not too long.
    fileprivate var shortened: String {
        String((split(separator: "\n").first ?? "").prefix(80))
    }
}
