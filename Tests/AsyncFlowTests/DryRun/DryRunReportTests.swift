import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("The report of a dry run", .timeLimit(.minutes(1)))
struct DryRunReportTests {
    @Test("tasks are listed in an order in which they could run, with everything about them")
    func content() async throws {
        let model = RecordingPromptBackend()
        try await withTestEngine(workers: 1, dryRun: true, backends: [LocalBackend(), model]) { flow in
            let load = flow.functionTask("load") { (name: String) in name }
            let ask = flow.promptTask("ask") { (text: String) in "What is '\(text)'?" }
            let join = flow.functionTask("join") { (texts: [String]) in texts.joined() }
            let block = flow.block("block") {
                let answers = ["a", "b"].map { ask(load($0)) }
                return try await flow.withWorkflowScope("w") { join(answers) }.value
            }
            let future = block()
            _ = try await future.value
            let entries = flow.dryRunReport.entries
            #expect(entries.count == 6)
            #expect(entries.first?.name == "block")
            #expect(entries.last?.name == "join")
            for (index, entry) in entries.enumerated() {
                let before = Set(entries.prefix(index).map(\.id))
                #expect(entry.dependencies.allSatisfy { before.contains($0) })
                #expect(entry.blockID == (index == 0 ? nil : future.id))
                #expect(entry.workflowID == (entry.name == "join" ? "w" : nil))
            }
            let asked = try #require(entries.first { $0.name == "ask" })
            #expect(asked.kind == .prompt && asked.backend == "model" && asked.detail == "What is ''?")
            #expect(entries.last?.dependencies.count == 2)
        }
    }

    @Test("its text has one line a task")
    func text() async throws {
        try await withTestEngine(dryRun: true) { flow in
            let size = flow.executableTask("size", dryRunValue: "12") { (path: String) in "/usr/bin/wc -c \(path)" }
            let double = flow.functionTask("double", .workflow("w")) { (text: String) in text + text }
            _ = try await double(size("my file.txt")).value
            #expect(
                flow.dryRunReport.description == """
                    dry run: 2 tasks would have run
                    1. executable size (task.000001) on local: /usr/bin/wc -c 'my file.txt'
                    2. function double (task.000002) on local, workflow w, after task.000001
                    """)
        }
    }

    @Test("tasks that wouldn't run aren't in it")
    func notRun() async throws {
        try await withTestEngine(dryRun: true) { flow in
            let refused = flow.functionTask("refused", .on("nowhere")) { 1 }()
            let dependent = flow.functionTask("dependent") { (value: Int) in value }(refused)
            _ = await dependent.result
            #expect(flow.dryRunReport.entries.isEmpty)
            #expect(flow.dryRunReport.description == "dry run: 0 tasks would have run")
        }
    }

    @Test("the report shows what tasks ask for, and which files aren't there")
    func resourcesAndFiles() async throws {
        let folder = try TemporaryFolder("dry-run")
        let odd = folder[FileNameText.text([0x61, 0xFF])]  // not UTF-8
        for path in [folder["there"], odd] { close(FileNameText.withPath(path) { creat($0, 0o600) }) }
        try await withTestEngine(dryRun: true) { flow async throws in
            let make = flow.executableTask(
                "make", .cores(2), .memory(.gigabytes(4)), .gpus(1), .slots("license"),
                producing: OutputFile("made.txt")
            ) { (file: InputFile) in "make \(file)" }
            let made = make(InputFile(folder["absent"]))
            let use = flow.functionTask("use") { (files: [InputFile]) in files.count }
            let files = [folder["there"], odd, folder["gone"]].map { flow.value(InputFile($0)) }
            _ = try await use([made] + files).value
            let entries = flow.dryRunReport.entries
            let entry = try #require(entries.first { $0.name == "make" })
            #expect(entry.resources == ResourceRequest(cores: 2, memory: .gigabytes(4), gpus: 1, slots: ["license": 1]))
            #expect(entry.missingFiles == [folder["absent"]])
            #expect(flow.dryRunReport.missingFiles == [folder["absent"], folder["gone"]])
            let text = flow.dryRunReport.description
            #expect(text.contains(" on local with 2 cores, 4 GiB of memory, 1 GPU, 1 'license'"), "\(text)")
            #expect(text.hasSuffix("missing file: \(folder["gone"]); no task makes it"), "\(text)")
        }
    }
}
