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
            began: JournalTime.now, program: path, build: build, arguments: Array(CommandLine.arguments.dropFirst()),
            directory: FileManager.default.currentDirectoryPath, host: ProcessInfo.processInfo.hostName,
            processID: ProcessInfo.processInfo.processIdentifier)
    }
}
