import AsyncFlow
import AsyncFlowBase
import Synchronization

/// The nature of a recorded task's calls.
enum RecordedKind: Sendable, Hashable {
    case work
    /// They wait for somebody or for a time: each is known by its place, and goes on from run to run, however often the
    /// program is stopped meanwhile.
    case wait(String)
    /// They repeat something.
    case loop

    /// The word that stands for it in the journal; nil for that of the task's own kind.
    var word: String? {
        switch self {
        case .work: nil
        case .wait(let word): word
        case .loop: "loop"
        }
    }
}

/// The properties that all recorded calls of one task share.
final class RecordedDefinition: Sendable {
    let record: DefinitionRecord
    let number: DefinitionNumber
    /// The bytes that the keys of its calls begin with.
    let prefix: [UInt8]
    let options: RecordingOptions
    let isBlock: Bool
    /// The nature of its calls. A call that only waits can't be what ends the program.
    let kind: RecordedKind
    /// Whether its recorded calls are to run again.
    let isForgotten: Bool
    /// The inputs' types, for display.
    let typeNames: [String]

    let reusedCount = Atomic<Int>(0)
    let ranCount = Atomic<Int>(0)
    /// The first calls that weren't answered from the journal, for the report at the end.
    private let misses = Lock<[Miss]>([])

    /// A call that wasn't answered from the journal.
    struct Miss: Sendable {
        var call: CallID
        var parts: [KeyPart]
        var reason: ReplayRule.Reason
    }
    static let rememberedMisses = 8

    /// - Parameter isNamed: Whether the task's name is part of its calls' keys, because nothing else identifies its
    ///   work.
    init(
        _ record: DefinitionRecord, _ number: DefinitionNumber, options: RecordingOptions, isNamed: Bool,
        makes outputs: [String] = [], isForgotten: Bool, typeNames: [String], kind: RecordedKind = .work
    ) {
        self.kind = kind
        self.record = record
        self.number = number
        self.options = options
        self.isForgotten = isForgotten
        self.typeNames = typeNames
        isBlock = record.kind == TaskKind.block.description
        var bytes: [UInt8] = []
        CanonicalBytes.write(text: "asyncflow.call.1", to: &bytes)
        CanonicalBytes.write(text: record.kind, to: &bytes)
        CanonicalBytes.write(text: isNamed ? record.name : "", to: &bytes)
        CanonicalBytes.write(text: record.version, to: &bytes)
        for output in outputs { CanonicalBytes.write(text: output, to: &bytes) }
        prefix = bytes
    }

    /// Returns the type of an input, for display.
    func typeName(_ index: Int) -> String { index < typeNames.count ? typeNames[index] : "" }

    func note(_ miss: @autoclosure () -> Miss) {
        misses.withLock { misses in
            if misses.count < Self.rememberedMisses { misses.append(miss()) }
        }
    }

    var firstMisses: [Miss] { misses.withLock { $0 } }
}

/// The id of the call that the current Swift task performs, for the other side of an effect and for display.
struct CurrentCall: Sendable {
    let id: CallID
    @TaskLocal static var id: CallID?
}
