import AsyncFlowPlan

/// Finds the places in a file of the characters of YAML scalars.
///
/// A scalar's text isn't what stands in the file: lines are indented or folded, characters are escaped. The two are
/// gone through side by side.
struct ScalarPlaces {
    private let lines: [[Unicode.Scalar]]

    init(_ text: String) {
        lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            Array(Substring($0).unicodeScalars)
        }
    }

    enum Style { case plain, singleQuoted, doubleQuoted, block }

    /// - Parameter start: where the scalar begins, with its quote or its `|`.
    func placed(_ text: String, _ style: Style, at start: Place) -> PlacedText {
        if style == .plain, !text.utf8.contains(UInt8(ascii: " ")) { return PlacedText(text, at: start) }
        var (line, column) = (start.line - 1, start.column - 1)
        if style == .block { (line, column) = (line + 1, 0) }
        if style == .singleQuoted || style == .doubleQuoted { column += 1 }
        var places: [Place] = []
        let scalars = Array(text.unicodeScalars)
        places.reserveCapacity(scalars.count + 1)
        for scalar in scalars {
            while true {
                guard lines.indices.contains(line) else { return PlacedText(text, at: start) }
                let isAtEnd = column >= lines[line].count
                if isAtEnd {
                    places.append(Place(line: line + 1, column: column + 1))
                    // The line break is this character, or a folded line's blank, or nothing of the text.
                    (line, column) = (line + 1, 0)
                    if scalar == "\n" || scalar == " " {
                        if scalar == " ", style == .plain || style == .doubleQuoted || style == .singleQuoted {
                            column = indentation(line)
                        }
                        break
                    }
                    places.removeLast()
                    continue
                }
                let there = lines[line][column]
                if there == scalar {
                    places.append(Place(line: line + 1, column: column + 1))
                    column += style == .singleQuoted && scalar == "'" ? 2 : 1
                    break
                }
                if style == .doubleQuoted, there == "\\" {
                    places.append(Place(line: line + 1, column: column + 1))
                    column += escapeLength(line, column)
                    break
                }
                if there == " " || there == "\t" || there == "\r" {
                    column += 1
                    continue
                }
                // Something that isn't understood: the beginning is better than a wrong place.
                return PlacedText(text, at: start)
            }
        }
        places.append(Place(line: line + 1, column: column + 1))
        return PlacedText(text, places: places)
    }

    private func indentation(_ line: Int) -> Int {
        guard lines.indices.contains(line) else { return 0 }
        return lines[line].firstIndex { $0 != " " && $0 != "\t" } ?? 0
    }

    private func escapeLength(_ line: Int, _ column: Int) -> Int {
        guard column + 1 < lines[line].count else { return 1 }
        switch lines[line][column + 1] {
        case "x": return 4
        case "u": return 6
        case "U": return 10
        default: return 2
        }
    }
}
