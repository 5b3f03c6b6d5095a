package import AsyncFlowBase

/// The folder of a journal into which answers are put, a file each, by whoever may write there: with or without a
/// running program.
package struct Inbox: Sendable {
    /// The bytes of the largest message.
    package static let maximumSize = 256 << 10
    /// More files than these aren't looked at, at a time.
    private static let maximumCount = 10_000

    private let directory: String
    private let files = SystemFiles()

    /// - Parameter journal: The journal's directory.
    package init(of journal: String) { directory = JournalPaths(journal).inbox }

    private var rejected: String { directory + "/rejected" }
    private func path(_ file: String) -> String { directory + "/" + file }

    /// Puts a message there.
    ///
    /// - Parameter payload: JSON.
    /// - Returns: the file's name.
    package func post(_ payload: [UInt8], for name: String) throws(SystemError) -> String {
        try files.makeDirectory(directory)
        let file = SignalName.newFile(for: name)
        let temporary = path(".\(file).new")
        var failure: SystemError?
        payload.withUnsafeBytes { bytes in
            do throws(SystemError) { try files.writeFile(temporary, bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        do throws(SystemError) { try files.rename(temporary, to: path(file)) } catch {
            try? files.unlink(temporary)
            throw error
        }
        try files.syncDirectory(directory)
        return file
    }

    /// The state of a message that was put there.
    package enum Fate: Sendable, Equatable {
        /// Nobody has taken it yet.
        case waits
        case taken
        case rejected(String)
    }

    package func fate(of file: String) -> Fate {
        if isThere(path(file)) { return .waits }
        guard isThere(rejected + "/" + file) else { return .taken }
        let reason = try? files.contents(of: rejected + "/" + file + ".reason", atMost: 4096)
        return .rejected(reason.map { String(decoding: $0, as: UTF8.self) } ?? "it was refused")
    }

    private func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The messages there, in the order in which they came, each with the name of its signal.
    package func messages() -> [(file: String, name: String)] {
        let names = (try? files.list(directory)) ?? []
        let found = names.lazy.compactMap { file -> (file: String, name: String, time: Int64)? in
            guard let name = SignalName.signal(of: file) else { return nil }
            guard let facts = FileFacts(of: path(file)), !facts.isDirectory else { return nil }
            return (file, name, facts.modified)
        }
        return found.prefix(Self.maximumCount).sorted { ($0.time, $0.file) < ($1.time, $1.file) }
            .map { ($0.file, $0.name) }
    }

    /// The content of a message.
    ///
    /// - Throws: the sentence that says why there is none.
    func read(_ file: String) throws(Unreadable) -> [UInt8] {
        do throws(SystemError) { return try files.contents(of: path(file), atMost: UInt64(Self.maximumSize)) } catch {
            switch error.code {
            case EFBIG: throw Unreadable("a message has at most \(Self.maximumSize) bytes")
            case EINVAL: throw Unreadable("it is no regular file")
            case ENOENT: throw Unreadable(nil)
            default: throw Unreadable("it can't be read: \(error)")
            }
        }
    }

    struct Unreadable: Error {
        /// Nil for a file that isn't there any more.
        var reason: String?
        init(_ reason: String?) { self.reason = reason }
    }

    func remove(_ file: String) { try? files.unlink(path(file)) }

    /// Puts a message aside, with the reason.
    func reject(_ file: String, because reason: String) {
        try? files.makeDirectory(rejected)
        let note = rejected + "/" + file + ".reason"
        try? files.unlink(note)
        Array("\(reason)\n".utf8).withUnsafeBytes { try? files.writeFile(note, $0) }
        // Last: whoever sees it there finds the reason.
        try? files.rename(path(file), to: rejected + "/" + file)
    }
}
