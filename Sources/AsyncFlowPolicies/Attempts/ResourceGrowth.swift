/// The growth of a resource from one attempt to the next.
///
/// ```swift
/// .retry(3, growing: .memory(times: 2), .cores(times: 2, on: .timedOut))
/// ```
///
/// Only resources that the task requests can grow: growth of memory does nothing for a task that requests none.
public struct ResourceGrowth: Sendable {
    private enum Quantity: String { case memory, cores }
    private let quantity: Quantity
    private let factor: Double
    private let maximumMemory: MemorySize?
    private let maximumCores: Int?
    private let classes: [FailureClass]

    /// Returns growth of memory after a failure of one of these classes.
    ///
    /// - Parameters:
    ///   - factor: the ratio to the memory of the attempt before; at least 1.
    ///   - maximum: the most that an attempt requests, unless the first one already requests more.
    ///   - classes: ``FailureClass/outOfMemory`` if none is given.
    public static func memory(
        times factor: Double, upTo maximum: MemorySize? = nil, on classes: FailureClass...
    ) -> ResourceGrowth {
        ResourceGrowth(
            quantity: .memory, factor: factor, maximumMemory: maximum, maximumCores: nil,
            classes: classes.isEmpty ? [.outOfMemory] : classes)
    }

    /// Returns growth of the number of cores after a failure of one of these classes.
    ///
    /// - Parameters:
    ///   - factor: the ratio to the cores of the attempt before, rounded up; at least 1.
    ///   - maximum: the most that an attempt requests, unless the first one already requests more.
    ///   - classes: ``FailureClass/timedOut`` if none is given.
    public static func cores(times factor: Double, upTo maximum: Int? = nil, on classes: FailureClass...)
        -> ResourceGrowth
    {
        ResourceGrowth(
            quantity: .cores, factor: factor, maximumMemory: nil, maximumCores: maximum,
            classes: classes.isEmpty ? [.timedOut] : classes)
    }

    /// Returns the request of the next attempt. Calls user code.
    package func grown(_ request: ResourceRequest, after error: any Error) -> ResourceRequest {
        guard classes.match(error) else { return request }
        var grown = request
        switch quantity {
        case .memory:
            let more = min(request.memory * factor, maximumMemory ?? .unlimited)
            grown.memory = max(request.memory, more)
        case .cores: grown.cores = request.cores.map(moreCores)
        }
        return grown
    }

    private func moreCores(than count: Int) -> Int {
        let product = (Double(count) * factor).rounded(.up)
        return max(count, min(Int(exactly: product) ?? .max, maximumCores ?? .max))
    }

    /// The reason why the growth can't work, if there is one.
    package var problem: String? {
        guard factor.isFinite, factor >= 1 else {
            return ".\(quantity.rawValue)(times:) must be at least 1, got \(factor)"
        }
        if let maximumCores, maximumCores < 1 {
            return ".cores(times:upTo:) must have a maximum of at least 1, got \(maximumCores)"
        }
        if let maximumMemory, maximumMemory <= .zero {
            return ".memory(times:upTo:) must have a maximum of more than 0, got \(maximumMemory)"
        }
        return nil
    }
}
