import TestSupport
import AsyncFlow
import Testing

@Suite("Streams of calls", .timeLimit(.minutes(1)))
struct StreamTests {
    @Test("values come in the order of the inputs", arguments: [1, 2, 7, 100, 1_000])
    func order(window: Int) async throws {
        try await withTestEngine { flow in
            let square = flow.functionTask("square") { (value: Int) in
                for _ in 0..<(value % 4) { await Task.yield() }
                return value * value
            }
            var values: [Int] = []
            for try await value in flow.stream(0..<300, window: window, { square($0) }) { values.append(value) }
            #expect(values == (0..<300).map { $0 * $0 })
        }
    }

    @Test("never more calls than the window are unfinished", arguments: [1, 3, 16])
    func window(window: Int) async throws {
        try await withTestEngine { flow in
            let calls = Recorder<TaskFuture<Int>>()
            let task = flow.functionTask("task") { (value: Int) in
                await Task.yield()
                return value
            }
            let stream = flow.stream(0..<200, window: window) { input in
                let unfinished = calls.values.count { !$0.state.isTerminal }
                #expect(unfinished < window)
                calls.append(task(input))
                return calls.values[input]
            }
            for try await _ in stream {}
            #expect(calls.count == 200)
        }
    }

    @Test("a slow reader slows the reading of the inputs")
    func backPressure() async throws {
        try await withTestEngine { flow async throws in
            let read = Gauge()
            let inputs = sequence(first: 0) { $0 + 1 }.lazy.map { value in
                read.up()
                return value
            }
            let task = flow.functionTask("task") { (value: Int) in value }
            let iterator = flow.stream(inputs, window: 10) { task($0) }.makeAsyncIterator()
            for expected in 0..<50 {
                #expect(try await iterator.next() == expected)
                #expect(read.total <= expected + 10 + 1)
            }
        }
    }

    @Test("an endless input is read as far as its values are")
    func endless() async throws {
        try await withTestEngine { flow in
            let double = flow.functionTask("double") { (value: Int) in value * 2 }
            var total = 0
            for try await value in flow.stream(sequence(first: 1) { $0 + 1 }, window: 8, { double($0) }) {
                total += value
                if value == 2_000 { break }
            }
            #expect(total == 1_001_000)
            await flow.waitUntilIdle()
        }
    }

    @Test("a failing call throws its error, cancels the rest, and ends the stream")
    func failure() async throws {
        try await withTestEngine { flow async throws in
            let calls = Recorder<TaskFuture<Int>>()
            let task = flow.functionTask("task") { (value: Int) in
                if value == 3 { throw TestError("three") }
                if value > 3 { try await Gate().wait() }
                return value
            }
            let iterator = flow.stream(0..<100, window: 5) { input in
                let future = task(input)
                calls.append(future)
                return future
            }.makeAsyncIterator()
            for expected in 0..<3 { #expect(try await iterator.next() == expected) }
            let error = await #expect(throws: TaskFailedError.self) { try await iterator.next() }
            #expect(error?.cause as? TestError == TestError("three"))
            for future in calls.values.dropFirst(4) { #expect(await future.finalState == .cancelled) }
            let count = calls.count
            #expect(try await iterator.next() == nil)
            #expect(calls.count == count)
        }
    }

    @Test("a stream that is dropped cancels its unfinished calls")
    func dropped() async throws {
        try await withTestEngine { flow in
            let calls = Recorder<TaskFuture<Int>>()
            let task = flow.functionTask("task") { (value: Int) in
                if value > 0 { try await Gate().wait() }
                return value
            }
            for try await _ in flow.stream(
                0..<100, window: 5,
                { input in
                    let future = task(input)
                    calls.append(future)
                    return future
                })
            { break }
            for future in calls.values.dropFirst() { #expect(await future.finalState == .cancelled) }
            #expect(calls.count <= 6)
        }
    }

    @Test("a reader that is cancelled cancels its unfinished calls")
    func readerCancelled() async throws {
        try await withTestEngine { flow in
            let calls = Recorder<TaskFuture<Void>>()
            let started = Gate()
            let task = flow.functionTask("task") { (_: Int) in
                started.open()
                try await Gate().wait()
            }
            let reader = Task {
                for try await _ in flow.stream(
                    0..<100, window: 4,
                    { input in
                        let future = task(input)
                        calls.append(future)
                        return future
                    })
                {}
            }
            try await started.wait()
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            #expect(calls.count == 4)
            for future in calls.values { #expect(await future.finalState == .cancelled) }
        }
    }
}
