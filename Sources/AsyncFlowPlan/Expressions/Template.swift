/// A text with expressions in it: `results/${{ name }}.csv`.
package struct Template: Sendable {
    package enum Part: Sendable {
        case text(PlacedText)
        case expression(PlacedExpression)
    }

    package let parts: [Part]
    package let place: Place

    package init(parts: [Part], place: Place) {
        self.parts = parts
        self.place = place
    }

    /// A text without expressions.
    package init(_ text: PlacedText) { self.init(parts: [.text(text)], place: text.place) }

    package var expressions: [PlacedExpression] {
        parts.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
    }

    /// The expression, if there is nothing besides: it keeps its type then.
    package var single: PlacedExpression? {
        guard parts.count == 1, case .expression(let expression) = parts[0] else { return nil }
        return expression
    }

    /// The text, if there is no expression in it.
    package var literal: String? {
        var text = ""
        for part in parts {
            guard case .text(let piece) = part else { return nil }
            text += piece.text
        }
        return text
    }

    package var roots: Set<String> { expressions.reduce(into: []) { $0.formUnion($1.roots) } }
}

extension Template {
    /// Finds the expressions of a text. `$${{` stands for `${{` itself.
    ///
    /// - Returns: the template without what is wrong in it.
    package static func parse(_ text: PlacedText, _ diagnostics: inout Diagnostics) -> Template {
        guard text.text.utf8.contains(UInt8(ascii: "$")) else { return Template(text) }
        let scalars = Array(text.text.unicodeScalars)
        var parts: [Part] = []
        var start = 0
        var position = 0
        func isAt(_ position: Int, _ mark: String) -> Bool {
            let mark = Array(mark.unicodeScalars)
            return position + mark.count <= scalars.count
                && scalars[position..<position + mark.count].elementsEqual(mark)
        }
        func addText(_ end: Int) { if end > start { parts.append(.text(text.part(start..<end))) } }
        while position < scalars.count {
            if isAt(position, "$${{") {
                // The first `$` is left out.
                addText(position)
                start = position + 1
                position += 4
                continue
            }
            guard isAt(position, "${{") else {
                position += 1
                continue
            }
            addText(position)
            let begin = position + 3
            guard let end = endOfExpression(scalars, from: begin) else {
                diagnostics.error(
                    text.place(of: position..<position + 3), "'${{' has no end", hint: "it ends with '}}'")
                return Template(parts: parts, place: text.place)
            }
            let source = text.part(begin..<end)
            do throws(ExpressionSyntaxError) {
                parts.append(.expression(PlacedExpression(try ExpressionParser.parse(source.text), source)))
            } catch {
                diagnostics.error(source.place(of: error.range), error.message, hint: error.hint)
            }
            position = end + 2
            start = position
        }
        addText(scalars.count)
        return Template(parts: parts, place: text.place)
    }

    /// The place of the `}}` that isn't within a string.
    private static func endOfExpression(_ scalars: [Unicode.Scalar], from begin: Int) -> Int? {
        var quote: Unicode.Scalar?
        var position = begin
        while position < scalars.count {
            let scalar = scalars[position]
            if let open = quote {
                if scalar == "\\" { position += 1 } else if scalar == open { quote = nil }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if scalar == "}", position + 1 < scalars.count, scalars[position + 1] == "}" {
                return position
            }
            position += 1
        }
        return nil
    }
}

extension Evaluator {
    /// The text of a template with values in the place of its expressions.
    package mutating func text(of template: Template) throws(ValueError) -> String {
        var result = ""
        for part in template.parts {
            switch part {
            case .text(let text): result += text.text
            case .expression(let placed):
                let value = try value(of: placed.expression)
                guard let text = value.scalarText else {
                    throw ValueError("\(Conversion.shown(value)) can't stand in a text; write json(…)")
                }
                result += text
            }
        }
        return result
    }

    /// The value of a template: that of its only expression, or a text.
    package mutating func value(of template: Template) throws(ValueError) -> Value {
        if let single = template.single { return try value(of: single.expression) }
        return .string(try text(of: template))
    }
}
