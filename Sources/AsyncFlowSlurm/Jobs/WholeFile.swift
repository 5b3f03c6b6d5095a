import AsyncFlow
import AsyncFlowBase
import Foundation

/// The creation of new files, readable by their owner only, that are either complete or missing; and the reading of
/// whole files.
enum WholeFile {
    /// Returns the content of a file, which is empty if the file doesn't exist.
    ///
    /// - Returns: nil if it is larger than the limit.
    static func content(of path: String, upTo limit: MemorySize) -> [UInt8]? {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        let limit = Int(clamping: limit.bytes)
        guard let size = try? file.seekToEnd(), size <= UInt64(limit) else { return nil }
        try? file.seek(toOffset: 0)
        let data = (try? file.read(upToCount: Int(clamping: size))) ?? Data()
        return [UInt8](data)
    }

    /// Creates a file that doesn't exist yet. Placeholders in the text for bytes that aren't UTF-8 become those bytes
    /// again.
    ///
    /// - Throws: ``SlurmJobError`` with the reason ``SlurmJobError/Reason/unwritable``.
    static func create(_ path: String, _ text: String) throws(SlurmJobError) {
        try create(path, Data(FileNameText.bytes(text)))
    }

    static func create(_ path: String, _ data: Data) throws(SlurmJobError) {
        do {
            let file = try PrivateFile.create(path)
            defer { close(file) }
            do {
                var rest = data
                while !rest.isEmpty {
                    let count = try retrying { rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } }
                    rest = rest.dropFirst(count)
                }
            } catch {
                unlink(path)
                throw error
            }
        } catch {
            throw SlurmJobError(.unwritable, detail: "the file \(path): \(error)")
        }
    }
}
