package import AsyncFlowPlan

/// Files with the values of parameters, in YAML or JSON.
package enum ParameterFile {
    /// - Throws: ``ValueError`` with the first thing that is wrong, and its place.
    package static func values(_ source: FlowFile.Source) throws(ValueError) -> [(name: String, value: Value)] {
        var diagnostics = Diagnostics()
        let root = YAMLReader.read(source.file.text, &diagnostics)
        if let root, root.pairs == nil {
            diagnostics.error(root.place, "a file of parameters is a mapping, not \(root.kindName)")
        }
        if let first = diagnostics.sorted.first { throw ValueError(source.file.text(of: first)) }
        return (root?.pairs ?? []).map { ($0.key.text?.text ?? "", value(of: $0.value)) }
    }

    private static func value(of node: YAMLNode) -> Value {
        switch node.kind {
        case .scalar: node.scalarValue ?? .null
        case .sequence(let elements): .list(elements.map(value))
        case .mapping(let pairs): .record(Record(pairs.map { ($0.key.text?.text ?? "", value(of: $0.value)) }))
        }
    }
}
