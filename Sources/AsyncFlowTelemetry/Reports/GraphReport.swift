/// The graph of a run as text for Graphviz or Mermaid, or as a picture.
package enum GraphReport {
    package enum Format: String, Sendable, CaseIterable { case dot, mermaid, svg }

    package static func text(_ graph: RunGraph, as format: Format) -> String {
        switch format {
        case .dot: dot(graph)
        case .mermaid: mermaid(graph)
        case .svg: svg(graph)
        }
    }

    private static func label(_ node: RunGraph.Node, _ isFolded: Bool) -> String {
        let text = TextFormat.oneLine(node.label, 60)
        return isFolded ? "\(text) × \(TextFormat.count(node.count))" : text
    }

    private static func fill(_ state: RunState) -> String {
        switch state {
        case .done: "#cfe8d5"
        case .failed: "#f6c9c9"
        case .cancelled: "#dddddd"
        case .running: "#cfe0f6"
        case .queued: "#fbe9bf"
        case .waiting: "#f4f4f4"
        }
    }

    private static func dot(_ graph: RunGraph) -> String {
        // Works on scalars, because a quote followed by a combining mark is a different character from a quote.
        // Graphviz reads character references in labels, so an ampersand is written as one.
        func quoted(_ text: String) -> String {
            var result = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "&": result += "&amp;"
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
        var lines = [
            "digraph run {", "  rankdir=LR;",
            "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", color=\"#888888\"];",
        ]
        for (index, node) in graph.nodes.enumerated() {
            let tip = TextFormat.oneLine("\(node.id), \(node.state.text)", 200)
            lines.append(
                "  n\(index) [label=\(quoted(label(node, graph.isFolded))), fillcolor=\"\(fill(node.state))\", "
                    + "tooltip=\(quoted(tip))];")
        }
        for edge in graph.edges {
            let count = edge.count > 1 ? " [label=\"\(TextFormat.count(edge.count))\"]" : ""
            lines.append("  n\(edge.from) -> n\(edge.to)\(count);")
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private static func mermaid(_ graph: RunGraph) -> String {
        // Within quotes, Mermaid has no escapes except character codes.
        func escaped(_ text: String) -> String {
            var result = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"", "#", "&", "<", ">", "`", "\\", ";": result += "#\(scalar.value);"
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result
        }
        var lines = ["flowchart LR"]
        for (index, node) in graph.nodes.enumerated() {
            lines.append("  n\(index)[\"\(escaped(label(node, graph.isFolded)))\"]:::\(node.state.text)")
        }
        for edge in graph.edges {
            lines.append("  n\(edge.from) -->\(edge.count > 1 ? "|\(edge.count)|" : "") n\(edge.to)")
        }
        let used = Set(graph.nodes.map(\.state))
        for state in RunState.allCases where used.contains(state) {
            lines.append("  classDef \(state.text) fill:\(fill(state)),stroke:#888888,color:#222222")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func svg(_ graph: RunGraph) -> String {
        let (boxWidth, boxHeight, gapX, gapY, margin) = (200, 34, 80, 18, 20)
        let layerCount = (graph.nodes.map(\.layer).max() ?? 0) + 1
        var sizes = [Int](repeating: 0, count: layerCount)
        for node in graph.nodes { sizes[node.layer] += 1 }
        let rows = max(1, sizes.max() ?? 1)
        let width = 2 * margin + layerCount * boxWidth + (layerCount - 1) * gapX
        let height = 2 * margin + rows * boxHeight + (rows - 1) * gapY
        func x(_ node: RunGraph.Node) -> Int { margin + node.layer * (boxWidth + gapX) }
        func y(_ node: RunGraph.Node) -> Int {
            let free = (rows - sizes[node.layer]) * (boxHeight + gapY) / 2
            return margin + free + node.order * (boxHeight + gapY)
        }
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
                + "height=\"\(height)\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" role=\"img\">",
            "<title>Graph of the run</title>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
                + "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#888888\"/></marker></defs>",
        ]
        for edge in graph.edges {
            let (from, to) = (graph.nodes[edge.from], graph.nodes[edge.to])
            let (x1, y1) = (x(from) + boxWidth, y(from) + boxHeight / 2)
            let (x2, y2) = (x(to), y(to) + boxHeight / 2)
            let bend = gapX / 2
            // An edge of a name to itself goes around its box.
            let curve =
                edge.from == edge.to
                ? "M\(x1) \(y1)c\(bend) 0 \(bend) \(-boxHeight) \(-boxWidth / 2) \(-boxHeight / 2 - 2)"
                : "M\(x1) \(y1)C\(x1 + bend) \(y1) \(x2 - bend) \(y2) \(x2) \(y2)"
            lines.append("<path d=\"\(curve)\" fill=\"none\" stroke=\"#888888\" marker-end=\"url(#arrow)\"/>")
        }
        for node in graph.nodes {
            let short = graph.isFolded ? TextFormat.oneLine(node.label, 16) : TextFormat.oneLine(node.label, 26)
            let text = graph.isFolded ? "\(short) × \(TextFormat.count(node.count))" : short
            lines.append(
                "<g><title>\(escapedXML(TextFormat.oneLine("\(node.id): \(node.label), \(node.state.text)", 300)))</title>"
                    + "<rect x=\"\(x(node))\" y=\"\(y(node))\" width=\"\(boxWidth)\" height=\"\(boxHeight)\" rx=\"6\" "
                    + "fill=\"\(fill(node.state))\" stroke=\"#888888\"/>"
                    + "<text x=\"\(x(node) + boxWidth / 2)\" y=\"\(y(node) + boxHeight / 2 + 5)\" text-anchor=\"middle\" "
                    + "fill=\"#222222\">\(escapedXML(text))</text></g>")
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    static func escapedXML(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
