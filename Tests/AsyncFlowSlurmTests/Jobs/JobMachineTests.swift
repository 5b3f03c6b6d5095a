import Testing

@testable import AsyncFlowSlurm

@Suite("What the machine decides for jobs")
struct JobMachineTests {
    var machine = JobMachine(prefix: "run", limits: .init())

    private func row(_ index: Int, _ state: JobState, id: String = "7", name: String = "run-1") -> JobRow {
        JobRow(arrayID: id, index: index, name: name, state: state)
    }

    /// One job that was submitted and accepted.
    private mutating func accept(_ count: Int = 1) {
        for key in 1...count { machine.add(UInt64(key), ["-n1"]) }
        _ = machine.submitCollected()
        machine.submitted("run-1", id: "7")
    }

    private mutating func answer(_ rows: [JobRow]) -> [JobMachine.Action] {
        machine.answered(machine.ask(), rows, now: .zero)
    }

    @Test("tasks alike are one array, others another one")
    mutating func arrays() {
        machine.limits.arraySize = 2
        machine.add(1, ["a"])
        machine.add(2, ["b"])
        machine.add(3, ["a"])
        machine.add(4, ["a"])
        #expect(
            machine.submitCollected() == [
                .submit(name: "run-1", request: ["a"], keys: [1, 3]),
                .submit(name: "run-2", request: ["a"], keys: [4]),
                .submit(name: "run-3", request: ["b"], keys: [2]),
            ])
    }

    @Test("a job is pending, starts, and ends with what its file says")
    mutating func life() {
        accept()
        #expect(answer([row(0, .waiting)]) == [])
        #expect(answer([row(0, .running)]) == [.started(1)])
        #expect(answer([row(0, .running)]) == [])
        #expect(answer([row(0, .failed)]) == [.inspect([1])])
        #expect(
            machine.inspected([1: .ended(.signalled(11))]) == [.end(1, .ended(.signalled(11), jobID: "7_0"))])
        #expect(!machine.hasSubmissions)
    }

    @Test(
        "what Slurm ended fails for its reason",
        arguments: [
            (JobState.timedOut, SlurmJobError.Reason.timeLimit), (.outOfMemory, .outOfMemory),
            (.nodeFailed, .nodeFailure), (.preempted, .preempted), (.cancelled, .cancelledElsewhere),
        ])
    mutating func reasons(_ state: JobState, _ reason: SlurmJobError.Reason) {
        accept()
        #expect(answer([row(0, state)]) == [.inspect([1])])
        #expect(machine.inspected([1: .claimed]) == [.end(1, .failed(reason, jobID: "7_0", detail: ""))])
    }

    @Test("sbatch failed, but the job is there")
    mutating func lostAnswer() {
        machine.add(1, [])
        _ = machine.submitCollected()
        machine.submissionFailed("run-1", "timed out", isTransient: true, now: .zero)
        #expect(answer([row(0, .waiting, id: "9")]) == [])
        #expect(machine.submissions["run-1"]?.ids == ["9"])
    }

    @Test("sbatch failed and the job isn't there: again, or it was refused")
    mutating func notThere() {
        machine.add(1, [])
        let submit = machine.submitCollected()
        machine.submissionFailed("run-1", "timed out", isTransient: true, now: .zero)
        #expect(answer([]) == submit)
        machine.submissionFailed("run-1", "bad partition", isTransient: false, now: .zero)
        #expect(
            answer([]) == [.void([1]), .end(1, .failed(.rejected, jobID: nil, detail: "bad partition"))])
    }

    @Test("an answer to a question from before the submission means nothing")
    mutating func oldAnswer() {
        let question = machine.ask()
        accept()
        #expect(machine.answered(question, [], now: .zero) == [])
    }

    @Test("another job that got the id isn't taken for ours")
    mutating func reusedID() {
        accept()
        #expect(answer([row(0, .completed, name: "other-1")]) == [.inspect([1])])
        #expect(machine.inspected([1: .untouched]) == [])
        #expect(machine.jobs[1] != nil)
    }

    @Test("a job that was forgotten before it began is submitted again; one that began is lost")
    mutating func forgotten() {
        accept(2)
        for _ in 1..<4 {
            #expect(answer([]) == [.inspect([1, 2])])
            _ = machine.accounted(nil)
            _ = machine.inspected([1: .untouched, 2: .claimed])
        }
        #expect(answer([]) == [.inspect([1, 2])])
        #expect(
            machine.inspected([1: .untouched, 2: .claimed]) == [
                .end(2, .failed(.lost, jobID: nil, detail: "known as run-1")),
                .submit(name: "run-2", request: ["-n1"], keys: [1]),
            ])
    }

    @Test("a job that Slurm accepts and never lists is submitted a few times, and then fails and can't run any more")
    mutating func neverListed() {
        accept()
        var name = "run-1"
        var submissions = 1
        while submissions < 100 {
            var actions: [JobMachine.Action] = []
            for _ in 1...machine.limits.missLimit {
                _ = answer([])
                actions = machine.inspected([1: .untouched])
                _ = machine.accounted(nil)
            }
            guard case .submit(let next, _, _)? = actions.first else {
                #expect(submissions == 6)
                let detail = "6 times, always without listing it, last as run-6"
                #expect(
                    actions == [.void([1]), .end(1, .failed(.forgotten, jobID: nil, detail: detail))])
                #expect(!machine.hasSubmissions)
                return
            }
            name = next
            submissions += 1
            machine.submitted(name, id: "\(submissions)")
        }
        Issue.record("it was submitted \(submissions) times")
    }

    @Test("a job in a state that isn't known is neither missing nor at its end, unless its files say so")
    mutating func unknownState() {
        accept()
        for _ in 1...10 {
            #expect(answer([row(0, .unknown)]) == [.inspect([1])])
            #expect(machine.inspected([1: .claimed]) == [])
        }
        #expect(machine.pollDelay > machine.limits.shortestPoll)
        #expect(answer([row(0, .running)]) == [.started(1)])
        #expect(answer([row(0, .unknown)]) == [.inspect([1])])
        #expect(machine.inspected([1: .ended(.exited(0))]) == [.end(1, .ended(.exited(0), jobID: "7_0"))])
    }

    @Test("a job that was ended before it began on its node, as by an id used again, is submitted again, once")
    mutating func endedForAnother() {
        accept()
        var ended = row(0, .cancelled)
        ended.node = "node1"
        #expect(answer([ended]) == [.inspect([1])])
        #expect(machine.inspected([1: .untouched]) == [.submit(name: "run-2", request: ["-n1"], keys: [1])])
        machine.submitted("run-2", id: "8")
        ended = row(0, .cancelled, id: "8", name: "run-2")
        ended.node = "node1"
        _ = answer([ended])
        #expect(
            machine.inspected([1: .untouched]) == [
                .end(1, .failed(.cancelledElsewhere, jobID: "8_0", detail: "on node1"))
            ])
    }

    @Test("a job that somebody took out of an array that is still there was cancelled, and can't run")
    mutating func takenOut() {
        accept(2)
        for _ in 1..<4 {
            #expect(answer([row(0, .waiting)]) == [.inspect([2])])
            _ = machine.inspected([2: .untouched])
            _ = machine.accounted(nil)
        }
        _ = answer([row(0, .waiting)])
        #expect(
            machine.inspected([2: .untouched]) == [
                .void([2]), .end(2, .failed(.cancelledElsewhere, jobID: nil, detail: "of array run-1")),
            ])
    }

    @Test("a job that left the queue is asked for in the accounting")
    mutating func accounting() {
        accept()
        _ = answer([])
        #expect(machine.inspected([1: .claimed]) == [])
        _ = answer([])
        #expect(machine.inspected([1: .claimed]) == [.account(["run-1"])])
        #expect(machine.accounted([row(0, .outOfMemory)]) == [.inspect([1])])
        #expect(machine.inspected([1: .claimed]) == [.end(1, .failed(.outOfMemory, jobID: "7_0", detail: ""))])
    }

    @Test("cancelled before, while and after it is submitted")
    mutating func cancelling() {
        machine.add(1, [])
        #expect(machine.cancel(1) == [.end(1, .cancelled)])
        #expect(machine.submitCollected() == [])
        for key: UInt64 in 2...4 { machine.add(key, []) }
        _ = machine.submitCollected()
        #expect(machine.cancel(2) == [])
        #expect(machine.cancellations() == [])
        machine.submitted("run-1", id: "7")
        #expect(machine.cancellations() == [.cancel(name: "run-1", ids: ["7"], indices: [0])])
        _ = machine.cancel(3)
        _ = machine.cancel(4)
        #expect(machine.cancellations() == [.cancel(name: "run-1", ids: ["7"], indices: nil)])
        #expect(answer((0...2).map { row($0, .cancelled) }) == [.inspect([2, 3, 4])])
        #expect(
            machine.inspected([2: .untouched, 3: .claimed, 4: .ended(.exited(0))]) == [
                .end(2, .cancelled), .end(3, .cancelled), .end(4, .ended(.exited(0), jobID: "7_2")),
            ])
    }

    @Test("after a long outage what couldn't be submitted fails and can't run any more")
    mutating func outage() {
        machine.add(1, [])
        _ = machine.submitCollected()
        machine.submissionFailed("run-1", "no contact", isTransient: true, now: .zero)
        #expect(machine.answerFailed(now: .zero) == [])
        #expect(
            machine.answerFailed(now: .seconds(600)) == [
                .void([1]), .end(1, .failed(.unreachable, jobID: nil, detail: "no contact")),
            ])
    }

    @Test("the queue is asked less and less while nothing happens")
    mutating func polling() {
        accept()
        _ = answer([row(0, .waiting)])
        let first = machine.pollDelay
        for _ in 1...20 { _ = answer([row(0, .waiting)]) }
        #expect(first == machine.limits.shortestPoll)
        #expect(machine.pollDelay == machine.limits.longestPoll)
        _ = answer([row(0, .running)])
        #expect(machine.pollDelay == machine.limits.shortestPoll)
    }
}
