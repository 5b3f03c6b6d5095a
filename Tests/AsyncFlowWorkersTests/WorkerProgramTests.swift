import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowWorkers

/// The program as a worker, spoken to directly.
@Suite("What a program does when it is launched as a worker", .timeLimit(.minutes(2)))
struct WorkerProgramTests {
    private func output(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: probeProgram)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    private func hello(_ arguments: [String]) throws -> Hello {
        var splitter = FrameSplitter(opening: WireProtocol.opening)
        try output(arguments).withUnsafeBytes { splitter.append($0) }
        return try Hello(try #require(try splitter.next()).content)
    }

    @Test("it runs commands only where its launcher said so")
    func commands() throws {
        let hello = try hello(["--asyncflow-worker", "w", "1", "60"])
        #expect(hello.tasks.contains { $0.name == "add" })
        #expect(!hello.tasks.contains { $0.name == "asyncflow.command" })
    }

    @Test(
        "the argument counts only where a launcher puts it",
        arguments: [
            ["x", "--asyncflow-worker", "w", "1", "60"], ["--asyncflow-worker", "w", "1", "60", "more", "still more"],
            ["--asyncflow-worker"],
        ])
    func place(arguments: [String]) throws {
        let data = try output(arguments)
        #expect(!data.starts(with: WireProtocol.opening))
    }

    @Test("a failure with very many causes is read as one with some")
    func causes() throws {
        var writer = ByteWriter()
        writer.write(UInt8(0))
        writer.write(UInt32(300_000))
        for number in 0..<300_000 {
            writer.write("Type")
            writer.write("cause \(number)")
        }
        writer.write(UInt8(0))
        var reader = ByteReader(writer.bytes[...])
        let failure = try CallFailure(&reader)
        #expect(failure.chain.count == 33)
        #expect(failure.chain.first?.message == "cause 0")
        #expect(failure.chain.last?.message == "and 299968 more causes")
    }

    @Test("a process id that names no process is refused", arguments: [0, -1, Int32.min])
    func processID(id: Int32) throws {
        var writer = ByteWriter()
        Hello(hash: 1, processID: id, host: "h", tasks: []).write(to: &writer)
        #expect(throws: WireError.self) { try Hello(writer.bytes[...]) }
    }
}
