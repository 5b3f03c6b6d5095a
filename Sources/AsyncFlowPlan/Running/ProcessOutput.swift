import AsyncFlowBase

/// Reads the output of a step's process.
enum ProcessOutput {
    /// - Throws: ``ValueError`` that says what was expected.
    static func value(of text: String, as form: OutputForm, base: String) throws(ValueError) -> Value {
        switch form {
        case .text: return .string(withoutLineBreak(text))
        case .lines: return .strings(TextMethods.lines(of: text))
        case .typed(let type):
            do throws(ValueError) {
                return try Conversion.parse(withoutLineBreak(text), as: type, base: base)
            } catch {
                throw ValueError("the output doesn't have the form that 'as' says: \(error)")
            }
        }
    }

    private static func withoutLineBreak(_ text: String) -> String {
        let bytes = text.utf8
        guard bytes.last == UInt8(ascii: "\n") else { return text }
        let shorter = bytes.dropLast()
        return String(Substring(shorter.last == UInt8(ascii: "\r") ? shorter.dropLast() : shorter))
    }
}
