import AsyncFlowBase
import AsyncFlowJournal
import Foundation
import TestSupport
import Testing

@testable import AsyncFlow

@Suite("Commands that were running when the program ended", .timeLimit(.minutes(3)))
struct LeftCommandTests {
    /// The processes that the probe's command was run as.
    private func begun(_ folder: JournalFolder) -> [Int32] {
        let text = (try? String(contentsOfFile: folder["marks"], encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { Int32($0.split(separator: " ").last ?? "") }
    }

    #if os(Linux)
    @Test("a process that outlived the program is ended before its task starts again")
    func orphan() async throws {
        let folder = try JournalFolder()
        let environment = [
            "PROBE_JOURNAL": folder["journal"], "PROBE_WORK": folder["work"], "PROBE_MARKS": folder["marks"],
            "PROBE_GATE": folder["gate"],
        ]
        try #expect(JournalProbeProcess(["local", "alone"], environment).wasKilled)
        let first = try #require(begun(folder).first)
        #expect(ProcessIdentity(of: first) != nil)
        let second = Task.detached { try JournalProbeProcess(["local", "text"], environment) }
        try await until("the command begins again") { begun(folder).count == 2 }
        // One that nobody has waited for counts as ended.
        #expect(ProcessIdentity(of: first) == nil)
        try folder.write("", to: "gate")
        #expect(try await second.value.output == "done\n\n")
        #expect(begun(folder).count == 2)
    }
    #endif

    @Test("a process that only has the same number is left alone")
    func stranger() async throws {
        let sleeper = Process()
        sleeper.executableURL = URL(fileURLWithPath: "/bin/sleep")
        sleeper.arguments = ["1000"]
        try sleeper.run()
        defer { kill(sleeper.processIdentifier, SIGKILL) }
        let identity = try #require(ProcessIdentity(of: sleeper.processIdentifier))
        #expect(ProcessIdentity(ticket: identity.ticket) == identity)
        #expect(identity.isSurelyAlive)
        for change in [
            { $0.start += 1 }, { $0.boot += "x" }, { $0.space += "x" }, { $0.number = 1 }, { $0.start = 0 },
        ] as [(inout ProcessIdentity) -> Void] {
            var other = identity
            change(&other)
            #expect(!other.isSurelyAlive)
            await LeftProcesses(leader: other).end(gracePeriod: .zero)
        }
        #expect(sleeper.isRunning)
        for text in ["", "a\nb\nc\nd", "a\nb\n-5\n1", "a\nb\n1"] {
            #expect(ProcessIdentity(ticket: Array(text.utf8)) == nil)
        }
    }

    @Test("a backend hears what it has left, from the runs that were interrupted since the last that ended")
    func leftovers() async throws {
        let folder = try JournalFolder()
        let backend = LeavingStub()
        // Ended by itself: nothing is left.
        try await folder.run(backends: [LocalBackend(), backend]) { flow in
            try await flow.memory?.keep(trace: [1], of: "leaver")
        }
        try await folder.run(backends: [LocalBackend(), backend]) { _ in }
        #expect(backend.heard.withLock { $0 } == [])
        // Two that were interrupted.
        for number in [2, 3] as [UInt8] {
            let copy = folder["copy"]
            try await folder.run(backends: [LocalBackend(), LeavingStub()]) { flow in
                try await flow.memory?.keep(trace: [number], of: "leaver")
                try await flow.memory?.keep(trace: [9], of: "other")
                try? FileManager.default.removeItem(atPath: copy)
                try FileManager.default.copyItem(atPath: folder["journal"], toPath: copy)
            }
            try FileManager.default.removeItem(atPath: folder["journal"])
            try FileManager.default.moveItem(atPath: copy, toPath: folder["journal"])
            for lock in try FileManager.default.contentsOfDirectory(atPath: folder["journal/lock"]) {
                try FileManager.default.removeItem(atPath: folder["journal/lock/\(lock)"])
            }
        }
        try await folder.run(backends: [LocalBackend(), backend]) { _ in }
        #expect(backend.heard.withLock { $0 } == [[[2], [3]]])
    }
}

private final class LeavingStub: LeavingBackend {
    let name = "leaver"
    let heard = Lock<[[[UInt8]]]>([])

    func endLeftovers(_ traces: [[UInt8]]) async { heard.withLock { $0.append(traces) } }
}
