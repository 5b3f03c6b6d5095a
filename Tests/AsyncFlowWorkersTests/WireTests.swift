import Testing

@testable import AsyncFlowWorkers

@Suite struct WireTests {
    private func hello(_ signatures: [String], version: UInt16 = WireProtocol.version) -> Hello {
        var hello = Hello(
            hash: WireProtocol.hash(of: signatures), processID: 7, host: "there",
            tasks: signatures.map { (String($0.prefix { $0 != "(" }), $0) })
        hello.version = version
        return hello
    }

    @Test func `A worker of another version is refused, with both versions`() throws {
        let problem = try #require(PoolCore.problem(with: hello([], version: 9), known: [:]))
        #expect(problem.contains("version 9") && problem.contains("version \(WireProtocol.version)"))
    }

    @Test func `A worker with other tasks is refused, with what only one end has`() throws {
        let known = ["add": "add(Int) -> Int", "run": "run() -> Int"]
        #expect(PoolCore.problem(with: hello(known.values.sorted().reversed()), known: known) == nil)
        #expect(PoolCore.problem(with: hello(["other() -> Int"]), known: nil) == nil)
        let problem = try #require(
            PoolCore.problem(with: hello(["add(Double) -> Int", "run() -> Int"]), known: known))
        #expect(problem.contains("only here: add(Int) -> Int; only there: add(Double) -> Int"))
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `Frames are found however the stream is cut`(size: Int) throws {
        var bytes = WireProtocol.opening
        for length in [0, 1, 300] {
            WireProtocol.append(UInt8(length % 7), [UInt8](repeating: 5, count: length), to: &bytes)
        }
        var splitter = FrameSplitter(opening: WireProtocol.opening)
        var found: [Int] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { splitter.append($0) }
            while let frame = try splitter.next() { found.append(frame.content.count) }
        }
        #expect(found == [0, 1, 300])
    }

    @Test func `What is no stream of frames is shown`() throws {
        var splitter = FrameSplitter(opening: WireProtocol.opening)
        Array("Last login: today".utf8).withUnsafeBytes { splitter.append($0) }
        let error = #expect(throws: WireError.self) { try splitter.next() }
        #expect(error?.description.contains("Last login") == true)
    }

    @Test(arguments: 0..<300)
    func `Messages that are cut off or changed are errors, not crashes`(seed: Int) {
        var writer = ByteWriter()
        hello(["add(Int) -> Int", "run() -> Int"]).write(to: &writer)
        var bytes = writer.bytes
        bytes.removeLast(seed % bytes.count)
        if !bytes.isEmpty { bytes[seed * 31 % bytes.count] ^= UInt8(truncatingIfNeeded: seed | 1) }
        _ = try? Hello(bytes[...])
        var reader = ByteReader(bytes[...])
        _ = try? CallContent(&reader)
        reader = ByteReader(bytes[...])
        _ = try? CallFailure(&reader)
    }
}
