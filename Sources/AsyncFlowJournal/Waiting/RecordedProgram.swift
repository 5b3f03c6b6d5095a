package import AsyncFlowBase

/// The program that a journal's last run was of, to be started again as it was.
package struct RecordedProgram: Sendable, Equatable {
    package var path: String
    package var arguments: [String]
    package var directory: String
    /// Whether it was told of the journal by its environment.
    package var takesJournalFromEnvironment: Bool

    /// The kind of the note that says so.
    static let environmentNote = "journal from environment"

    /// A program that can't be started again, in a sentence.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Throws: ``Unusable`` if the journal doesn't say all of it.
    package init(_ contents: JournalContents) throws(Unusable) {
        guard let run = contents.runs.last?.run else { throw Unusable(description: "no run is recorded in it") }
        (path, arguments, directory) = (run.program, run.arguments, run.directory)
        for text in arguments + [path, directory] {
            // Longer texts are cut off when they are recorded, and what is no UTF-8 is replaced.
            if text.utf8.count > RecordLimits.text - 4 || text.unicodeScalars.contains("\u{FFFD}")
                || text.utf8.contains(0)
            {
                throw Unusable(
                    description: "one of its program's words isn't recorded as it was: it was too long, or isn't UTF-8")
            }
        }
        let hasMore = arguments.last.map { $0.hasPrefix("… and ") && $0.hasSuffix(" more words") } ?? false
        if hasMore || arguments.contains(where: { $0.contains(SecretRedactor.mark) }) {
            throw Unusable(
                description: "not all words of its command line are recorded: secrets and very long ones are left out")
        }
        guard path.utf8.first == UInt8(ascii: "/"), directory.utf8.first == UInt8(ascii: "/") else {
            throw Unusable(description: "the path of its program isn't recorded")
        }
        var isFromEnvironment = false
        let last = contents.runs.count - 1
        contents.forEach([.note]) { entry in
            guard entry.run == last, case .note(let note) = entry.record, note.kind == Self.environmentNote else {
                return true
            }
            isFromEnvironment = true
            return false
        }
        takesJournalFromEnvironment = isFromEnvironment
    }

    /// Checks that nobody else could have written what is to be started.
    ///
    /// - Throws: ``Unusable``.
    package static func checkOwner(of journal: String) throws(Unusable) {
        let paths = JournalPaths(journal)
        let files = (try? SystemFiles().list(paths.segments)) ?? []
        for path in [paths.directory, paths.segments] + files.map({ paths.segments + "/" + $0 }) {
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if status.st_uid != geteuid() {
                throw Unusable(description: "'\(path.harmless())' belongs to another user")
            }
            if status.st_mode & (S_IWGRP | S_IWOTH) != 0 {
                throw Unusable(description: "others than its owner may write '\(path.harmless())'")
            }
        }
    }

    /// Becomes the program: this process runs it from now on.
    ///
    /// - Parameter journal: the journal's absolute path.
    /// - Returns: only if that isn't possible.
    package func become(journal: String) -> SystemError {
        guard chdir(directory) == 0 else { return .current }
        if takesJournalFromEnvironment { setenv("ASYNCFLOW_JOURNAL", journal, 1) }
        let words = [path] + arguments
        let copies = words.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        execv(path, copies)
        return .current
    }
}
