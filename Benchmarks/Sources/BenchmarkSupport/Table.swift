/// A table of text with aligned columns: the first to the left, the others to the right.
package struct Table {
    package var title: String
    package var header: [String]
    package var rows: [[String]] = []

    package init(title: String, header: [String]) {
        self.title = title
        self.header = header
    }

    package func print() {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            cells.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - cells[column].count)
                return column == 0 ? cells[column] + padding : padding + cells[column]
            }.joined(separator: "  ")
        }
        Swift.print("\n\(title)")
        Swift.print(line(header))
        Swift.print(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
        for row in rows { Swift.print(line(row)) }
    }
}

/// One measured number, for programs to read.
package struct Figure {
    package var name: String
    package var value: Double
    package var unit: String

    package init?(_ name: String, _ value: Double?, _ unit: String) {
        guard let value, value.isFinite else { return nil }
        self.name = name.replacing(" ", with: "_")
        self.value = value
        self.unit = unit
    }

    /// Reads `figure <name> <value> <unit>`.
    package init?(line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 4, words[0] == "figure", let value = Double(words[2]) else { return nil }
        (name, self.value, unit) = (String(words[1]), value, String(words[3]))
    }

    package static func print(_ figures: [Figure]) {
        Swift.print("")
        for figure in figures { Swift.print("figure \(figure.name) \(figure.value.text) \(figure.unit)") }
    }
}

extension Double {
    /// Four significant digits, at most four decimals.
    package var text: String {
        guard isFinite else { return "–" }
        let decimals = magnitude >= 1_000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : magnitude >= 1 ? 3 : 4
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = Int((magnitude * scale).rounded())
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % Int(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(scaled / Int(scale)).\(zeros)\(fraction)"
    }
}

extension Optional where Wrapped == Double {
    package var text: String { self?.text ?? "–" }
}
