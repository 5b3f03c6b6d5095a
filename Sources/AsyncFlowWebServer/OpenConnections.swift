import AsyncFlowBase
import NIOCore
import NIOHTTPTypes

/// The open connections of a server. Closes those that wait for too long or are too many, and all of them at the end.
///
/// The server itself waits until everything that it has written is sent, which takes forever if a client doesn't read.
final class OpenConnections: Sendable {
    private struct State {
        var table: ConnectionTable<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
    }
    private let state: Lock<State>
    private let start = ContinuousClock.now

    init(_ limits: ConnectionTable<ObjectIdentifier>.Limits) {
        state = Lock(State(table: ConnectionTable(limits)))
    }

    /// A handler that follows the opening and closing, the requests and the responses of one connection.
    var tracker: some RemovableChannelHandler { Tracker(connections: self) }

    func close() {
        let open = state.withLock { Array($0.channels.values) }
        for channel in open { channel.close(mode: .all, promise: nil) }
    }

    private var now: Duration { ContinuousClock.now - start }

    private func opened(_ channel: any Channel) {
        let now = now
        let (opened, doomed) = state.withLock { state in
            let opened = state.table.opened(ObjectIdentifier(channel), at: now)
            state.channels[ObjectIdentifier(channel)] = channel
            let doomed: (any Channel)? =
                switch opened {
                case .accepted: nil
                case .instead(of: let id, until: _): state.channels[id]
                case .refused: channel
                }
            return (opened, doomed)
        }
        switch opened {
        case .accepted(let deadline), .instead(of: _, let deadline): watch(channel, until: deadline)
        case .refused: break
        }
        // Closed later, because a connection that is closed while it is being accepted is lost to the server, which
        // then traps.
        if let doomed { doomed.eventLoop.execute { doomed.close(mode: .all, promise: nil) } }
    }

    /// Checks later whether the connection is still waiting. One check may be enough for several requests.
    private func watch(_ channel: any Channel, until deadline: Duration) {
        let delay = TimeAmount.nanoseconds(max(.zero, deadline - now).clampedNanoseconds)
        channel.eventLoop.scheduleTask(in: delay) { [weak self, weak channel] in
            guard let self, let channel else { return }
            let now = self.now
            let isLate = self.state.withLock { $0.table.isLate(ObjectIdentifier(channel), at: now) }
            if isLate { channel.close(mode: .all, promise: nil) }
        }
    }

    private func requested(_ channel: any Channel) {
        state.withLock { $0.table.requested(ObjectIdentifier(channel)) }
    }

    private func answered(_ channel: any Channel) {
        let now = now
        let deadline = state.withLock { $0.table.answered(ObjectIdentifier(channel), at: now) }
        if let deadline { watch(channel, until: deadline) }
    }

    private func closed(_ channel: any Channel) {
        state.withLock { state in
            state.table.closed(ObjectIdentifier(channel))
            state.channels[ObjectIdentifier(channel)] = nil
        }
    }

    private final class Tracker: ChannelDuplexHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPRequestPart
        typealias InboundOut = HTTPRequestPart
        typealias OutboundIn = HTTPResponsePart
        typealias OutboundOut = HTTPResponsePart

        private let connections: OpenConnections
        private var isRequestOver = true
        private var isAnswerOver = true

        init(connections: OpenConnections) { self.connections = connections }

        func handlerAdded(context: ChannelHandlerContext) { connections.opened(context.channel) }
        func handlerRemoved(context: ChannelHandlerContext) { connections.closed(context.channel) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head:
                isRequestOver = false
                isAnswerOver = false
            case .body: break
            case .end:
                isRequestOver = true
                if isAnswerOver {
                    connections.answered(context.channel)
                } else {
                    connections.requested(context.channel)
                }
            }
            context.fireChannelRead(data)
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            if case .end = unwrapOutboundIn(data) {
                isAnswerOver = true
                if isRequestOver { connections.answered(context.channel) }
            }
            context.write(data, promise: promise)
        }
    }
}
