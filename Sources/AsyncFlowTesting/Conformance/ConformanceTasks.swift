public import AsyncFlow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The portable tasks that ``BackendCheck`` calls. The workers of a backend of portable tasks must have them among
/// their tasks.
public enum ConformanceTasks {
    static let add = PortableTask("asyncflow-check.add") { (a: Int, b: Int) in a + b }
    static let mirror = PortableTask("asyncflow-check.mirror") { (bytes: [UInt8]) in bytes }
    static let fail = PortableTask("asyncflow-check.fail") { (number: Int) throws -> Int in
        throw PortableCheckError(number: number)
    }
    static let failTyped = PortableTask("asyncflow-check.failTyped") { (number: Int) throws -> Int in
        throw PortableCheckError(number: number)
    }.throwing(PortableCheckError.self)
    static let sleep = PortableTask("asyncflow-check.sleep") { (path: String) async throws -> Int in
        try Data().write(to: URL(fileURLWithPath: path))
        try await Task.sleep(for: .seconds(600))
        return 0
    }

    /// All of the tasks.
    public static let all: [any PortableTaskDefinition] = [add, mirror, fail, failTyped, sleep]
}

/// The error that the portable tasks of checks throw.
struct PortableCheckError: Error, Codable, Equatable {
    let number: Int
}

extension BackendCheck {
    /// The checks of portable tasks.
    static let portableTasks = [
        BackendCheck(.portable, "a portable task's arguments and value cross, small and large") { run in
            try await run.withEngine { flow in
                let sum = try await run.value(of: flow.portableTask(ConformanceTasks.add)(20, 22), "the task")
                try run.expect(sum, is: 42, "its value")
                let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                let mirrored = try await run.value(of: flow.portableTask(ConformanceTasks.mirror)(bytes), "the mirror")
                try run.expect(mirrored == bytes, "300,000 bytes come back changed")
            }
        },
        BackendCheck(.portable, "what a portable task throws comes back, described or as itself") { run in
            try await run.withEngine { flow in
                let described = try await run.cause(of: flow.portableTask(ConformanceTasks.fail)(5), "the task")
                try run.expect(
                    described is RemoteTaskError,
                    "the error is \(type(of: described)), not a RemoteTaskError: \(described)")
                let typed = try await run.cause(of: flow.portableTask(ConformanceTasks.failTyped)(6), "the task")
                try run.expect(typed as? PortableCheckError == PortableCheckError(number: 6), "the error is \(typed)")
            }
        },
        BackendCheck(.portable, "a cancelled portable task ends cancelled, and the next one runs") { run in
            try await run.withEngine { flow in
                let future = flow.portableTask(ConformanceTasks.sleep)(run.path("sleep"))
                try await run.until { run.exists("sleep") }
                future.cancel()
                try await run.expectCancelled(future, "the task")
                let sum = try await run.value(of: flow.portableTask(ConformanceTasks.add)(1, 2), "the next task")
                try run.expect(sum, is: 3, "its value")
            }
        },
        BackendCheck(.portable, "a shutdown ends portable tasks that run") { run in
            let flow = try run.makeEngine()
            let future = flow.portableTask(ConformanceTasks.sleep)(run.path("sleep"))
            try await run.until { run.exists("sleep") }
            await flow.shutdown()
            try await run.expectCancelled(future, "the task")
        },
        BackendCheck(.portable, "many portable tasks at once all end") { run in
            let values = try await run.withEngine { flow in
                let add = flow.portableTask(ConformanceTasks.add)
                return try await (0..<100).map { add($0, 1) }.values()
            }
            try run.expect(values, is: Array(1...100), "the values")
        },
    ]
}
