import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("Output in memory", .timeLimit(.minutes(2)))
struct CapturedOutputTests {
    @Test("bytes come back as they came, however they are cut", arguments: [0, 1, 1 << 20, (1 << 20) + 1, 9_000_001])
    func roundTrip(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 % 127) }
        var output = CapturedOutput()
        var rest = bytes[...]
        var size = 1
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            #expect(piece.withUnsafeBytes { output.append($0) })
            rest = rest.dropFirst(size)
            size = size * 3 % 100_003
        }
        #expect(output.count == count)
        #expect(output.bytes == bytes)
        for limit in [0, 1, 5000, 3_000_000] { #expect(output.suffix(limit) == Array(bytes.suffix(limit))) }
        let copy = output
        #expect(output.takeText() == String(decoding: bytes, as: UTF8.self))
        #expect(output.count == 0)
        #expect(copy.bytes == bytes)
    }

    @Test("equal outputs have equal hashes, in whatever parts they came")
    func hashes() {
        let bytes = [UInt8](repeating: 7, count: 3_000_000)
        var pieces = CapturedOutput()
        #expect(bytes.withUnsafeBytes { pieces.append($0) })
        #expect(pieces == CapturedOutput(bytes))
        #expect(pieces.hashValue == CapturedOutput(bytes).hashValue)
    }

    @Test("a command that writes more than may be kept is ended, with an error that names the way out")
    func limit() async throws {
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.files.maximumOutputInMemory = .megabytes(2)
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let endless = flow.executableTask("endless") { "yes" }()
            let error = try #require((await endless.error as? TaskFailedError)?.cause as? CommandError)
            #expect(error.reason == .outputTooLong(limit: .megabytes(2)))
            for part in ["2 MiB", ".captureStdio", "maximumOutputInMemory"] {
                #expect(error.description.contains(part))
            }
            let most = flow.executableTask("most") { "head -c 2097152 /dev/zero" }
            #expect(try await most().value.utf8.count == 2 << 20)
        }
        configuration.files.maximumOutputInMemory = .zero
        #expect(throws: EngineError.self) { try WorkflowEngine(configuration) }
    }

    @Test("the text of much output is never in memory twice")
    func peak() async throws {
        await #expect(processExitsWith: .success) {
            func peak() -> Int { peakMemory() }
            let size = 200_000_000
            try await withTestEngine { flow async throws in
                _ = try await flow.executableTask("warm") { "true" }().value
                let before = peak()
                let loud = flow.executableTask("loud") { () in Command.shell("head -c \(size) /dev/zero | tr '\\0' x") }
                guard try await loud().value.utf8.count == size else { exit(1) }
                if peak() - before > size + 64_000_000 { exit(2) }
            }
        }
    }
}
