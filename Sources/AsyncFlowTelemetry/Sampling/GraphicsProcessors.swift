import AsyncFlow

/// The utilisation of this computer's GPUs according to NVIDIA's tool.
struct GraphicsProcessors: Sendable {
    private static let command = Command(
        "nvidia-smi", "--query-gpu=index,utilization.gpu", "--format=csv,noheader,nounits")

    /// Returns the utilisation of each GPU in percent, by its number; empty if the tool is missing or fails.
    static func utilization() async -> [Int: Double] {
        guard let result = try? await CommandRunner().run(command, gracePeriod: .seconds(1)) else { return [:] }
        return parse(result.text)
    }

    static func parse(_ text: String) -> [Int: Double] {
        var values: [Int: Double] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
            guard words.count == 2, let gpu = Int(words[0]), gpu >= 0, let percent = Double(words[1]) else { continue }
            values[gpu] = percent
        }
        return values
    }
}
