import Foundation
import NIOConcurrencyHelpers

/// The servers with the same model.
final class Servers: Sendable {
    /// The servers that a request has tried in vain since its last pause.
    struct Route: Sendable {
        fileprivate var tried: Set<Int> = []
        fileprivate var last: Int?

        mutating func startOver() { tried = [] }
    }

    private let exchanges: [Exchange]
    private let pool: NIOLockedValueBox<EndpointPool>  // a lock that the thread sanitizer sees
    private let begin = ContinuousClock.now

    /// - Parameter exchanges: at least one exchange.
    init(_ exchanges: [Exchange]) {
        self.exchanges = exchanges
        pool = NIOLockedValueBox(EndpointPool(count: exchanges.count))
    }

    var credentials: Credentials { exchanges[0].credentials }
    var urls: String { exchanges.map(\.url).joined(separator: ", ") }
    func url(of route: Route) -> String? { route.last.map { exchanges[$0].url } }
    private var now: Double { (ContinuousClock.now - begin) / .seconds(1) }

    func start() { for exchange in exchanges { exchange.start() } }
    func shutdown() async { for exchange in exchanges { await exchange.shutdown() } }

    /// The time until a server that failed may be used again.
    var rest: Duration { .seconds(pool.withLockedValue { $0.rest(now: now) }) }

    /// Returns whether another server can be tried at once.
    func hasAlternative(to route: Route) -> Bool {
        pool.withLockedValue { $0.hasAlternative(now: now, to: route.tried) }
    }

    /// Sends a request to the server with the fewest requests in progress.
    ///
    /// - Throws: only `CancellationError`.
    func post(_ request: ServerRequest, _ route: Route) async throws -> (Exchange.Outcome, Route) {
        var route = route
        let index = pool.withLockedValue { $0.choose(now: now, avoiding: route.tried) }
        route.last = index
        do {
            let outcome = try await exchanges[index].post(request)
            switch outcome {
            case .completion, .embeddings: pool.withLockedValue { $0.succeeded(index) }
            case .failed(.connection, _):
                route.tried.insert(index)
                pool.withLockedValue { $0.failed(index, now: now) }
            case .failed(.status(let status, let asked), _) where status == 429 || status >= 500:
                route.tried.insert(index)
                pool.withLockedValue { $0.failed(index, now: now, asked: asked) }
            case .failed: pool.withLockedValue { $0.ended(index) }
            }
            return (outcome, route)
        } catch {
            pool.withLockedValue { $0.ended(index) }
            throw error
        }
    }
}
