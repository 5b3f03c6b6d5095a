/// How much more of a resource the next attempt gets.
///
/// ```swift
/// .retry(3, growing: .memory(times: 2), .cores(times: 2, on: .timedOut))
/// ```
///
/// Only what the task asks for can grow: growth of memory does nothing for a task that names none.
public struct ResourceGrowth: Sendable {
    private enum Quantity: String { case memory, cores }
    private let quantity: Quantity
    private let factor: Double
    private let maximum: Int?
    private let classes: [FailureClass]

    /// More memory after a failure of one of these classes.
    ///
    /// - Parameters:
    ///   - factor: how many times as much as the attempt before had; at least 1.
    ///   - maximumBytes: no attempt asks for more, unless the first one does already.
    ///   - classes: ``FailureClass/outOfMemory`` if none is given.
    public static func memory(
        times factor: Double, maximumBytes: Int? = nil, on classes: FailureClass...
    ) -> ResourceGrowth {
        ResourceGrowth(
            quantity: .memory, factor: factor, maximum: maximumBytes,
            classes: classes.isEmpty ? [.outOfMemory] : classes)
    }

    /// More cores after a failure of one of these classes.
    ///
    /// - Parameters:
    ///   - factor: how many times as many as the attempt before had, rounded up; at least 1.
    ///   - maximum: no attempt asks for more, unless the first one does already.
    ///   - classes: ``FailureClass/timedOut`` if none is given.
    public static func cores(times factor: Double, maximum: Int? = nil, on classes: FailureClass...) -> ResourceGrowth {
        ResourceGrowth(
            quantity: .cores, factor: factor, maximum: maximum, classes: classes.isEmpty ? [.timedOut] : classes)
    }

    /// What the next attempt asks for. Calls users' code.
    func grown(_ amounts: ResourceAmounts, after error: any Error) -> ResourceAmounts {
        guard classes.match(error) else { return amounts }
        var grown = amounts
        switch quantity {
        case .memory: grown.memoryBytes = amounts.memoryBytes.map(multiplied)
        case .cores: grown.cores = amounts.cores.map(multiplied)
        }
        return grown
    }

    private func multiplied(_ amount: Int) -> Int {
        let product = (Double(amount) * factor).rounded(.up)
        return max(amount, min(Int(exactly: product) ?? .max, maximum ?? .max))
    }

    /// What is wrong with it, if anything.
    var problem: String? {
        guard factor.isFinite, factor >= 1 else {
            return "\(quantity.rawValue) can't grow by the factor \(factor): it has to be 1 or more"
        }
        guard let maximum, maximum < 1 else { return nil }
        return "\(quantity.rawValue) can't grow up to \(maximum): the maximum has to be 1 or more"
    }
}

/// The amounts that can grow from attempt to attempt, as plain numbers; nil for what a task doesn't ask for.
struct ResourceAmounts: Sendable, Hashable {
    var memoryBytes: Int?
    var cores: Int?
}
