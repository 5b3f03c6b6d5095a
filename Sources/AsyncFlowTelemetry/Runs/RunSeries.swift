/// The samples of one node or GPU over time, thinned out when there are many.
package struct RunSeries: Sendable {
    static let limit = 1000

    package let node: String
    package let gpu: Int?
    /// The times of the samples, in seconds since the session's start.
    package private(set) var times: [Double] = []
    /// The values by measure and then by sample.
    package private(set) var values: [[Double]]
    /// The number of samples that were appended.
    package private(set) var sampleCount = 0
    private var stride = 1

    init(node: String, gpu: Int?) {
        self.node = node
        self.gpu = gpu
        values = Array(repeating: [], count: RunSample.Measure.allCases.count)
    }

    package func values(of measure: RunSample.Measure) -> [Double] { values[measure.rawValue] }

    mutating func append(_ sample: RunSample, at time: Double) {
        defer { sampleCount += 1 }
        guard sampleCount.isMultiple(of: stride) else { return }
        if times.count == Self.limit {
            times = Self.everySecond(times)
            for measure in values.indices { values[measure] = Self.everySecond(values[measure]) }
            stride *= 2
            guard sampleCount.isMultiple(of: stride) else { return }
        }
        times.append(time)
        for measure in values.indices { values[measure].append(sample.values[measure]) }
    }

    private static func everySecond(_ values: [Double]) -> [Double] {
        Swift.stride(from: 0, to: values.count, by: 2).map { values[$0] }
    }
}
