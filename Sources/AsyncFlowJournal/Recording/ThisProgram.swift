import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The description of this program in the journal.
enum ThisProgram {
    /// The identity of this build: the path, size and time of the program's file. Empty if the file doesn't exist.
    static let build: String = {
        guard let facts = FileFacts(of: path) else { return "" }
        let bytes = FileNaming.quickName(of: [facts])
        return CallDigest.of(bytes).description
    }()

    /// Returns whether a recorded build is this one. An unknown build isn't.
    static func isBuild(_ recorded: String, _ build: String = build) -> Bool { !build.isEmpty && recorded == build }

    static let path: String = {
        #if os(Linux)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        if count > 0 { return FileNameText.text(buffer[..<count].map { UInt8(bitPattern: $0) }) }
        #endif
        return CommandLine.arguments.first ?? ""
    }()

    static var run: RunRecord {
        RunRecord(
            began: JournalTime.now, program: path, build: build,
            arguments: recordable(CommandLine.arguments.dropFirst()),
            directory: FileManager.default.currentDirectoryPath, host: ProcessInfo.processInfo.hostName,
            processID: ProcessInfo.processInfo.processIdentifier)
    }

    /// The limit for the recorded words of the command line, in bytes.
    static let recordedWords = 64 << 10

    /// Returns the words of a command line as they are recorded: without anything that looks like a secret, and no more
    /// of them than fit into a record. A run whose record is too large wouldn't be recorded.
    static func recordable(_ words: ArraySlice<String>) -> [String] {
        var room = recordedWords
        let kept = words.prefix { word in
            room -= word.utf8.count + 1
            return room >= 0
        }
        let rest = words.count - kept.count
        return Array(kept).maskingSecrets + (rest == 0 ? [] : ["… and \(rest) more words"])
    }
}
