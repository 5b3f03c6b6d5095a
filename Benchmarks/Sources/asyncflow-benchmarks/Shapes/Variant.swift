/// One way to write a workload.
struct Variant: Sendable {
    enum Role: Sendable {
        /// Written by hand with Swift concurrency; the cheapest of these is what the engine is compared with.
        case baseline
        /// Written by hand too, but it does less than the shape asks for: shown, and never the baseline.
        case reference
        /// AsyncFlow.
        case engine
    }

    /// In tables, and with `_` for spaces in the names of figures.
    var name: String
    var role: Role
    /// Makes and runs about this many tasks and returns the result of the shape.
    var run: @Sendable (_ tasks: Int) async throws -> Int
    /// The same with the first task held by a gate, calling ``Gate/allTasksAreMade()`` when all exist;
    /// `nil` where never all tasks exist at the same time.
    var hold: (@Sendable (_ tasks: Int, _ gate: Gate) async throws -> Int)?

    init(
        _ name: String, _ role: Role = .baseline,
        hold: (@Sendable (_ tasks: Int, _ gate: Gate) async throws -> Int)? = nil,
        run: @escaping @Sendable (_ tasks: Int) async throws -> Int
    ) {
        self.name = name
        self.role = role
        self.run = run
        self.hold = hold
    }

    func check(_ result: Int, against expected: Int, in workload: Workload) throws {
        guard result == expected else {
            throw WrongResult(variant: name, workload: workload, result: result, expected: expected)
        }
    }
}

struct WrongResult: Error, CustomStringConvertible {
    var variant: String
    var workload: Workload
    var result: Int
    var expected: Int

    var description: String {
        "\(workload.rawValue) by \(variant) gave \(result) instead of \(expected): its figures would mean nothing."
    }
}
