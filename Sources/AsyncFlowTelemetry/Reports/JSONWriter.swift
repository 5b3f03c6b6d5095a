/// A streaming writer of JSON, which puts commas where they belong.
package struct JSONWriter: ~Copyable {
    package var output: ReportOutput
    private var needsComma = false
    /// Whether `<`, `>` and `&` are escaped, so that no text can end the element of the page that it is in.
    private let isForHTML: Bool

    package init(_ output: consuming ReportOutput, isForHTML: Bool = false) {
        self.output = output
        self.isForHTML = isForHTML
    }

    package consuming func finish() -> ReportOutput { output }

    @inline(__always)
    private mutating func separate() {
        if needsComma { output.write(0x2C) }
        needsComma = true
    }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        output.write(0x7B)
        needsComma = false
        body(&self)
        output.write(0x7D)
        needsComma = true
    }

    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        separate()
        output.write(0x5B)
        needsComma = false
        body(&self)
        output.write(0x5D)
        needsComma = true
    }

    @inline(__always)
    package mutating func key(_ key: StaticString) {
        separate()
        output.write(0x22)
        output.write(key)
        output.write(0x22)
        output.write(0x3A)
        needsComma = false
    }

    package mutating func key(text: String) {
        string(text)
        output.write(0x3A)
        needsComma = false
    }

    package mutating func object(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        object(body)
    }

    package mutating func array(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        array(body)
    }

    package mutating func field(_ key: StaticString, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    package mutating func field(_ key: StaticString, _ value: Int?) {
        self.key(key)
        if let value { integer(value) } else { null() }
    }

    package mutating func field(_ key: StaticString, number value: Double?) {
        self.key(key)
        number(value ?? .nan)
    }

    package mutating func field(_ key: StaticString, _ value: Bool) {
        self.key(key)
        separate()
        output.write(value ? "true" : "false")
    }

    package mutating func numbers(_ key: StaticString, _ values: [Double]) {
        array(key) { json in for value in values { json.number(value) } }
    }

    package mutating func null() {
        separate()
        output.write("null")
    }

    package mutating func integer(_ value: Int) {
        separate()
        output.write(integer: value)
    }

    /// Writes a number with up to six decimal places, or `null` if the value isn't finite.
    package mutating func number(_ value: Double) {
        separate()
        guard value.isFinite else {
            output.write("null")
            return
        }
        guard abs(value) < 1e12 else {
            output.write(text: "\(value)")
            return
        }
        let millionths = Int((abs(value) * 1e6).rounded())
        if value < 0, millionths > 0 { output.write(0x2D) }
        output.write(integer: millionths / 1_000_000)
        var part = millionths % 1_000_000
        guard part > 0 else { return }
        output.write(0x2E)
        var scale = 100_000
        while part > 0 {
            output.write(UInt8(truncatingIfNeeded: part / scale) + 0x30)
            part %= scale
            scale /= 10
        }
    }

    package mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string($0) }
    }

    package mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) {
        separate()
        output.write(0x22)
        var start = 0
        for at in 0..<bytes.count {
            let byte = bytes[at]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C
                || (isForHTML && (byte == 0x3C || byte == 0x3E || byte == 0x26))
            {
                output.write(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<at]))
                escape(byte)
                start = at + 1
            } else if byte >= 0x7F, let (value, count) = TerminalEscapes.character(at: at, of: bytes) {
                output.write(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<at]))
                output.write("\\u")
                for digit in TerminalEscapes.digits(of: value) { output.write(digit) }
                start = at + count
            }
        }
        output.write(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
        output.write(0x22)
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: output.write("\\\"")
        case 0x5C: output.write("\\\\")
        case 0x0A: output.write("\\n")
        case 0x0D: output.write("\\r")
        case 0x09: output.write("\\t")
        default:
            output.write("\\u")
            for digit in TerminalEscapes.digits(of: UInt16(byte)) { output.write(digit) }
        }
    }
}
