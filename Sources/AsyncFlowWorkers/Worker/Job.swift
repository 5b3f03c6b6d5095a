import AsyncFlow

import AsyncFlowBase
import Dispatch

/// A call that a worker is to run.
final class Job: @unchecked Sendable {  // what changes is only touched under the lock of the worker's inbox
    let number: UInt64
    /// The time at which its body began.
    var start = ContinuousClock.now
    /// Whether the pool has been notified of that.
    var isAnnounced = false
    private let definition: any PortableTaskDefinition
    private let input: ArraySlice<UInt8>
    private let task: RemoteTask
    /// The Swift task of an async body that has suspended.
    private let body = Lock<Task<Void, Never>?>(nil)

    init(number: UInt64, definition: any PortableTaskDefinition, input: ArraySlice<UInt8>, task: RemoteTask) {
        self.number = number
        self.definition = definition
        self.input = input
        self.task = task
    }

    var isCommand: Bool { definition.name == PortableCommand.task.name }

    enum Outcome {
        case value([UInt8])
        case failure(CallFailure)

        func append(of call: UInt64, elapsed: UInt64, to outbox: WorkerOutbox) {
            switch self {
            case .value(let output):
                outbox.append(
                    { bytes in
                        bytes.append(little: UInt32(17 + output.count))
                        bytes.append(WireProtocol.ToPool.result.rawValue)
                        bytes.append(little: call)
                        bytes.append(little: elapsed)
                    }, content: output)
            case .failure(let failure):
                outbox.append { bytes in
                    WireProtocol.append(.failure, to: &bytes) { writer in
                        writer.write(call)
                        writer.write(elapsed)
                        failure.write(to: &writer)
                    }
                }
            }
        }

        /// The same outcome, or an error if it is too large to be sent.
        var sendable: Outcome {
            guard case .value(let output) = self, let problem = WireProtocol.problem(withSize: output.count) else {
                return self
            }
            let link = RemoteTaskError.Link(typeName: "PortableCodingError", message: "its value \(problem)")
            return .failure(CallFailure(kind: .unusable, chain: [link]))
        }
    }

    /// Runs the body to its end on this thread, which waits while an async body is suspended.
    func run() -> Outcome {
        do {
            if definition.isSynchronous {
                return .value(try task.run { try definition.callSynchronously(input) })
            }
            return .value(try runAsync())
        } catch let error as PortableCodingError {
            return .failure(CallFailure(kind: .unusable, chain: RemoteTaskError.chain(of: error)))
        } catch is CancellationError where task.isCancelled {
            return .failure(CallFailure(kind: .cancelled))
        } catch {
            return .failure(
                CallFailure(
                    kind: .thrown, chain: RemoteTaskError.chain(of: error), encoded: definition.encodedError(error)))
        }
    }

    private final class Landing: Sendable {
        let result = Lock<Result<[UInt8], any Error>?>(nil)
        let ended = DispatchSemaphore(value: 0)
    }

    private func runAsync() throws -> [UInt8] {
        let landing = Landing()
        let work: @Sendable () async -> Void = { [definition, input, task] in
            let result = await task.run { () async -> Result<[UInt8], any Error> in
                do { return .success(try await definition.call(input)) } catch { return .failure(error) }
            }
            landing.result.withLock { $0 = result }
            landing.ended.signal()
        }
        let running: Task<Void, Never>
        if #available(macOS 26, *) {
            running = Task.immediateDetached(operation: work)
        } else {
            running = Task.detached(operation: work)
        }
        body.withLock { $0 = running }
        if task.isCancelled { running.cancel() }
        landing.ended.wait()
        body.withLock { $0 = nil }
        return try landing.result.withLock { $0 }!.get()
    }

    /// Cancels the body.
    func cancel() {
        task.cancel()
        body.withLock { $0 }?.cancel()
    }
}
