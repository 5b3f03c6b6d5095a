import TestSupport
import Foundation
import Synchronization
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

/// A source that does as it is told.
final class ScriptedSource: FileSource {
    let schemes = ["test"]
    let calls = Counter()
    let body: @Sendable (FileTransfer, Int) async throws -> Void

    /// - Parameter body: receives the transfer and the number of the call.
    init(_ body: @escaping @Sendable (FileTransfer, Int) async throws -> Void = { _, _ in }) { self.body = body }

    func fetch(_ transfer: FileTransfer) async throws { try await body(transfer, calls.add(1)) }
}

@Suite("Files that are fetched", .timeLimit(.minutes(1)))
struct TransferTests {
    @Test("what a source says of another attempt is told without secrets and escapes, whatever the pause")
    func retries() {
        let told = Recorder<String?>()
        let transfer = FileTransfer(url: "http://u:p4ss@h/f?sig=s3cret", partialPath: "p", sha256: nil) { news in
            if case .custom(let event) = news { told.append(event.warning) }
        }
        transfer.reportRetry(after: .seconds(2), because: "\u{1B}[2Jbusy")
        transfer.reportRetry(after: .seconds(Int64.max) * 2, because: "busy")
        let url = "http://[redacted]@h/f?sig=[redacted]"
        #expect(told.values.first == "fetching \(url) is tried again in 2 s: ?[2Jbusy")
        #expect(told.values.count == 2)
    }

    @Test("a file is fetched once, whatever the number of tasks that want it, then and later")
    func once() async throws {
        let gate = Gate()
        let source = ScriptedSource { transfer, _ in
            try await gate.wait()
            try "text".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
        }
        try await withFileEngine({ $0.sources = [source] }) { flow, _ async throws in
            let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
            let futures = (0..<20).map { _ in show(InputFile("test://h/a.txt")) }
            gate.open()
            #expect(try await futures.values() == Array(repeating: "text", count: 20))
            #expect(try await show(InputFile("test://h/a.txt", as: "b.txt")).value == "text")
            #expect(source.calls.value == 1)
            #expect(exists("\(flow.runDirectory)/downloads/1-a.txt"))
        }
    }

    @Test("the last task that is cancelled stops the transfer; a later one goes on with what there is")
    func resume() async throws {
        let begun = Gate()
        let source = ScriptedSource { transfer, call in
            if call == 1 {
                try "begin".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
                transfer.partialVersion = "1"
                begun.open()
                try await Task.sleep(for: .seconds(3600))
            }
            #expect(transfer.partialVersion == "1")
            let begin = try String(contentsOfFile: transfer.partialPath, encoding: .utf8)
            try "\(begin)end".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
        }
        try await withFileEngine({ $0.sources = [source] }) { flow, _ async throws in
            let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
            let (first, second) = (show(InputFile("test://h/a")), show(InputFile("test://h/a")))
            try await begun.wait()
            first.cancel()
            #expect(await first.finalState == .cancelled)
            #expect(source.calls.value == 1)
            second.cancel()
            #expect(await second.finalState == .cancelled)
            #expect(try await show(InputFile("test://h/a")).value == "beginend")
        }
    }

    @Test("a transfer that failed is tried again for the next task that wants the file")
    func again() async throws {
        let source = ScriptedSource { transfer, call in
            if call == 1 { throw FileError(.httpStatus(500), [transfer.url], "no luck") }
            try "".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
        }
        try await withFileEngine({ $0.sources = [source] }) { flow, _ async throws in
            let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
            #expect(await show(InputFile("test://h/a")).fileError?.reason == .httpStatus(500))
            #expect(try await show(InputFile("test://h/a")).value == "")
        }
    }

    @Test("nothing that isn't complete is left when the engine has ended")
    func shutdown() async throws {
        let begun = Gate()
        let source = ScriptedSource { transfer, _ in
            try "begin".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
            begun.open()
            try await Task.sleep(for: .seconds(3600))
        }
        let folder = try TemporaryFolder("files")
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = folder.path
        configuration.files.sources = [source]
        let flow = try WorkflowEngine(configuration)
        let future = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }(InputFile("test://h/a"))
        try await begun.wait()
        await flow.shutdown(.immediate)
        #expect(future.state == .cancelled)
        #expect(try FileSystem.contents(of: "\(flow.runDirectory)/downloads").isEmpty)
    }

    @Test("only so many files are fetched at once")
    func limit() async throws {
        let gauge = Gauge()
        let source = ScriptedSource { transfer, _ in
            gauge.up()
            for _ in 0..<10 { await Task.yield() }
            gauge.down()
            try "".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
        }
        let configure = { (files: inout FileConfiguration) in
            files.sources = [source]
            files.maximumTransfers = 2
        }
        try await withFileEngine(configure) { flow, _ async throws in
            let show = flow.functionTask("show") { (file: InputFile) in file.name }
            let futures = (0..<50).map { show(InputFile("test://h/\($0)")) }
            #expect(try await futures.values().count == 50)
            #expect(gauge.highest <= 2)
        }
    }

    @Test("progress is an event that names a task, the URL and the bytes")
    func progress() async throws {
        let source = ScriptedSource { transfer, _ in
            for count in 0...1000 { transfer.report(received: Int64(count) * 100_000, total: 100_000_000) }
            try "".write(toFile: transfer.partialPath, atomically: false, encoding: .utf8)
        }
        try await withFileEngine({ $0.sources = [source] }) { flow, _ async throws in
            let events = flow.events
            let future = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }(InputFile("test://h/a"))
            _ = try await future.value
            await flow.shutdown()
            var progress: [FileProgress] = []
            for await event in events where event.type == .fileProgress {
                #expect(event.task?.id == future.id)
                progress.append(try #require(event.fileProgress))
            }
            #expect((50...101).contains(progress.count))
            #expect(progress.first?.receivedBytes == 0)
            #expect(
                progress.last == FileProgress(url: "test://h/a", receivedBytes: 100_000_000, totalBytes: 100_000_000))
        }
    }

    @Test(
        "steps: the first, the last, a hundredth apart, and a return to the beginning",
        arguments: [
            ([0, 1, 2], nil, [true, false, false]), ([0, 1 << 20, (1 << 20) + 5], nil, [true, true, false]),
            ([0, 5, 10, 10], 10, [true, false, true, false]), ([5, 0], 10, [true, true]),
        ] as [([Int64], Int64?, [Bool])])
    func steps(received: [Int64], total: Int64?, expected: [Bool]) {
        var steps = ProgressSteps()
        let told = received.map { steps.isWorthTelling(received: $0, total: total) }
        #expect(told == expected)
    }

    @Test("any order of coming, leaving and ending: one fetch at a time, and everybody is told or has left")
    func random() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            var state = TransferState<Int>()
            var waiting: [Int: UInt64] = [:]
            var isFetching = false
            var isStopped = false
            var isThere = false
            for number in 0..<40 {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    switch state.join(number) {
                    case .isThere: #expect(isThere, "seed \(seed)")
                    case .waits(let ticket, let begins):
                        #expect(begins == !isFetching && !isThere, "seed \(seed)")
                        if begins { (isFetching, isStopped) = (true, false) }
                        waiting[number] = ticket
                    }
                case 1:
                    guard let (number, ticket) = waiting.randomElement(using: &random) else { continue }
                    waiting[number] = nil
                    if state.leave(ticket) {
                        #expect(waiting.isEmpty && isFetching && !isStopped, "seed \(seed)")
                        isStopped = true
                    }
                default:
                    guard isFetching else { continue }
                    let succeeds = Int.random(in: 0..<4, using: &random) == 0
                    switch succeeds ? state.succeeded() : state.failed() {
                    case .begin:
                        #expect(isStopped && !waiting.isEmpty && !succeeds, "seed \(seed)")
                        isStopped = false
                    case .tell(let told):
                        #expect(told == waiting.keys.sorted(), "seed \(seed)")
                        waiting = [:]
                        isFetching = false
                        isThere = isThere || succeeds
                    }
                }
                #expect(state.first == waiting.keys.min(), "seed \(seed)")
            }
        }
    }
}
