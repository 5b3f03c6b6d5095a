/// A part of a segment that couldn't be used. What was recorded there runs again; nothing else is touched by it.
package struct JournalLoss: Sendable, Hashable, CustomStringConvertible {
    package enum Cause: Sendable, Hashable {
        /// Bytes that aren't those that were written.
        case damage
        /// The last write didn't end, as when the program was killed or the machine crashed. Nothing to worry about.
        case unfinished
        /// Records that their neighbours' numbers say should be there.
        case missing
        /// Results of a task definition that is lost itself.
        case withoutDefinition
        /// The file or a part of it can't be read: the system's words.
        case unreadable(String)
    }
    package var cause: Cause
    /// The segment's file name.
    package var file: String
    package var offset: UInt64
    /// The number of bytes.
    package var length: UInt64
    /// The number of records that were lost; nil where it can't be known.
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
