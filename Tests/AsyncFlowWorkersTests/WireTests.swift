import AsyncFlow
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
        let evil = hello(["evil\u{1B}[2J(Int) -> Int", "long(\(String(repeating: "x", count: 100_000)))"])
        let shown = try #require(PoolCore.problem(with: evil, known: known))
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 } && shown.utf8.count < 10_000)
    }

    @Test(arguments: [UInt32(0), 1 << 30 + 1, .max])
    func `A frame of a length that none has is no frame`(length: UInt32) {
        var splitter = FrameSplitter()
        withUnsafeBytes(of: length.littleEndian) { splitter.append($0) }
        withUnsafeBytes(of: UInt64(0)) { splitter.append($0) }
        #expect(throws: WireError.self) { try splitter.next() }
    }

    @Test(arguments: [0, -1, Int32.min])
    func `A process id that none has is none`(processID: Int32) {
        let hello = Hello(hash: 0, processID: processID, host: "there", tasks: [])
        var writer = ByteWriter()
        hello.write(to: &writer)
        #expect(throws: WireError.self) { try Hello(writer.bytes[...]) }
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
        let noise = Array("Last login: today".utf8)
        noise.withUnsafeBytes { splitter.append($0) }
        #expect(try splitter.next()?.type == nil)
        [UInt8](repeating: 32, count: FrameSplitter.longestNoise).withUnsafeBytes { splitter.append($0) }
        let error = #expect(throws: WireError.self) { try splitter.next() }
        #expect(error?.description.contains("Last login") == true)
    }

    @Test(arguments: ["", "A", "AFWAFW", "Last login: today\n"], [1, 7, 1000])
    func `What comes before the opening is skipped, however it is cut`(noise: String, size: Int) throws {
        var bytes = Array(noise.utf8) + WireProtocol.opening
        WireProtocol.append(9, [1, 2, 3], to: &bytes)
        var splitter = FrameSplitter(opening: WireProtocol.opening)
        var found: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { splitter.append($0) }
            while let frame = try splitter.next() { found.append(Array(frame.content)) }
        }
        #expect(found == [[1, 2, 3]])
        #expect(Array(splitter.unexplained) == Array(noise.utf8))
    }

    @Test(arguments: [200_000, 128 << 10, 600_000], [1_000, 65_536, 300_000])
    func `Large frames are read in place, between others`(large: Int, size: Int) throws {
        var bytes: [UInt8] = []
        WireProtocol.append(1, [7], to: &bytes)
        let content = (0..<large).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        WireProtocol.append(2, content, to: &bytes)
        WireProtocol.append(3, [8], to: &bytes)
        var splitter = FrameSplitter()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        var start = 0
        var found: [(UInt8, Int, Bool)] = []
        while start < bytes.count {
            let (count, _) = splitter.append(by: buffer) { target in
                let part = bytes[start...].prefix(min(target.count, size))
                target.copyBytes(from: part)
                return part.count
            }
            start += count
            while let frame = try splitter.next() {
                found.append((frame.type, frame.content.count, frame.content.elementsEqual(content)))
            }
        }
        #expect(found.map(\.0) == [1, 2, 3])
        #expect(found.map(\.1) == [1, large, 1])
        #expect(found[1].2)
    }

    @Test func `What is sent keeps its order, and what is large isn't copied`() {
        var queue = SendQueue()
        let large = [UInt8](repeating: 9, count: SendQueue.largeContent)
        queue.append { $0 += [1] }
        queue.append([2][...])
        queue.append(large[...])
        queue.append { $0 += [3] }
        #expect(queue.takeNext() == [1, 2])
        let next = queue.takeNext()
        #expect(next?.withUnsafeBytes { $0.baseAddress } == large.withUnsafeBytes { $0.baseAddress })
        queue.putBack(next!.dropFirst(5))
        #expect(queue.takeNext()?.count == large.count - 5)
        #expect(queue.takeNext() == [3])
        #expect(queue.takeNext() == nil)
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
