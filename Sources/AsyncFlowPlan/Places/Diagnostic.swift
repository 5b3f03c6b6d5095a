import AsyncFlowBase

/// A message about a place in a source file.
package struct Diagnostic: Sendable, Hashable {
    package enum Severity: String, Sendable { case error, warning }

    package var severity: Severity
    package var place: Place
    package var message: String
    /// The remedy, shown beneath the line.
    package var hint: String?

    package init(_ severity: Severity, at place: Place, _ message: String, hint: String? = nil) {
        self.severity = severity
        self.place = place
        self.message = message
        self.hint = hint
    }
}

/// Messages as they are collected.
package struct Diagnostics: Sendable {
    package private(set) var all: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []

    package init() {}

    package mutating func add(_ diagnostic: Diagnostic) {
        guard seen.insert(diagnostic).inserted else { return }
        all.append(diagnostic)
        if diagnostic.severity == .error { errorCount += 1 }
    }

    package mutating func add(_ others: Diagnostics) {
        for diagnostic in others.all { add(diagnostic) }
    }

    package mutating func error(_ place: Place, _ message: String, hint: String? = nil) {
        add(Diagnostic(.error, at: place, message, hint: hint))
    }

    package mutating func warning(_ place: Place, _ message: String, hint: String? = nil) {
        add(Diagnostic(.warning, at: place, message, hint: hint))
    }

    /// The number of errors so far.
    package private(set) var errorCount = 0

    package var hasErrors: Bool { errorCount > 0 }

    /// In the order of the file.
    package var sorted: [Diagnostic] {
        all.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }.map(\.element)
    }
}

/// A file with its lines, for messages.
package struct SourceFile: Sendable {
    /// The path as the user wrote it.
    package let name: String
    package let text: String
    private let lines: [Substring]

    package init(name: String, text: String) {
        self.name = name
        self.text = text
        lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Substring($0) }
    }

    /// A line without its end, from 1; nil if there is none.
    package func line(_ number: Int) -> Substring? {
        guard lines.indices.contains(number - 1) else { return nil }
        let line = lines[number - 1]
        return line.utf8.last == UInt8(ascii: "\r") ? line.unicodeScalars.dropLast().asSubstring : line
    }

    /// The longest piece of a line that is shown.
    private static let longest = 160

    /// A message with the line that it is about, and a mark under the place.
    package func text(of diagnostic: Diagnostic) -> String {
        let place = diagnostic.place
        let position = place.line > 0 ? ":\(place.line):\(place.column)" : ""
        var text = "\(name)\(position): \(diagnostic.severity.rawValue): \(diagnostic.message)".harmless()
        guard place.line > 0, let line = line(place.line) else {
            if let hint = diagnostic.hint { text += "\n  \(hint.harmless())" }
            return text
        }
        // A long line is shown from a little before the place.
        let scalars = Array(line.unicodeScalars)
        let skipped = place.column > Self.longest ? place.column - 40 : 0
        let shown = scalars.dropFirst(skipped).prefix(Self.longest)
        let number = String(place.line)
        let margin = String(repeating: " ", count: max(0, 5 - number.utf8.count)) + number
        text += "\n\(margin) | \(Self.visible(shown))"
        let before = scalars.dropFirst(skipped).prefix(max(0, place.column - 1 - skipped))
        let marked = scalars.dropFirst(place.column - 1).prefix(place.length)
        let width = max(1, min(DisplayText.width(of: Self.visible(marked)), Self.longest))
        let mark = "^" + String(repeating: "~", count: width - 1)
        let blanks = String(repeating: " ", count: DisplayText.width(of: Self.visible(before)))
        text += "\n      | \(blanks)\(mark)"
        if let hint = diagnostic.hint { text += " \(hint.harmless())" }
        return text
    }

    /// The same as one line for GitHub's annotations.
    package func annotation(of diagnostic: Diagnostic) -> String {
        let message = diagnostic.message + (diagnostic.hint.map { "; \($0)" } ?? "")
        let escaped = message.harmless().replacing("%", with: "%25")
        let file = name.harmless().replacing("%", with: "%25").replacing(",", with: "%2C").replacing(":", with: "%3A")
        return "::\(diagnostic.severity.rawValue) file=\(file),line=\(diagnostic.place.line),"
            + "col=\(diagnostic.place.column)::\(escaped)"
    }

    /// The same as a record for programs.
    package func record(of diagnostic: Diagnostic) -> Value {
        .record(
            Record([
                ("file", .string(name)), ("line", .int(diagnostic.place.line)),
                ("column", .int(diagnostic.place.column)),
                ("length", .int(diagnostic.place.length)), ("severity", .string(diagnostic.severity.rawValue)),
                ("message", .string(diagnostic.message)), ("hint", diagnostic.hint.map(Value.string) ?? .null),
            ]))
    }

    private static func visible(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = ""
        for scalar in scalars { text.unicodeScalars.append(scalar) }
        return text.harmless()
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var asSubstring: Substring { Substring(self) }
}
