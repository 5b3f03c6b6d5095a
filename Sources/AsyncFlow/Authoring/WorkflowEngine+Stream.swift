extension WorkflowEngine {
    /// Streams any number of inputs through a task, with at most `window` unfinished calls at a time.
    ///
    /// ```swift
    /// for try await size in flow.stream(urls, window: 64, { download($0) }) { total += size }
    /// ```
    ///
    /// A slow reader slows the calls, and a slow task slows the reading of the input, so that memory stays flat however
    /// long the input is. Values arrive in the order of the inputs. When a call fails, the sequence throws its error;
    /// when the sequence is dropped or its reader cancelled, unfinished calls are cancelled.
    ///
    /// - Parameters:
    ///   - inputs: any sequence, even an endless one.
    ///   - window: the maximum number of unfinished calls; at least 1.
    ///   - call: calls the task for one input.
    public func stream<Inputs: Sequence, Value: Sendable>(
        _ inputs: Inputs, window: Int, _ call: @escaping (Inputs.Element) -> TaskFuture<Value>
    ) -> FutureStream<Inputs.Iterator, Value> {
        FutureStream(inputs: inputs.makeIterator(), window: max(1, window), call: call)
    }
}

/// The values of a task's calls, made on demand for the elements of a sequence. See
/// ``WorkflowEngine/stream(_:window:_:)``.
public struct FutureStream<Inputs: IteratorProtocol, Value: Sendable>: AsyncSequence {
    public typealias Element = Value
    let inputs: Inputs
    let window: Int
    let call: (Inputs.Element) -> TaskFuture<Value>

    public func makeAsyncIterator() -> Iterator { Iterator(inputs: inputs, window: window, call: call) }

    /// An iterator that keeps the window full and returns the oldest call's value.
    public final class Iterator: AsyncIteratorProtocol {
        private var inputs: Inputs
        private let window: Int
        private let call: (Inputs.Element) -> TaskFuture<Value>
        private var unfinished: [TaskFuture<Value>?] = []
        private var oldest = 0
        private var hasFailed = false

        init(inputs: Inputs, window: Int, call: @escaping (Inputs.Element) -> TaskFuture<Value>) {
            self.inputs = inputs
            self.window = window
            self.call = call
        }

        deinit { cancelUnfinished() }

        public func next() async throws -> Value? {
            if hasFailed { return nil }
            refill()
            guard oldest < unfinished.count, let future = unfinished[oldest] else { return nil }
            do {
                let value = try await future.value
                unfinished[oldest] = nil
                oldest += 1
                if oldest >= window {  // moves the rest to the front: constant cost per element on average
                    unfinished.removeFirst(oldest)
                    oldest = 0
                }
                return value
            } catch {
                hasFailed = true
                cancelUnfinished()
                throw error
            }
        }

        /// Refills the window, but not after every single call: making several calls at once wakes the threads once,
        /// and the reader finds several values ready at a time.
        private func refill() {
            guard window - (unfinished.count - oldest) >= Swift.max(1, Swift.min(window / 8, 64)) else { return }
            while unfinished.count - oldest < window, let input = inputs.next() { unfinished.append(call(input)) }
        }

        private func cancelUnfinished() {
            for future in unfinished { future?.cancel() }
            unfinished = []
            oldest = 0
        }
    }
}
