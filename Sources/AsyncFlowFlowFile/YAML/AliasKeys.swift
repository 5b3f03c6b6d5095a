import AsyncFlowPlan
internal import CYaml

/// Finds aliases that are keys of mappings, or parts of keys, without taking apart what they stand for.
enum AliasKeys {
    private struct Collection {
        let isMapping: Bool
        /// Whether it is a key, or within one.
        let isInKey: Bool
        /// Whether the next node of a mapping is a key.
        var expectsKey = true
    }

    /// The place of the first; nil if there is none up to the first error of the text.
    static func first(in text: String) -> Place? {
        guard text.utf8.contains(UInt8(ascii: "*")) else { return nil }
        var text = text
        return text.withUTF8 { bytes in
            var parser = yaml_parser_t()
            guard yaml_parser_initialize(&parser) == 1 else { return nil }
            defer { yaml_parser_delete(&parser) }
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            return first(of: &parser)
        }
    }

    private static func first(of parser: inout yaml_parser_t) -> Place? {
        var open: [Collection] = []
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
            defer { yaml_event_delete(&event) }
            let isInKey = open.last.map { $0.isInKey || $0.isMapping && $0.expectsKey } ?? false
            switch event.type {
            case YAML_STREAM_END_EVENT: return nil
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT:
                open.append(Collection(isMapping: event.type == YAML_MAPPING_START_EVENT, isInKey: isInKey))
                continue
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: open.removeLast()
            case YAML_ALIAS_EVENT:
                guard isInKey else { break }
                return Place(line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
            case YAML_SCALAR_EVENT: break
            default: continue
            }
            // A node has ended: a key, or what belongs to one.
            if !open.isEmpty { open[open.count - 1].expectsKey.toggle() }
        }
    }
}
