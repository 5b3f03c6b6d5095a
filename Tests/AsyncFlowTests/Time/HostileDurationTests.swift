import TestSupport
import AsyncFlow
import Foundation
import Testing

/// The longest and shortest durations that can be written, and some that count in attoseconds.
let hostileDurations: [Duration] = [
    .seconds(Int64.max), .seconds(Int64.min), .seconds(Int64.max) * 10, .seconds(Int64.max) * -10,
    Duration(secondsComponent: .max, attosecondsComponent: .max),
    Duration(secondsComponent: 0, attosecondsComponent: 1),
    Duration(secondsComponent: 0, attosecondsComponent: -1), .zero, .seconds(-1),
]

@Suite("Durations without measure", .timeLimit(.minutes(2)))
struct HostileDurationTests {
    @Test("a graceful shutdown takes any deadline; one that is over interrupts at once", arguments: hostileDurations)
    func gracefulShutdown(deadline: Duration) async throws {
        let flow = try WorkflowEngine(.quiet())
        let (began, gate) = (Gate(), Gate())
        let future = flow.functionTask("waits") { () async throws -> Int in
            began.open()
            try await gate.wait()
            return 1
        }()
        try await began.wait()
        async let shutdown: Void = flow.shutdown(.graceful(deadline: deadline))
        if deadline > .seconds(1) {
            await flow.waitUntilClosed()
            gate.open()
        }
        await shutdown
        #expect(future.state == (deadline > .seconds(1) ? .done : .cancelled))
    }

    @Test("every option that takes a duration takes any, or refuses it in words", arguments: hostileDurations)
    func options(duration: Duration) async throws {
        try await withTestEngine { flow async throws in
            let work = { @Sendable (_: Int) throws -> Int in
                if TaskContext.current!.attempt < 3 { throw TestError() }
                return 1
            }
            var futures: [TaskFuture<Int>] = []
            func add(_ option: TaskOption<FunctionKind>, _ other: TaskOption<FunctionKind> = .retry(2)) {
                futures.append(flow.functionTask("task", other, option, body: work)(1))
            }
            add(.timeout(duration))
            add(.deadline(duration))
            add(.rate(1, per: duration))
            let jitters: [Jitter] = [.none, .full, .equal]
            for jitter in jitters {
                add(.retry(2, backoff: .constant(duration), jitter: jitter))
                add(.retry(2, backoff: .linear(initial: duration, maximum: duration), jitter: jitter))
                add(.retry(2, backoff: .linear(initial: .zero, increment: duration, maximum: duration), jitter: jitter))
                add(
                    .retry(
                        2, backoff: .exponential(initial: duration, factor: 1e300, maximum: duration), jitter: jitter))
            }
            let command = flow.executableTask("command", .gracePeriod(duration)) { "sleep 1000" }()
            while command.state == .pending { await Task.yield() }
            futures.append(command.map(\.count))
            let service = flow.serviceTask(
                "service", .stopSignal(SIGTERM, patience: duration), .gracePeriod(.milliseconds(10)),
                ready: .immediately, startupTimeout: duration,
                restart: .always(maximum: 2, backoff: .constant(duration))
            ) { "sleep 1000" }()
            let handle = try? await service.value
            await handle?.stop()
            // Some have ended by now, some wait for ages.
            for _ in 0..<100 { await Task.yield() }
            command.cancel()
            for future in futures {
                future.cancel()
                if let error = await future.error { #expect(!"\(error)".isEmpty) }
            }
        }
    }

    @Test("a service is restarted after any pause, and its pause ends with it", arguments: hostileDurations)
    func restartPause(duration: Duration) async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask(
                "service", ready: .immediately, restart: .always(maximum: 1, backoff: .constant(duration))
            ) { "true" }()
            for _ in 0..<1_000 { await Task.yield() }
            service.cancel()  // it may be in a pause that doesn't end
            _ = await service.result
        }
    }
}
