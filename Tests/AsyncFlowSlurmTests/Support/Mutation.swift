/// Random changes of answers, by a seed.
struct Mutation {
    var random: SeededGenerator

    private static let pieces = [
        "9223372036854775807", "-9223372036854775808", "99999999999999999999999", "4294967296", "-1", "0", "1e400",
        "NaN",
        "\u{0}", "\u{1b}[31m", "\u{202e}", "\u{301}", "\r", "\n", " ", "  ", ":", "-", "_", "|", ",", "%", "[", "]",
        "{", "}",
        "\"", "\\", "null", "true", "[]", "{}", "N/A", "BEAMED_UP", "COMPLETED", "FAILED", "CANCELLED", "RUNNING",
        "asyncflow-", "...", "0-999", "exit ", "signal ",
    ].map { Array($0.utf8) }

    /// Returns a text with up to eight changes, or now and then with none.
    mutating func changed(_ text: some Sequence<UInt8>) -> [UInt8] {
        var bytes = Array(text)
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...20, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
            case 2: bytes.removeSubrange(place...)
            case 3: if place < bytes.count { bytes[place] = .random(in: 0 ... .max, using: &random) }
            case 4:
                // A number becomes another one.
                guard let first = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { continue }
                let last = bytes[first...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.endIndex
                bytes.replaceSubrange(first..<last, with: Self.pieces[Int.random(in: 0..<8, using: &random)])
            case 5:
                var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                lines.shuffle(using: &random)
                bytes = Array(lines.joined(separator: [0x0A]))
            default:
                bytes.replaceSubrange(place..<end, with: Self.pieces.randomElement(using: &random) ?? [])
            }
        }
        return bytes
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &random)]
    }
}
