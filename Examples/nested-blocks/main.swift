// Blocks in blocks, to any depth: recursion that the engine runs in parallel, and cancellation that reaches every
// member.

import AsyncFlow

await runWorkflow { flow in
    let measure = flow.functionTask("measure") { (site: String) in site.utf8.count }
    let add = flow.functionTask("add") { (values: [Int]) in values.reduce(0, +) }

    // Three levels: a survey consists of regions, a region of sites.
    let surveyRegion = flow.block("region") { (sites: [String]) in
        try await add(sites.map { measure($0) }).value
    }
    let survey = flow.block("survey") { (regions: [[String]]) in
        try await add(regions.map { surveyRegion($0) }).value
    }
    let total = survey([["oak", "elm"], ["fern"], ["moss", "reed", "ivy"]])
    print("survey: \(try await total.value)")

    // Recursion: a block that calls itself until the problem is small, both halves at the same time.
    let merge = flow.functionTask("merge") { (left: [Int], right: [Int]) in
        var merged: [Int] = []
        var (left, right) = (left[...], right[...])
        while let a = left.first, let b = right.first {
            merged.append(a <= b ? left.removeFirst() : right.removeFirst())
        }
        return merged + left + right
    }
    @Sendable func sorted(_ values: [Int]) async throws -> [Int] {
        guard values.count > 1 else { return values }
        let sort = flow.block("sort", body: sorted)
        let middle = values.count / 2
        return try await merge(sort(Array(values[..<middle])), sort(Array(values[middle...]))).value
    }
    let sort = flow.block("sort", body: sorted)
    print("sorted: \(try await sort([5, 2, 8, 1, 9, 3, 7]).value)")

    // Cancelling a block cancels everything in it, here a task two levels down that wants a minute.
    let wait = flow.functionTask("wait") { (_: Int) in try await Task.sleep(for: .seconds(60)) }
    let inner = flow.block("inner") { (seconds: Int) in try await wait(seconds).value }
    let outer = flow.block("outer") { (seconds: Int) in try await inner(seconds).value }
    let hopeless = outer(60)
    hopeless.cancel()
    _ = await hopeless.result
    print("outer: \(hopeless.state)")
}
