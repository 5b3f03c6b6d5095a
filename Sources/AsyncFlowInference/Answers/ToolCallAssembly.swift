/// The calls of tools in an answer, assembled from pieces.
///
/// By the protocol, a piece belongs to the call with its `index`, and the first piece of a call has its id and name.
/// Many servers differ: all indexes are 0 or missing, ids are missing, equal, or new in each piece, or the name comes
/// in each piece. Therefore a piece without a name continues a call, and one with a name begins another call only if it
/// can't belong to the one at its place: because of its id, or because that call's arguments are complete.
struct ToolCallAssembly: Sendable {
    private struct Call {
        let index: Int?
        var id: String
        var name: String
        var arguments = ""
        var balance = JSONBalance()

        mutating func append(_ more: String) {
            arguments += more
            balance.receive(more)
        }
    }

    private struct Piece {
        let index: Int?
        let id: String
        let name: String
        let arguments: String
    }

    private enum Relation { case more, repeated, new }

    private var calls: [Call] = []

    var count: Int { calls.count }

    /// - Parameter json: an element of `tool_calls` in a part of an answer.
    mutating func add(_ json: JSONValue) {
        let piece = Piece(
            index: json["index"]?.count, id: json["id"]?.text ?? "", name: json["function"]?["name"]?.text ?? "",
            arguments: Prompt.ToolCall.arguments(of: json))
        if piece.id.isEmpty, piece.name.isEmpty, piece.arguments.isEmpty { return }
        guard let place = place(of: piece) else { return begin(piece) }
        switch relation(of: piece, to: place) {
        case .repeated: return
        case .new: begin(piece)
        case .more:
            if calls[place].id.isEmpty { calls[place].id = piece.id }
            // The name may come in pieces, or repeatedly.
            if calls[place].arguments.isEmpty, calls[place].name != piece.name { calls[place].name += piece.name }
            calls[place].append(piece.arguments)
        }
    }

    private mutating func begin(_ piece: Piece) {
        var call = Call(index: piece.index, id: piece.id, name: piece.name)
        call.append(piece.arguments)
        calls.append(call)
    }

    /// Returns the call that a piece may belong to; nil if it begins one.
    private func place(of piece: Piece) -> Int? {
        if let index = piece.index, let place = calls.lastIndex(where: { $0.index == index }) { return place }
        if !piece.id.isEmpty, let place = calls.lastIndex(where: { $0.id == piece.id }) { return place }
        // A piece with a name and a new id or index is the first one of another call.
        let isFirst = !piece.name.isEmpty && (piece.index != nil || !piece.id.isEmpty)
        return isFirst ? nil : calls.indices.last
    }

    private func relation(of piece: Piece, to place: Int) -> Relation {
        if piece.name.isEmpty || calls[place].name.isEmpty { return .more }
        let hasSameName = piece.name == calls[place].name
        let isUnderWay = !calls[place].arguments.isEmpty && !calls[place].balance.isClosed
        if !piece.id.isEmpty, !calls[place].id.isEmpty, piece.id != calls[place].id {
            // If each piece has a new id, those that begin with a brace are the first ones.
            return isUnderWay && hasSameName && piece.arguments.first != "{" ? .more : .new
        }
        guard calls[place].balance.isClosed else {
            return hasSameName || calls[place].arguments.isEmpty ? .more : .new
        }
        if !piece.id.isEmpty, hasSameName, piece.index == calls[place].index {
            // Some servers repeat the whole call at the end.
            if piece.arguments == calls[place].arguments { return .repeated }
            if piece.arguments.allSatisfy(\.isWhitespace) { return .more }
        }
        return .new
    }

    /// Returns the calls, sorted by their indexes if they all have one, otherwise in the order in which they came. All
    /// ids are different.
    ///
    /// - Parameter quote: how the names of tools are shown.
    func whole(_ quote: Quoting) -> [Prompt.ToolCall] {
        var sorted = Array(calls.enumerated())
        if calls.allSatisfy({ $0.index != nil }) {
            sorted.sort { ($0.element.index ?? 0, $0.offset) < ($1.element.index ?? 0, $1.offset) }
        }
        return Prompt.ToolCall.identified(
            sorted.map { call in
                Prompt.ToolCall(
                    id: call.element.id, name: Prompt.ToolCall.name(call.element.name, quote),
                    arguments: call.element.arguments)
            })
    }
}
