import AsyncFlow

/// Points of a curve, with noise: the same ones for the same seed.
struct Dataset: TaskValue {
    var training: [Point] = []
    var validation: [Point] = []

    struct Point: Sendable {
        var x: Double
        var y: Double
    }

    init(seed: UInt64, count: Int, curve: @Sendable (Double) -> Double) {
        var numbers = Numbers(state: seed)
        for index in 0..<count {
            let x = numbers.next() * 2 - 1
            let point = Point(x: x, y: curve(x) + (numbers.next() - 0.5) * 0.2)
            if index.isMultiple(of: 4) { validation.append(point) } else { training.append(point) }
        }
    }
}

/// What a training is to try.
struct Hyperparameters: TaskValue {
    var degree: Int
    var rate: Double
    var steps = 1_500
}

/// A polynomial, fitted by gradient descent.
struct Model: TaskValue {
    let hyperparameters: Hyperparameters
    var weights: [Double]

    init(_ hyperparameters: Hyperparameters) {
        self.hyperparameters = hyperparameters
        weights = Array(repeating: 0, count: hyperparameters.degree + 1)
    }

    func value(at x: Double) -> Double { weights.reversed().reduce(0) { $0 * x + $1 } }

    func loss(on points: [Dataset.Point]) -> Double {
        points.reduce(0) { sum, point in
            let error = value(at: point.x) - point.y
            return sum + error * error
        } / Double(points.count)
    }

    /// One step down the gradient of the loss.
    mutating func improve(on points: [Dataset.Point]) {
        var gradient = Array(repeating: 0.0, count: weights.count)
        for point in points {
            let error = value(at: point.x) - point.y
            var power = 1.0
            for index in weights.indices {
                gradient[index] += 2 * error * power
                power *= point.x
            }
        }
        for index in weights.indices {
            weights[index] -= hyperparameters.rate * gradient[index] / Double(points.count)
        }
    }
}

/// How good a model is on points that it hasn't seen.
struct Score: TaskValue {
    let model: Model
    let loss: Double
}

struct Diverged: Error, CustomStringConvertible {
    let hyperparameters: Hyperparameters
    var description: String { "the loss grew beyond all bounds at a rate of \(hyperparameters.rate)" }
}

/// Numbers from 0 to 1 by a linear congruential generator (Knuth, MMIX).
private struct Numbers {
    var state: UInt64

    mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
}
