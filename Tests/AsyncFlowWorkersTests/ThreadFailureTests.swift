import AsyncFlowBase
import Testing

@testable import AsyncFlow

@Suite("Threads that can't be started", .timeLimit(.minutes(1)))
struct ThreadFailureTests {
    private final class Item: WorkItem, @unchecked Sendable {  // only one thread has it
        let end: @Sendable (String) -> Void
        init(_ end: @escaping @Sendable (String) -> Void) {
            self.end = end
            super.init(isPlainTask: false)
        }
        override func run(on worker: Worker) {
            end("ran")
            Unmanaged.passUnretained(self).release()
        }
        override func end(because error: WorkerThreadError) {
            end(error.reason.message)
            Unmanaged.passUnretained(self).release()
        }
    }

    private func result(of pool: WorkerPool) async -> String {
        await withCheckedContinuation { continuation in
            let item = Item { continuation.resume(returning: $0) }
            var work = WorkList()
            work.append(Unmanaged.passRetained(item))
            pool.schedule(work)
        }
    }

    @Test("work ends with an error in words, and later work is run when threads can be had again")
    func none() async {
        let limit = Countdown(2)
        let pool = WorkerPool(workerCount: 2) { (body) throws(SystemError) -> SystemThread in
            if limit.takes() { throw SystemError(code: EAGAIN) }
            return try SystemThread(body)
        }
        for _ in 0..<2 {
            let text = await result(of: pool)
            #expect(text.contains("none of the engine's 2 threads could be started"))
            #expect(text.contains("ulimit"))
        }
        #expect(await result(of: pool) == "ran")
        pool.stop()
    }

    @Test("fewer threads than asked for are enough")
    func fewer() async {
        let limit = Countdown(1)
        let pool = WorkerPool(workerCount: 3) { (body) throws(SystemError) -> SystemThread in
            if !limit.takes() { throw SystemError(code: EAGAIN) }
            return try SystemThread(body)
        }
        #expect(await result(of: pool) == "ran")
        pool.stop()
    }

    private final class Countdown: Sendable {
        private let rest: Lock<Int>
        init(_ count: Int) { rest = Lock(count) }
        func takes() -> Bool {
            rest.withLock { rest in
                defer { rest -= 1 }
                return rest > 0
            }
        }
    }
}
