/// The kind of a record, with the number that stands for it in a file.
package enum JournalRecordKind: UInt8, Sendable, Hashable, CaseIterable {
    case run = 1
    case definition, scope, result, failure, cancelled, reused, started, attempt, named, order, timer, waiting, signal
    case superseded, forgotten, note, end
    case iteration = 50
}

extension JournalRecord {
    /// The header of a call's record; nil for other kinds.
    package var header: CallHeader? {
        switch self {
        case .result(let record): record.header
        case .failure(let record): record.header
        case .cancelled(let record): record.header
        case .started(let record): record.header
        default: nil
        }
    }

    /// Replaces the definition's number in a call's record.
    mutating func setDefinition(_ number: DefinitionNumber) {
        switch self {
        case .result(var record):
            record.header.definition = number
            self = .result(record)
        case .failure(var record):
            record.header.definition = number
            self = .failure(record)
        case .cancelled(var record):
            record.header.definition = number
            self = .cancelled(record)
        case .started(var record):
            record.header.definition = number
            self = .started(record)
        default: break
        }
    }
}
