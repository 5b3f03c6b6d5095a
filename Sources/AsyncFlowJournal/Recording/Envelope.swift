#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A recorded value, with the facts of the files that it refers to: the value is valid only as long as they are
/// unchanged.
struct Envelope {
    private enum Form: UInt8 { case plain = 1, withFiles = 2 }

    /// The facts of each file at the end of the call: of the file itself, or of everything in a directory.
    var files: [[FileFacts]] = []
    var value: ArraySlice<UInt8>

    /// - Throws: The error that the files' encoding throws.
    func bytes() throws -> [UInt8] {
        guard !files.isEmpty else { return [Form.plain.rawValue] + value }
        let facts = try JSONEncoder().encode(files)
        return [Form.withFiles.rawValue] + UInt64(facts.count).littleEndianBytes + facts + value
    }

    static func plain(_ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count + 1)
        bytes.append(Form.plain.rawValue)
        bytes += value
        return bytes
    }

    /// - Returns: nil if the bytes aren't an envelope of this version.
    init?(_ bytes: [UInt8]) {
        switch bytes.first.flatMap(Form.init) {
        case .plain?: value = bytes[1...]
        case .withFiles?:
            guard bytes.count >= 9 else { return nil }
            let count = UInt64(littleEndianBytes: bytes[1..<9])
            guard count <= UInt64(bytes.count - 9) else { return nil }
            let end = 9 + Int(count)
            guard let files = try? JSONDecoder().decode([[FileFacts]].self, from: Data(bytes[9..<end])) else {
                return nil
            }
            self.files = files
            value = bytes[end...]
        case nil: return nil
        }
    }

    init(files: [[FileFacts]], value: [UInt8]) {
        self.files = files
        self.value = value[...]
    }
}
