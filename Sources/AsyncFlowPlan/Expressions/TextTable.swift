import AsyncFlowBase

/// Records as a table of text.
enum TextTable {
    static func text(of rows: [Value]) -> String {
        var columns: [String] = []
        for case .record(let record) in rows {
            for name in record.names where !columns.contains(name) { columns.append(name) }
        }
        if columns.isEmpty { return rows.map(cell).joined(separator: "\n") }
        let lines =
            [columns.map { $0.harmless() }]
            + rows.map { row in
                columns.map { name in
                    guard case .record(let record) = row else { return name == columns[0] ? cell(row) : "" }
                    return record[name].map(cell) ?? ""
                }
            }
        let widths = columns.indices.map { column in lines.map { DisplayText.width(of: $0[column]) }.max() ?? 0 }
        return lines.map { line in
            let cells = zip(line, widths).map { DisplayText.padded($0, to: $1) }.joined(separator: "  ")
            return String(cells.reversed().drop { $0 == " " }.reversed())
        }
        .joined(separator: "\n")
    }

    private static func cell(_ value: Value) -> String {
        let text = value.scalarText ?? (value.isNull ? "" : JSONText.text(of: value))
        return DisplayText.shortened(text.harmless(), to: 60)
    }
}
