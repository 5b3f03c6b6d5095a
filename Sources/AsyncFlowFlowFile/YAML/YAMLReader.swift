import AsyncFlowPlan
import Yams

/// Reads YAML into nodes with places. Whatever the text is, it ends soon, with nodes or with messages.
struct YAMLReader {
    /// The most bytes of a file.
    static let longestFile = 16 << 20
    /// The deepest nesting.
    static let deepest = 64
    /// The most nodes, counting those of an alias each time.
    static let mostNodes = 500_000

    private let places: ScalarPlaces
    private var nodes = 0
    private var diagnostics = Diagnostics()
    private var isGivenUp = false

    /// - Returns: the only document; nil after an error.
    static func read(_ text: String, _ diagnostics: inout Diagnostics) -> YAMLNode? {
        let start = Place(line: 1, column: 1)
        if text.utf8.count > longestFile {
            diagnostics.error(start, "the file is larger than \(longestFile >> 20) MiB")
            return nil
        }
        // Before the parser sees them: it would go through all that they stand for.
        if let place = AliasKeys.first(in: text) {
            diagnostics.error(place, "an alias can't be a key")
            return nil
        }
        do {
            guard let root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot() else {
                diagnostics.error(start, "the file is empty")
                return nil
            }
            var reader = YAMLReader(places: ScalarPlaces(text))
            let node = reader.node(root, depth: 0)
            diagnostics.add(reader.diagnostics)
            return reader.isGivenUp ? nil : node
        } catch let error as YamlError {
            diagnostics.add(YAMLProblem.diagnostic(of: error, in: text))
        } catch {
            diagnostics.error(start, "the file can't be read as YAML: \(error)")
        }
        return nil
    }

    private init(places: ScalarPlaces) { self.places = places }

    private static func place(_ mark: Mark?) -> Place {
        guard let mark else { return .none }
        return Place(line: max(1, mark.line), column: max(1, mark.column))
    }

    private mutating func node(_ node: Node, depth: Int) -> YAMLNode {
        let place = Self.place(node.mark)
        nodes += 1
        if isGivenUp { return YAMLNode(.sequence([]), place) }
        if depth > Self.deepest || nodes > Self.mostNodes {
            isGivenUp = true
            diagnostics.error(
                place,
                depth > Self.deepest ? "the file is nested too deeply" : "the file has too many parts, with its aliases"
            )
            return YAMLNode(.sequence([]), place)
        }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, place)
        case .sequence(let sequence):
            return YAMLNode(.sequence(sequence.map { self.node($0, depth: depth + 1) }), place)
        case .mapping(let mapping): return self.mapping(mapping, place, depth)
        case .alias: return YAMLNode(.sequence([]), place)
        }
    }

    private func scalar(_ scalar: Node.Scalar, _ place: Place) -> YAMLNode {
        let style: ScalarPlaces.Style =
            switch scalar.style {
            case .singleQuoted: .singleQuoted
            case .doubleQuoted: .doubleQuoted
            case .literal, .folded: .block
            default: .plain
            }
        let text = places.placed(scalar.string, style, at: place)
        var end = place
        if style == .plain { end.length = scalar.string.unicodeScalars.count }
        return YAMLNode(.scalar(text, isPlain: style == .plain), end)
    }

    private mutating func mapping(_ mapping: Node.Mapping, _ place: Place, _ depth: Int) -> YAMLNode {
        var pairs: [(key: YAMLNode, value: YAMLNode)] = []
        var merged: [(key: YAMLNode, value: YAMLNode)] = []
        var names: Set<String> = []
        for (key, value) in mapping {
            let key = node(key, depth: depth + 1)
            let value = node(value, depth: depth + 1)
            guard let name = key.text?.text else {
                diagnostics.error(key.place, "a key is a text, not \(key.kindName)")
                continue
            }
            if name == "<<", case .scalar(_, true) = key.kind {
                for source in value.elements ?? [value] {
                    if let others = source.pairs {
                        merged += others
                    } else {
                        diagnostics.error(value.place, "'<<' takes a mapping, not \(source.kindName)")
                    }
                }
                continue
            }
            // The parser takes keys with other tags for other ones.
            guard names.insert(name).inserted else {
                diagnostics.error(key.place, "'\(name)' is there twice in one mapping")
                continue
            }
            pairs.append((key, value))
        }
        if !merged.isEmpty {
            for pair in merged where names.insert(pair.key.text?.text ?? "").inserted { pairs.append(pair) }
        }
        return YAMLNode(.mapping(pairs), place)
    }
}

/// Errors of the parser in words that help.
enum YAMLProblem {
    static func diagnostic(of error: YamlError, in text: String) -> Diagnostic {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = Place(line: max(1, mark.line), column: max(1, mark.column))
            return Diagnostic(
                .error, at: place,
                "this isn't YAML: \(problem)" + (context.map { " (\($0.text) from line \($0.mark.line))" } ?? ""),
                hint: hint(problem, place, text))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return Diagnostic(
                .error, at: Place(line: max(1, context.mark.line), column: max(1, context.mark.column)),
                "\(names) is there twice in one mapping")
        case .reader(let problem, _, _, _):
            return Diagnostic(
                .error, at: Place(line: 1, column: 1), "this isn't YAML: \(problem)", hint: "is it a text in UTF-8?")
        default: return Diagnostic(.error, at: Place(line: 1, column: 1), "this isn't YAML: \(error)")
        }
    }

    /// The mistake that is mostly behind a message of the parser.
    private static func hint(_ problem: String, _ place: Place, _ text: String) -> String? {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.indices.contains(place.line - 1) ? Array(Substring(lines[place.line - 1]).unicodeScalars) : []
        let there = line.indices.contains(place.column - 1) ? line[place.column - 1] : nil
        if there == "\t" || line.first == "\t" { return "lines are indented by blanks, not by tabs" }
        if problem.contains("mapping values are not allowed") {
            return "a text with ': ' in it needs quotes around it, or '|' and a new line before it"
        }
        if there == "`" || there == "@" || there == "%" { return "a text that begins so needs quotes around it" }
        if there == "}" || there == "{" || there == "]" || there == "[" || problem.contains("flow") {
            return "a text with brackets or braces needs quotes around it"
        }
        if problem.contains("did not find expected key") || problem.contains("could not find expected ':'") {
            return "is the line indented as those before it, and is there a blank behind each ':'?"
        }
        return nil
    }
}
