/// Decides which of several servers of the same model gets a request.
struct EndpointPool: Sendable {
    private struct Endpoint {
        var inFlight = 0
        var failures = 0
        /// It gets nothing before this time, in seconds, as long as another one can.
        var restsUntil = 0.0
    }

    private var endpoints: [Endpoint]
    static let firstRest = 1.0
    static let longestRest = 60.0

    init(count: Int) { endpoints = Array(repeating: Endpoint(), count: count) }

    /// The one with the least to do, of those that work and that this request hasn't tried in vain; then of all.
    mutating func choose(now: Double, avoiding tried: Set<Int>) -> Int {
        let all = Array(endpoints.indices)
        let untried = all.filter { !tried.contains($0) }
        let working = untried.filter { endpoints[$0].restsUntil <= now }
        let candidates = [working, untried, all].first { !$0.isEmpty } ?? all
        let index = candidates.min { (endpoints[$0].inFlight, $0) < (endpoints[$1].inFlight, $1) } ?? 0
        endpoints[index].inFlight += 1
        return index
    }

    /// Whether one works that this request hasn't tried in vain: then there is no need to wait.
    func hasAlternative(now: Double, to tried: Set<Int>) -> Bool {
        endpoints.indices.contains { !tried.contains($0) && endpoints[$0].restsUntil <= now }
    }

    /// The seconds until the first of them has had its rest; 0 if one needs none.
    func rest(now: Double) -> Double { max(0, (endpoints.map(\.restsUntil).min() ?? 0) - now) }

    mutating func succeeded(_ index: Int) {
        endpoints[index].inFlight -= 1
        endpoints[index].failures = 0
        endpoints[index].restsUntil = 0
    }

    /// It says nothing about the server: the request was wrong, or cancelled.
    mutating func ended(_ index: Int) { endpoints[index].inFlight -= 1 }

    /// The server is broken or overloaded.
    ///
    /// - Parameter asked: the seconds that it asks to wait.
    mutating func failed(_ index: Int, now: Double, asked: Double? = nil) {
        endpoints[index].inFlight -= 1
        // Many requests that fail together are one failure.
        if endpoints[index].restsUntil <= now { endpoints[index].failures = min(endpoints[index].failures + 1, 11) }
        var rest = Self.firstRest
        for _ in 1..<endpoints[index].failures { rest *= 2 }
        let until = now + min(Self.longestRest, asked ?? rest)
        endpoints[index].restsUntil = max(endpoints[index].restsUntil, until)
    }
}
