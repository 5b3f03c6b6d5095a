import AsyncFlow

/// What NVIDIA's own tool says of the GPUs of this machine.
struct GraphicsProcessors: Sendable {
    private static let command = Command(
        "nvidia-smi", "--query-gpu=index,utilization.gpu", "--format=csv,noheader,nounits")

    /// The use of each GPU in percent, by its number; empty if there is no such tool or it can't tell.
    static func utilization() async -> [Int: Double] {
        guard let result = try? await CommandRunner().run(command, gracePeriod: .seconds(1)) else { return [:] }
        return parse(result.text)
    }

    static func parse(_ text: String) -> [Int: Double] {
        var values: [Int: Double] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
            guard words.count == 2, let gpu = Int(words[0]), let percent = Double(words[1]) else { continue }
            values[gpu] = percent
        }
        return values
    }
}
