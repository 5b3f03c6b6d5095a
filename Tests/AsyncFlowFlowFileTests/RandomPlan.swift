import TestSupport

/// A plan made up at random, whose results can be told without running anything.
struct RandomPlan {
    enum Outcome: Equatable {
        case value(Int)
        case list([Int?])
        case null
        case failed
        case notRun
    }

    struct Part {
        var name: String
        var sources: [Int]
        var constant: Int
        /// An earlier step whose sum has to be even.
        var condition: Int?
        var count: Int?
        /// Values that it divides fail.
        var divisor: Int
        var tolerance: Int?
        var allowsFailure: Bool
    }

    var parts: [Part] = []

    init(_ random: inout SeededRandom) {
        for index in 0..<Int.random(in: 2...6, using: &random) {
            let earlier = Array(0..<index)
            parts.append(
                Part(
                    name: "s\(index)", sources: earlier.filter { _ in Int.random(in: 0..<3, using: &random) == 0 },
                    constant: Int.random(in: 0...9, using: &random),
                    condition: Int.random(in: 0..<3, using: &random) == 0 ? earlier.randomElement(using: &random) : nil,
                    count: Int.random(in: 0..<2, using: &random) == 0 ? Int.random(in: 0...4, using: &random) : nil,
                    divisor: Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 2...4, using: &random) : 1000,
                    tolerance: Int.random(in: 0..<2, using: &random) == 0 ? Int.random(in: 0...2, using: &random) : nil,
                    allowsFailure: Int.random(in: 0..<3, using: &random) == 0))
        }
    }

    /// The sum of what a step has left, as an expression.
    private func sum(_ index: Int) -> String {
        let part = parts[index]
        return part.count == nil ? "(\(part.name).value ?? 0)" : "sum(ok(\(part.name).value ?? []))"
    }

    /// The file of the plan.
    ///
    /// - Parameter prelude: lines of each script that come before its own.
    func text(prelude: String = "") -> String {
        var text = "flow: x\nsteps:\n"
        // Backwards: the order in the file means nothing.
        for part in parts.reversed() {
            let terms = ["\(part.constant)"] + part.sources.map(sum)
            var expression = terms.joined(separator: " + ")
            if part.count != nil { expression += " + i" }
            text +=
                "  \(part.name):\n    run: \(prelude)x=$((${{ \(expression) }})); test $((x % \(part.divisor))) -ne 0; echo $x\n    as: int\n"
            if let count = part.count { text += "    for: {i: 1..\(count)}\n" }
            if let condition = part.condition { text += "    when: \(sum(condition)) % 2 == 0\n" }
            if let tolerance = part.tolerance, part.count != nil { text += "    tolerate: \(tolerance)\n" }
            if part.allowsFailure { text += "    allow-failure: true\n" }
        }
        return text + "outputs:\n" + parts.map { "  \($0.name): ${{ \($0.name).value }}\n" }.joined()
    }

    /// The outcome of each step when they run one after the other.
    var outcomes: [Outcome] {
        var outcomes: [Outcome] = []
        func sum(_ index: Int) -> Int {
            switch outcomes[index] {
            case .value(let number): number
            case .list(let numbers): numbers.compactMap { $0 }.reduce(0, +)
            case .null, .failed, .notRun: 0
            }
        }
        for part in parts {
            let needed = part.sources + (part.condition.map { [$0] } ?? [])
            if needed.contains(where: { outcomes[$0] == .failed || outcomes[$0] == .notRun }) {
                outcomes.append(.notRun)
                continue
            }
            let runs = part.condition.map { sum($0) % 2 == 0 } ?? true
            let base = part.constant + part.sources.map(sum).reduce(0, +)
            guard let count = part.count else {
                let isFailure = base % part.divisor == 0
                outcomes.append(!runs ? .null : isFailure ? part.allowsFailure ? .null : .failed : .value(base))
                continue
            }
            let numbers = (0..<count).map { base + $0 + 1 }
            let failed = runs ? numbers.count { $0 % part.divisor == 0 } : 0
            if failed > part.tolerance ?? 0 {
                outcomes.append(part.allowsFailure ? .null : .failed)
            } else {
                outcomes.append(.list(numbers.map { runs && $0 % part.divisor != 0 ? $0 : nil }))
            }
        }
        return outcomes
    }
}
