import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal
import Foundation
import Logging
import Testing

@Suite("Downloads of resumed runs", .timeLimit(.minutes(1)))
struct DownloadTests {
    /// Writes a part of a file and fails; the next time, the rest.
    private final class HalfSource: FileSource {
        let schemes = ["half"]
        let calls = Lock<[String]>([])

        struct Interruption: Error {}

        func fetch(_ transfer: FileTransfer) async throws {
            let before =
                transfer.partialVersion == nil ? "" : try String(contentsOfFile: transfer.partialPath, encoding: .utf8)
            calls.withLock { $0.append("\(transfer.partialVersion ?? "none"): \(before)") }
            try "\(before)half ".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
            transfer.partialVersion = "v1"
            if before.isEmpty { throw Interruption() }
        }
    }

    private func run(_ folder: JournalFolder, _ source: HalfSource, _ file: InputFile, _ word: String) async throws
        -> String
    {
        var configuration = WorkflowEngine.Configuration(
            workers: 2, workDirectory: folder["work"], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        configuration.journal = Journal(folder["journal"], durability: .process)
        configuration.files.sources = [source]
        return try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let show = flow.executableTask("show", .version(TaskVersion(word))) { (file: InputFile) in "cat \(file)" }
            return try await show(file).value
        }
    }

    @Test(
        "go on where they stopped, and what is complete isn't fetched again if its checksum was given",
        arguments: [true, false])
    func goOn(isChecked: Bool) async throws {
        let folder = try JournalFolder()
        let source = HalfSource()
        let file = InputFile("half://host/file", sha256: isChecked ? String(repeating: "a", count: 64) : nil)
        await #expect(throws: (any Error).self) { try await run(folder, source, file, "1") }
        #expect(try await run(folder, source, file, "1") == "half half ")
        #expect(source.calls.withLock { $0 } == ["none: ", "v1: half "])
        // Another task takes the same file.
        let again = try? await run(folder, source, file, "2")
        #expect(again == (isChecked ? "half half " : nil))
        #expect(source.calls.withLock { $0.count } == (isChecked ? 2 : 3))
        // Another file of the same name is another one.
        let other = InputFile("half://other/file", sha256: file.sha256)
        await #expect(throws: (any Error).self) { try await run(folder, source, other, "1") }
        #expect(source.calls.withLock { $0.last } == "none: ")
        // So is one with another checksum.
        let changed = InputFile("half://host/file", sha256: String(repeating: "b", count: 64))
        await #expect(throws: (any Error).self) { try await run(folder, source, changed, "1") }
        #expect(source.calls.withLock { $0.last } == "none: ")
    }
}
