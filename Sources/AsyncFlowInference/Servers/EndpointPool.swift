/// The decision on which of several servers with the same model gets a request.
struct EndpointPool: Sendable {
    private struct Endpoint {
        var inFlight = 0
        var failures = 0
        /// The time, in seconds, before which the server gets nothing if another one can be used.
        var restsUntil = 0.0
    }

    private var endpoints: [Endpoint]
    static let firstRest = 1.0
    static let longestRest = 60.0

    init(count: Int) { endpoints = Array(repeating: Endpoint(), count: count) }

    /// Returns the server with the fewest requests in progress among the working ones that this request hasn't tried in
    /// vain; else among the untried ones; else among all.
    mutating func choose(now: Double, avoiding tried: Set<Int>) -> Int {
        let all = Array(endpoints.indices)
        let untried = all.filter { !tried.contains($0) }
        let working = untried.filter { endpoints[$0].restsUntil <= now }
        let candidates = [working, untried, all].first { !$0.isEmpty } ?? all
        let index = candidates.min { (endpoints[$0].inFlight, $0) < (endpoints[$1].inFlight, $1) } ?? 0
        endpoints[index].inFlight += 1
        return index
    }

    /// Returns whether there is a working server that this request hasn't tried in vain, so that it needn't wait.
    func hasAlternative(now: Double, to tried: Set<Int>) -> Bool {
        endpoints.indices.contains { !tried.contains($0) && endpoints[$0].restsUntil <= now }
    }

    /// Returns the seconds until the first server has rested; 0 if one needs no rest.
    func rest(now: Double) -> Double { max(0, (endpoints.map(\.restsUntil).min() ?? 0) - now) }

    mutating func succeeded(_ index: Int) {
        endpoints[index].inFlight -= 1
        endpoints[index].failures = 0
        endpoints[index].restsUntil = 0
    }

    /// Notes the end of a request that says nothing about the server, because it was wrong or cancelled.
    mutating func ended(_ index: Int) { endpoints[index].inFlight -= 1 }

    /// Notes that the server is broken or overloaded.
    ///
    /// - Parameter asked: the seconds to wait that the server asks for.
    mutating func failed(_ index: Int, now: Double, asked: Double? = nil) {
        endpoints[index].inFlight -= 1
        // Many requests that fail together count as one failure.
        if endpoints[index].restsUntil <= now { endpoints[index].failures = min(endpoints[index].failures + 1, 11) }
        var rest = Self.firstRest
        for _ in 1..<endpoints[index].failures { rest *= 2 }
        let until = now + min(Self.longestRest, asked ?? rest)
        endpoints[index].restsUntil = max(endpoints[index].restsUntil, until)
    }
}
