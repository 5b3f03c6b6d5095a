import AsyncFlowTelemetry

/// Which parts are made anew, and when: twice a second at most, and what takes long as seldom as a tenth of the time
/// allows.
struct UpdatePace: Sendable {
    static let interval = Duration.milliseconds(500)
    private static let costShare = 10

    private var costlyRevision = -1
    private var nextCostly = Duration.zero

    /// - Parameters:
    ///   - revision: what the model's is.
    ///   - now: since any moment, the same one each time.
    func parts(revision: Int, at now: Duration) -> [PageData.Part] {
        let withCostly = revision != costlyRevision && now >= nextCostly
        return PageData.Part.allCases.filter { withCostly || !$0.isCostly }
    }

    /// - Parameter cost: how long making them took.
    mutating func made(_ parts: [PageData.Part], revision: Int, cost: Duration, at now: Duration) {
        guard parts.contains(where: \.isCostly) else { return }
        costlyRevision = revision
        nextCostly = now + cost * Self.costShare
    }
}
