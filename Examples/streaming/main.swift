// A million inputs through a window: memory stays flat, because only so many calls are unfinished at a time.

import AsyncFlow

/// Reads the streams. Code at the top level of a program runs on the main actor, to which every value that has to be
/// waited for is a detour; `@concurrent` keeps this loop on the threads that are made for it.
@concurrent
func readStreams(of flow: WorkflowEngine) async throws {
    let square = flow.functionTask("square") { (number: Int) in number * number }

    var count = 0
    var sum = 0
    for try await value in flow.stream(1...1_000_000, window: 1_000, { square($0) }) {
        count += 1
        sum += value
    }
    print("squares: \(count), sum: \(sum)")

    // Each input may be a little workflow of its own; the values still come in the order of the inputs.
    let half = flow.functionTask("half") { (number: Int) in number / 2 }
    var largest = 0
    for try await value in flow.stream(1...10_000, window: 100, { half(square($0)) }) { largest = max(largest, value) }
    print("largest half of a square: \(largest)")

    // An endless input: leaving the loop cancels the calls that haven't finished.
    let isPrime = flow.functionTask("is-prime") { (number: Int) in
        number > 1 && !(2..<number).prefix { $0 * $0 <= number }.contains { number.isMultiple(of: $0) }
    }
    var primes: [Int] = []
    var candidate = 0
    for try await found in flow.stream(1..., window: 16, { isPrime($0) }) {
        candidate += 1
        if found { primes.append(candidate) }
        if primes.count == 10 { break }
    }
    print("primes: \(primes)")
}

await runWorkflow { flow in try await readStreams(of: flow) }
