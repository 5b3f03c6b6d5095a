import AsyncFlow

extension LineBuffer {
    /// Appends the duration of a task or session.
    mutating func append(duration nanoseconds: Int64) {
        append(", \"duration_seconds\": ")
        // Never 0 for a task that has run, because 0 says that its start isn't known.
        append(microseconds: nanoseconds == 0 ? 0 : max(1, nanoseconds / 1_000))
    }

    /// Appends `, "name": ` and the text.
    mutating func append(_ name: StaticString, _ value: String) {
        append(key: name)
        append(string: value)
    }

    /// Appends `, "name": ` and the number.
    mutating func append(_ name: StaticString, _ value: Int) {
        append(key: name)
        append(integer: value)
    }

    /// Appends `, "name": ` and the number; `null` for nil and for numbers that JSON doesn't have.
    mutating func append(_ name: StaticString, optional value: Double?) {
        append(key: name)
        append(number: value ?? .nan)
    }

    /// Appends `, "name": `.
    @inline(__always)
    mutating func append(key name: StaticString) {
        append(", \"")
        append(name)
        append("\": ")
    }

    mutating func append(integer value: Int) {
        if value < 0 { append(0x2D) }
        append(decimal: UInt64(value.magnitude))
    }

    /// Appends the id of a task as a JSON string.
    mutating func append(task number: UInt64) {
        append("\"task.")
        append(decimal: number, digits: 6)
        append(0x22)
    }

    /// Appends a value from an event of the user.
    mutating func append(value: EventValue) {
        switch value {
        case .string(let text): append(string: text)
        case .integer(let value): append(integer: value)
        case .number(let value): append(number: value)
        case .boolean(let value): append(value ? "true" : "false")
        case .null: append("null")
        case .array(let values):
            append("[")
            for (index, value) in values.enumerated() {
                if index > 0 { append(", ") }
                append(value: value)
            }
            append("]")
        case .object(let values):
            append("{")
            for (index, (name, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { append(", ") }
                append(string: name)
                append(": ")
                append(value: value)
            }
            append("}")
        }
    }
}

extension Duration {
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
