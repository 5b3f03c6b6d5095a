// Blocks: composite workflows that are called like one task. Loops and branches are ordinary Swift code.

import AsyncFlow

await runWorkflow { flow in
    let improve = flow.functionTask("improve") { (guess: Double, target: Double) in (guess + target / guess) / 2 }
    let error = flow.functionTask("error") { (guess: Double, target: Double) in abs(guess * guess - target) }

    // A loop whose length is known only while it runs: Newton's method, until it is good enough.
    let squareRoot = flow.block("square-root") { (target: Double, tolerance: Double) in
        var guess = target
        var rounds = 0
        while try await error(guess, target).value > tolerance {
            guess = try await improve(guess, target).value
            rounds += 1
        }
        return (guess * 1000).rounded() / 1000
    }

    // A branch: which tasks there are depends on a value.
    let sortIn = flow.functionTask("sort-in") { (value: Int) in value.isMultiple(of: 2) ? "even" : "odd" }
    let halve = flow.functionTask("halve") { (value: Int) in value / 2 }
    let tripleAndOne = flow.functionTask("triple-and-one") { (value: Int) in 3 * value + 1 }
    let nextNumber = flow.block("next-number") { (value: Int) in
        try await sortIn(value).value == "even" ? halve(value).value : tripleAndOne(value).value
    }

    // Blocks run side by side like tasks do, and their futures are arguments like any others.
    let roots = [2.0, 9.0, 144.0].map { squareRoot($0, 1e-9) }
    let sum = flow.functionTask("sum") { (values: [Double]) in values.reduce(0, +) }
    let total = sum(roots)
    print("square roots: \(try await roots.values())")
    print("their sum: \(try await total.value)")

    var number = nextNumber(6)
    number = nextNumber(number)  // the future of one block is the argument of the next
    number = nextNumber(number)
    print("6 becomes \(try await number.value) after three steps")
}
