import AsyncFlowTelemetry

/// The schedule of updates: every part at most twice a second, and costly parts so rarely that they take no more than
/// about a tenth of the time.
struct UpdatePace: Sendable {
    static let interval = Duration.milliseconds(500)
    private static let costShare = 10

    private var costlyRevision = -1
    private var nextCostly = Duration.zero

    /// - Parameters:
    ///   - revision: the current revision of the model.
    ///   - now: the time since a fixed moment.
    func parts(revision: Int, at now: Duration) -> [PageData.Part] {
        let withCostly = revision != costlyRevision && now >= nextCostly
        return PageData.Part.allCases.filter { withCostly || !$0.isCostly }
    }

    /// - Parameter cost: the time that creating the parts took.
    mutating func made(_ parts: [PageData.Part], revision: Int, cost: Duration, at now: Duration) {
        guard parts.contains(where: \.isCostly) else { return }
        costlyRevision = revision
        nextCostly = now + cost * Self.costShare
    }
}
