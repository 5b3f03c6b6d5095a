/// A place in a source file: where something is written.
package struct Place: Sendable, Hashable, Comparable {
    /// From 1; 0 for what isn't written anywhere.
    package var line: Int
    /// In characters, from 1.
    package var column: Int
    /// How many characters are meant; at least 1.
    package var length: Int

    package init(line: Int, column: Int, length: Int = 1) {
        self.line = line
        self.column = column
        self.length = max(1, length)
    }

    package static let none = Place(line: 0, column: 0)

    package static func < (a: Place, b: Place) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A text with the places of its characters in the file.
package struct PlacedText: Sendable, Hashable {
    package var text: String
    /// The place of each scalar of the text, and one behind them; only the first if the rest of the text follows it in
    /// the same line.
    private var places: [Place]

    /// A text that is written in one line, as it stands.
    package init(_ text: String, at place: Place) {
        self.text = text
        places = [place]
    }

    /// - Parameter places: one for each scalar, and one for the end.
    package init(_ text: String, places: [Place]) {
        self.text = text
        self.places = places
    }

    package var place: Place { places.first ?? .none }

    /// The place of a range of scalars.
    package func place(of range: Range<Int>) -> Place {
        if places.count > 1 {
            let start = places[min(range.lowerBound, places.count - 1)]
            let end = places[min(range.upperBound, places.count - 1)]
            let length = end.line == start.line ? end.column - start.column : range.count
            return Place(line: start.line, column: start.column, length: length)
        }
        let start = place
        return Place(line: start.line, column: start.column + range.lowerBound, length: range.count)
    }

    /// A part of it.
    package func part(_ range: Range<Int>) -> PlacedText {
        let scalars = text.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: range.lowerBound)
        let end = scalars.index(start, offsetBy: range.count)
        let part = String(scalars[start..<end])
        if places.count > 1, range.upperBound < places.count {
            return PlacedText(part, places: Array(places[range.lowerBound...range.upperBound]))
        }
        return PlacedText(part, at: place(of: range))
    }
}
