import AsyncFlowBase
import Foundation

/// New files for their owner alone that have all of their content, or aren't there.
enum WholeFile {
    /// Creates a file that isn't there yet.
    ///
    /// - Throws: ``SlurmJobError`` with the reason ``SlurmJobError/Reason/unwritable``.
    static func create(_ path: String, _ text: String) throws(SlurmJobError) { try create(path, Data(text.utf8)) }

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
