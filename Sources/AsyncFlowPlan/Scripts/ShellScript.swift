import AsyncFlowBase

/// A shell script in which values stand as references to variables, so that no value is ever a part of its text.
package struct ShellScript: Sendable {
    package let template: Template
    private let contexts: [ShellScanner.Context]
    /// The beginning of the variables' names; one that the script has nowhere.
    private let prefix: String

    /// - Parameter diagnostics: gets what is wrong with the script and with the places of values in it.
    package init(_ template: Template, _ diagnostics: inout Diagnostics) {
        self.template = template
        var symbols: [ShellScanner.Symbol] = []
        var places: [(start: Int, text: PlacedText)] = []
        var whole = ""
        for part in template.parts {
            switch part {
            case .text(let text):
                places.append((symbols.count, text))
                symbols += text.text.unicodeScalars.map(ShellScanner.Symbol.scalar)
                whole += text.text
            case .expression(let placed):
                places.append((symbols.count, placed.source))
                symbols.append(.reference)
            }
        }
        var prefix = "_v"
        while whole.contains(prefix) { prefix += "_" }
        self.prefix = prefix
        do throws(ShellScanner.Problem) {
            contexts = try ShellScanner.contexts(of: symbols)
        } catch {
            let piece = places.last { $0.start <= error.position }
            let offset = error.position - (piece?.start ?? 0)
            diagnostics.error(piece?.text.place(of: offset..<offset + 1) ?? template.place, error.message)
            contexts = []
            return
        }
        for (placed, context) in zip(template.expressions, contexts) {
            if case .refused(let message, let hint) = context { diagnostics.error(placed.place, message, hint: hint) }
        }
    }

    /// Checks the types of the values against the places where they stand.
    package func check(_ types: [ValueType?], isBash: Bool, _ diagnostics: inout Diagnostics) {
        for ((placed, context), type) in zip(zip(template.expressions, contexts), types) {
            guard let type else { continue }
            switch (context, type) {
            case (.refused, _): continue
            case (_, let type) where type.mayBeNull:
                diagnostics.error(
                    placed.place, "this may be null (\(type)), which can't stand in a script",
                    hint: "write '?? value' behind it")
            case (_, .record):
                diagnostics.error(
                    placed.place, "a record can't stand in a script", hint: "name a field, or write json(…)")
            case (.arithmetic, .int), (.arithmetic, .json): continue
            case (.arithmetic, _):
                diagnostics.error(
                    placed.place, "in arithmetic of the shell, \(type) could be code; only an int can stand here",
                    hint: "write int(…)")
            case (.quoted, .list):
                diagnostics.error(
                    placed.place, "a list can't stand within quotes or a here-document",
                    hint: "leave out the quotes, or write \" \".join(…)")
            case (.word, .list(let element)):
                if case .list = element { diagnostics.error(placed.place, "a list of lists can't stand in a script") }
                if !isBash {
                    diagnostics.error(
                        placed.place, "only bash has lists, and this script is for sh",
                        hint: "use 'shell: bash', or 'command'")
                }
            default: continue
            }
        }
    }

    /// The script with its values bound at its beginning.
    ///
    /// - Throws: ``ValueError`` for a value that can't stand at its place.
    package func text(values: [Value], isBash: Bool) throws(ValueError) -> String {
        var bindings = ""
        var body = ""
        var index = 0
        for part in template.parts {
            switch part {
            case .text(let text): body += text.text
            case .expression:
                let (value, context) = (values[index], contexts[index])
                index += 1
                let name = "\(prefix)\(index)"
                bindings += try Self.binding(of: value, to: name, context, isBash: isBash)
                body += Self.reference(to: name, value, context)
            }
        }
        return bindings + body
    }

    private static func binding(
        of value: Value, to name: String, _ context: ShellScanner.Context, isBash: Bool
    ) throws(ValueError) -> String {
        if case .arithmetic = context {
            guard case .int(let number) = value else {
                throw ValueError("in arithmetic of the shell only an int can stand, not \(Conversion.shown(value))")
            }
            return "\(name)=\(number)\n"
        }
        if case .list(let elements) = value {
            guard case .word = context, isBash else {
                throw ValueError("a list can't stand here: \(Conversion.shown(value))")
            }
            var words: [String] = []
            for element in elements { words.append(try quoted(element)) }
            return "\(name)=(\(words.joined(separator: " ")))\n"
        }
        return "\(name)=\(try quoted(value))\n"
    }

    private static func reference(to name: String, _ value: Value, _ context: ShellScanner.Context) -> String {
        switch context {
        case .word:
            // An empty list is an unset variable for `set -u` in some versions of bash.
            if case .list = value { return "${\(name)[@]+\"${\(name)[@]}\"}" }
            return "\"${\(name)}\""
        case .quoted, .arithmetic, .refused: return "${\(name)}"
        }
    }

    /// A value as a word in single quotes.
    private static func quoted(_ value: Value) throws(ValueError) -> String {
        let text = try ShellText.word(of: value)
        var result = "'"
        for scalar in text.unicodeScalars {
            if scalar == "'" { result += "'\\''" } else { result.unicodeScalars.append(scalar) }
        }
        return result + "'"
    }
}

/// Values as words that programs get.
package enum ShellText {
    /// - Throws: ``ValueError`` for what is no single value, or has a NUL character in it.
    package static func word(of value: Value) throws(ValueError) -> String {
        guard let text = value.scalarText else {
            throw ValueError("\(Conversion.shown(value)) can't be a word; name a field, or write json(…)")
        }
        if text.utf8.contains(0) { throw ValueError("a text with a NUL character in it can't be given to a program") }
        // The name of a file isn't an option.
        switch value {
        case .file, .directory: return text.utf8.first == UInt8(ascii: "-") ? "./\(text)" : text
        default: return text
        }
    }

    /// - Throws: ``ValueError``.
    package static func words(of value: Value) throws(ValueError) -> [String] {
        guard case .list(let elements) = value else { return [try word(of: value)] }
        var words: [String] = []
        for element in elements { words.append(try word(of: element)) }
        return words
    }
}
