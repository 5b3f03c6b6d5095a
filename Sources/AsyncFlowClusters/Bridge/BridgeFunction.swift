import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A function together with what its calls ask for, as a bridge is told of it. Calls of one such function can be one
/// task of the engine.
struct BridgeFunction: Encodable {
    static let language = "bridge"

    private enum Kind: String, Encodable { case python, swift, command }
    private var kind: Kind
    private var function: String?
    private var task: String?
    private var signature: String?
    /// In seconds.
    private var grace: Double
    private var cores: Int?
    private var memory: Int64?
    private var gpus: Double?
    private var ranks: Int?
    private var slots: [String: Int]?
    private var priority: Int

    init(_ call: PortableCall) {
        let request = call.task.resourceRequest
        if let foreign = call.foreign {
            kind = .python
            function = String(decoding: foreign.definition, as: UTF8.self)
        } else {
            kind = call.portableName == PortableCommand.task.name ? .command : .swift
            task = call.portableName
            signature = call.signature
        }
        grace = min(1e9, call.gracePeriod / .seconds(1))
        cores = request.cores
        memory = request.memory > .zero ? request.memory.bytes : nil
        gpus = request.gpus > 0 ? request.gpus : nil
        ranks = request.ranks > 1 || call.task.isParallel ? request.ranks : nil
        slots = request.slots.isEmpty ? nil : request.slots
        priority = call.task.priorityLevel
    }

    var foreign: ForeignFunction {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Texts and finite numbers always encode.
        let bytes = (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
        return .with(Self.language, bytes)
    }
}

/// The functions that a bridge knows, found again without being described again.
final class BridgeFunctions: Sendable {
    private struct Key: Hashable {
        let name: String
        let foreign: ObjectIdentifier?
        let gracePeriod: Duration
        let request: ResourceRequest
        let priority: Int
        let isParallel: Bool
    }
    private let known = Lock<[Key: ForeignFunction]>([:])

    func function(for call: PortableCall) -> ForeignFunction {
        let key = Key(
            name: call.portableName, foreign: call.foreign.map(ObjectIdentifier.init), gracePeriod: call.gracePeriod,
            request: call.task.resourceRequest, priority: call.task.priorityLevel, isParallel: call.task.isParallel)
        if let found = known.withLock({ $0[key] }) { return found }
        let made = BridgeFunction(call).foreign
        known.withLock { $0[key] = made }
        return made
    }
}
