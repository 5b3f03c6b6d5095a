/// The wording of amounts in messages.
enum ResourceText {
    static func cores(_ count: Int) -> String { count == 1 ? "1 core" : "\(count) cores" }

    static func gpus(thousandths: Int) -> String {
        if thousandths == 1000 { return "1 GPU" }
        if thousandths.isMultiple(of: 1000) { return "\(thousandths / 1000) GPUs" }
        return "\(decimal(thousandths)) GPUs"
    }

    /// Returns a number of thousandths without trailing zeros: `0.25`.
    static func decimal(_ thousandths: Int) -> String {
        guard !thousandths.isMultiple(of: 1000) else { return "\(thousandths / 1000)" }
        var digits = String(1000 + thousandths % 1000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(thousandths / 1000).\(digits)"
    }

    static func list(_ parts: [String]) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " and " + last
    }
}
