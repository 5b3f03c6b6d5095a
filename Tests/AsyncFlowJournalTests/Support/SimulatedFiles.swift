import AsyncFlowBase
import TestSupport

@testable import AsyncFlowJournal

/// A file system in memory that crashes, fails and fills up at a given operation.
///
/// What was written and not synced lies in sectors of 512 bytes: a crash keeps any of them. Names that were made,
/// changed or removed and not synced with their folder are kept or not in the same way. After a failed sync the sectors
/// count as written though they aren't, as with a real kernel, so that the next sync says that all is well.
final class SimulatedFiles: FileLayer {
    enum Fault: Sendable, Equatable {
        /// This operation and all later ones don't happen; of a write, a part may.
        case crash
        /// This one fails.
        case fail(CInt)
        /// This write and all later ones fail, until the end.
        case full(CInt)
        /// This write does a part.
        case short
    }
    enum Operation: Sendable {
        case create, write, sync, other
    }

    fileprivate struct Node {
        var data: [UInt8] = []
        var durable: [UInt8] = []
        var dirty: Set<Int> = []
    }
    private enum NameChange {
        case put(String, Int)
        case remove(String)
    }
    private struct State {
        var nodes: [Node] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        /// The changes of names that aren't synced, by folder.
        var changes: [String: [NameChange]] = [:]
        var folders: Set<String> = [""]
        var open: [CInt: Int] = [:]
        var nextDescriptor: CInt = 10
        var count = 0
        var fault: (at: Int, what: Fault)?
        var isDead = false
        var isFull: CInt?
        var random: SeededRandom
        var operations: [Operation] = []
    }
    private let state: Lock<State>
    static let sector = 512

    init(seed: UInt64) { state = Lock(State(random: SeededRandom(seed: seed))) }

    private init(_ state: sending State) { self.state = Lock(state) }

    /// Lets the operation with a number, counted from now on, meet a fault.
    func inject(_ fault: Fault, at number: Int) {
        state.withLock { state in
            state.count = 0
            state.operations = []
            state.fault = (number, fault)
        }
    }

    /// The operations since the last ``inject(_:at:)``.
    var operations: [Operation] { state.withLock { $0.operations } }
    var wasHit: Bool { state.withLock { state in state.fault.map { $0.at < state.count } ?? false } }

    /// Makes room, and lets nothing fail any more.
    func mend() {
        state.withLock { state in
            state.fault = nil
            state.isFull = nil
            state.isDead = false
        }
    }

    /// The file system after the machine has lost power and started again.
    func afterPowerLoss(seed: UInt64) -> SimulatedFiles {
        state.withLock { old in
            var new = State(random: SeededRandom(seed: seed))
            new.folders = old.folders
            new.durableNames = old.durableNames
            for (_, changes) in old.changes.sorted(by: { $0.key < $1.key }) {
                for change in changes where Bool.random(using: &new.random) {
                    switch change {
                    case .put(let path, let node): new.durableNames[path] = node
                    case .remove(let path): new.durableNames[path] = nil
                    }
                }
            }
            new.names = new.durableNames
            for var node in old.nodes {
                for sector in node.dirty.sorted() where Bool.random(using: &new.random) { node.keep(sector) }
                node.dirty = []
                node.data = node.durable
                new.nodes.append(node)
            }
            return SimulatedFiles(new)
        }
    }

    /// The content of a file; nil if there is none.
    subscript(path: String) -> [UInt8]? {
        get { state.withLock { state in state.names[path].map { state.nodes[$0].data } } }
        set {
            state.withLock { state in
                state.names[path] = nil
                guard let newValue else { return }
                state.nodes.append(Node(data: newValue, durable: newValue))
                state.names[path] = state.nodes.count - 1
                state.folders.insert(Self.folder(of: path))
            }
        }
    }

    /// The paths of all files.
    var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// Counts an operation and lets it meet its fault.
    private func step<Value>(
        _ operation: Operation, _ body: (inout State, _ isShort: Bool) throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let result: Result<SendableValue<Value>, SystemError> = state.withLock { state in
            if state.isDead { return .failure(SystemError(code: EIO)) }
            let isHit = state.fault.map { $0.at == state.count } ?? false
            state.count += 1
            state.operations.append(operation)
            var isShort = false
            var failure: SystemError?
            if isHit, let fault = state.fault?.what {
                switch fault {
                case .crash:
                    state.isDead = true
                    isShort = operation == .write
                    failure = SystemError(code: EIO)
                    if !isShort || Bool.random(using: &state.random) { return .failure(SystemError(code: EIO)) }
                case .fail(let code):
                    if operation == .sync {
                        for node in state.nodes.indices { state.nodes[node].dirty = [] }
                    }
                    return .failure(SystemError(code: code))
                case .full(let code): state.isFull = code
                case .short: isShort = operation == .write
                }
            }
            if let code = state.isFull, operation == .write || operation == .create {
                return .failure(SystemError(code: code))
            }
            do throws(SystemError) {
                let value = try body(&state, isShort)
                if let failure { return .failure(failure) }
                return .success(SendableValue(value: value))
            } catch {
                return .failure(error)
            }
        }
        return try result.get().value
    }

    private struct SendableValue<Value>: @unchecked Sendable {  // numbers and texts only
        let value: Value
    }

    private static func put(_ path: String, _ node: Int, _ state: inout State) {
        state.names[path] = node
        state.changes[folder(of: path), default: []].append(.put(path, node))
    }

    private static func remove(_ path: String, _ state: inout State) {
        state.names[path] = nil
        state.changes[folder(of: path), default: []].append(.remove(path))
    }

    func create(_ path: String) throws(SystemError) -> CInt {
        try step(.create) { state, _ throws(SystemError) in
            if state.names[path] != nil { throw SystemError(code: EEXIST) }
            guard state.folders.contains(Self.folder(of: path)) else { throw SystemError(code: ENOENT) }
            state.nodes.append(Node())
            Self.put(path, state.nodes.count - 1, &state)
            state.nextDescriptor += 1
            state.open[state.nextDescriptor] = state.nodes.count - 1
            return state.nextDescriptor
        }
    }

    func open(_ path: String) throws(SystemError) -> CInt {
        try step(.other) { state, _ throws(SystemError) in
            guard let node = state.names[path] else { throw SystemError(code: ENOENT) }
            state.nextDescriptor += 1
            state.open[state.nextDescriptor] = node
            return state.nextDescriptor
        }
    }

    private static func node(_ file: CInt, _ state: State) throws(SystemError) -> Int {
        guard let node = state.open[file] else { throw SystemError(code: EBADF) }
        return node
    }

    func size(_ file: CInt) throws(SystemError) -> UInt64 {
        try step(.other) { state, _ throws(SystemError) in
            UInt64(state.nodes[try Self.node(file, state)].data.count)
        }
    }

    func read(
        _ file: CInt, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        let piece = try step(.other) { state, _ throws(SystemError) in
            let data = state.nodes[try Self.node(file, state)].data
            return Array(data.dropFirst(Int(clamping: offset)).prefix(bytes.count))
        }
        bytes.copyBytes(from: piece)
        return piece.count
    }

    func write(_ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
        let all = Array(bytes)
        return try step(.write) { state, isShort throws(SystemError) in
            let node = try Self.node(file, state)
            var piece = all[...]
            if isShort { piece = piece.prefix(Int.random(in: 1...max(1, all.count), using: &state.random)) }
            let start = Int(offset)
            let end = start + piece.count
            if state.nodes[node].data.count < end {
                state.nodes[node].data += [UInt8](repeating: 0, count: end - state.nodes[node].data.count)
            }
            state.nodes[node].data.replaceSubrange(start..<end, with: piece)
            for sector in start / Self.sector...max(start, end - 1) / Self.sector {
                state.nodes[node].dirty.insert(sector)
            }
            return piece.count
        }
    }

    func sync(_ file: CInt) throws(SystemError) {
        try step(.sync) { state, _ throws(SystemError) in
            let node = try Self.node(file, state)
            for sector in state.nodes[node].dirty { state.nodes[node].keep(sector) }
            state.nodes[node].dirty = []
        }
    }

    func close(_ file: CInt) throws(SystemError) {
        try step(.other) { state, _ throws(SystemError) in
            _ = try Self.node(file, state)
            state.open[file] = nil
        }
    }

    func rename(_ path: String, to new: String) throws(SystemError) {
        try step(.other) { state, _ throws(SystemError) in
            guard let node = state.names[path] else { throw SystemError(code: ENOENT) }
            Self.remove(path, &state)
            Self.put(new, node, &state)
        }
    }

    func link(_ path: String, to new: String) throws(SystemError) {
        try step(.other) { state, _ throws(SystemError) in
            guard let node = state.names[path] else { throw SystemError(code: ENOENT) }
            if state.names[new] != nil { throw SystemError(code: EEXIST) }
            Self.put(new, node, &state)
        }
    }

    func unlink(_ path: String) throws(SystemError) {
        try step(.other) { state, _ throws(SystemError) in
            guard state.names[path] != nil else { throw SystemError(code: ENOENT) }
            Self.remove(path, &state)
        }
    }

    func list(_ path: String) throws(SystemError) -> [String] {
        try step(.other) { state, _ throws(SystemError) in
            guard state.folders.contains(path) else { throw SystemError(code: ENOENT) }
            return (Array(state.names.keys) + Array(state.folders)).filter { $0 != "" && Self.folder(of: $0) == path }
                .map { String($0.dropFirst(path.count + 1)) }
        }
    }

    func makeDirectory(_ path: String) throws(SystemError) {
        try step(.other) { state, _ throws(SystemError) in
            var path = path
            while path != "" {
                state.folders.insert(path)
                path = Self.folder(of: path)
            }
        }
    }

    func syncDirectory(_ path: String) throws(SystemError) {
        try step(.sync) { state, _ throws(SystemError) in
            for change in state.changes[path] ?? [] {
                switch change {
                case .put(let path, let node): state.durableNames[path] = node
                case .remove(let path): state.durableNames[path] = nil
                }
            }
            state.changes[path] = nil
        }
    }
}

extension SimulatedFiles.Node {
    /// Puts a sector on disk.
    fileprivate mutating func keep(_ sector: Int) {
        let start = sector * SimulatedFiles.sector
        let end = min(data.count, start + SimulatedFiles.sector)
        guard start < end else { return }
        if durable.count < end { durable += [UInt8](repeating: 0, count: end - durable.count) }
        durable.replaceSubrange(start..<end, with: data[start..<end])
    }
}
