/// A part of a segment that couldn't be used. The calls that were recorded there run again; nothing else is affected.
package struct JournalLoss: Sendable, Hashable, CustomStringConvertible {
    package enum Cause: Sendable, Hashable {
        /// The bytes aren't those that were written.
        case damage
        /// The last write is incomplete, because the program was killed or the computer crashed. This is harmless.
        case unfinished
        /// Records are missing, according to the numbers of their neighbours.
        case missing
        /// The task definition of these results is lost.
        case withoutDefinition
        /// The file or a part of it can't be read; with the system's message.
        case unreadable(String)
    }
    package var cause: Cause
    /// The segment's file name.
    package var file: String
    package var offset: UInt64
    /// The number of bytes.
    package var length: UInt64
    /// The number of records that were lost; nil if it is unknown.
    package var records: UInt64?

    package var description: String {
        let lost =
            switch records {
            case nil, 0: ""
            case 1: "; 1 record is lost"
            case .some(let count): "; \(count) records are lost"
            }
        switch cause {
        case .damage: return "\(file): \(length) damaged bytes at \(offset)\(lost)"
        case .unfinished: return "\(file): an unfinished write of \(length) bytes at its end, as after a crash\(lost)"
        case .missing: return "\(file): a gap at \(offset)\(lost)"
        case .withoutDefinition: return "\(file): records of a task definition that is lost itself\(lost)"
        case .unreadable(let text): return "\(file): can't be read at \(offset): \(text)\(lost)"
        }
    }
}
