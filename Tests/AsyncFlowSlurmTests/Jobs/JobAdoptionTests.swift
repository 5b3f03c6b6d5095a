import Foundation
import Testing

@testable import AsyncFlowSlurm

@Suite("What the machine decides for jobs of another process")
struct JobAdoptionTests {
    var machine = JobMachine(prefix: "run", limits: .init())

    init() { machine.adopt(5, at: .init(name: "run-2", index: 1), among: [4, 5, 6], ["-n1"]) }

    private func row(_ index: Int, _ state: JobState) -> JobRow {
        JobRow(arrayID: "9", index: index, name: "run-2", state: state)
    }

    private mutating func answer(_ rows: [JobRow]) -> [JobMachine.Action] {
        machine.answered(machine.ask(), rows, now: .zero)
    }

    @Test("one that runs is started, and ends with what its file says")
    mutating func life() {
        #expect(answer([row(0, .waiting), row(1, .waiting)]) == [])
        #expect(answer([row(0, .running), row(1, .running)]) == [.started(5)])
        #expect(answer([row(1, .completed)]) == [.inspect([5])])
        #expect(machine.inspected([5: .ended(.exited(3))]) == [.end(5, .ended(.exited(3), jobID: "9_1"))])
        #expect(!machine.hasSubmissions)
    }

    @Test("one that nobody knows is gone after some answers, and never submitted", arguments: [true, false])
    mutating func unknown(isClaimed: Bool) {
        for _ in 1..<machine.limits.missLimit {
            #expect(answer([]) == [.inspect([5])])
            #expect(!machine.inspected([5: isClaimed ? .claimed : .untouched]).contains { $0.isEnd })
        }
        #expect(answer([]) == [.inspect([5])])
        #expect(machine.inspected([5: isClaimed ? .claimed : .untouched]) == [.end(5, .gone)])
        #expect(!machine.hasSubmissions)
    }

    @Test("one that somebody cancelled is gone; one that Slurm ended has failed for its reason")
    mutating func ended() {
        #expect(answer([row(1, .cancelled)]) == [.inspect([5])])
        #expect(machine.inspected([5: .untouched]) == [.end(5, .gone)])
        machine.adopt(5, at: .init(name: "run-2", index: 1), among: [4, 5, 6], ["-n1"])
        #expect(answer([row(1, .timedOut)]) == [.inspect([5])])
        #expect(machine.inspected([5: .claimed]) == [.end(5, .failed(.timeLimit, jobID: "9_1", detail: ""))])
    }

    @Test("of an array only what is adopted is cancelled, once its id is known")
    mutating func cancelling() {
        machine.adopt(6, at: .init(name: "run-2", index: 2), among: [4, 5, 6], ["-n1"])
        #expect(machine.cancel(5) == [])
        #expect(machine.cancellations() == [])
        _ = answer([row(0, .running), row(1, .running), row(2, .running)])
        #expect(machine.cancellations() == [.cancel(name: "run-2", ids: ["9"], indices: [1])])
    }

    @Test("tickets are read back, and nothing else is")
    func tickets() {
        let ticket = JobTicket(folder: "/a folder\nof two lines", prefix: "asyncflow-ab1-2", key: 7)
        #expect(JobTicket(ticket.bytes) == ticket)
        for text in [
            "", "asyncflow-a", "asyncflow-a\n1", "asyncflow-a\n-1\n/x", "asyncflow-a\n1\nx", "other-a\n1\n/x",
            "asyncflow-\n1\n/x", "asyncflow-a;b\n1\n/x",
        ] { #expect(JobTicket(Array(text.utf8)) == nil, "\(text)") }
    }

    @Test("of several submissions of a task the last one counts, whatever else is in the folder")
    func lists() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-lists-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in [
            ("a-2.tasks", "1\n2\n"), ("a-10.tasks", "3\n1\n"), ("a-11.tasks", "rubbish\n5\n"), ("b-1.tasks", "9\n"),
            ("a-x.tasks", "8\n"), ("a-3.sh", "7\n"),
        ] { try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
        let lists = SubmissionLists(in: folder, prefix: "a")
        #expect(lists.places[1] == .init(name: "a-10", index: 1))
        #expect(lists.places[2] == .init(name: "a-2", index: 1))
        #expect(lists.places[5] == .init(name: "a-11", index: 1))
        #expect(lists.places.count == 4)
        #expect(lists.keys["a-10"] == [3, 1])
    }
}

extension JobMachine.Action {
    fileprivate var isEnd: Bool {
        if case .end = self { true } else { false }
    }
}
