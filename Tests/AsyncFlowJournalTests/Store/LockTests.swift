import AsyncFlow
import AsyncFlowBase
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("The lock of a journal", .timeLimit(.minutes(2)))
struct LockTests {
    private static func newest(
        _ number: UInt64 = 3, counter: UInt64 = 0, isReleased: Bool = false
    ) -> LockMachine.Newest {
        var file = LockFile(token: .sample(1), process: .current, since: 5, program: "program")
        file.counter = counter
        file.isReleased = isReleased
        return LockMachine.Newest(number: number, file: file, text: file.text)
    }

    @Test("The text of a lock comes back, and other texts are none")
    func text() {
        var file = LockFile(token: .sample(1), process: .current, since: 5, program: "a\nhost evil")
        file.counter = 77
        let back = LockFile(file.text)
        #expect(back?.counter == 77 && back?.process == file.process && back?.isReleased == false)
        #expect(back?.program == "a host evil")
        let length = file.firstLine.utf8.count
        file.isReleased = true
        file.counter = .max
        #expect(file.firstLine.utf8.count == length && LockFile(file.text)?.isReleased == true)
        for text in ["", "\n", "asyncflow-lock 2 held 5\n", "asyncflow-lock 1 held x\n", "asyncflow-lock 1 held 7\n"] {
            #expect(LockFile(text) == nil)
        }
        for length in 0..<file.text.utf8.count {
            _ = LockFile(String(decoding: file.text.utf8.prefix(length), as: UTF8.self))
        }
    }

    @Test("Without a lock, with one that was let go, or with a dead holder it is taken at once")
    func free() {
        var machine = LockMachine()
        #expect(machine.look(nil, life: .unknown, now: 0) == .take(1))
        #expect(machine.look(Self.newest(isReleased: true), life: .alive, now: 0) == .take(4))
        #expect(machine.look(Self.newest(), life: .dead, now: 0) == .take(4))
    }

    @Test("A living holder on this machine is respected")
    func held() {
        var machine = LockMachine()
        #expect(machine.look(Self.newest(), life: .alive, now: 0) == .refuse(Self.newest()))
    }

    @Test("A holder elsewhere is watched for 150 s: a sign of life refuses, silence takes over")
    func watched() {
        var machine = LockMachine()
        #expect(machine.look(Self.newest(), life: .unknown, now: 1000) == .wait(seconds: 5))
        #expect(machine.look(Self.newest(), life: .unknown, now: 1149) == .wait(seconds: 5))
        #expect(machine.look(Self.newest(), life: .unknown, now: 1150) == .take(4))
        let beaten = Self.newest(counter: 1)
        #expect(machine.look(beaten, life: .unknown, now: 1151) == .refuse(beaten))
        // Another holder is watched from the beginning.
        #expect(machine.look(Self.newest(5), life: .unknown, now: 2000) == .wait(seconds: 5))
        // A lock that isn't understood is watched in the same way.
        let odd = LockMachine.Newest(number: 9, file: nil, text: "x")
        #expect(machine.look(odd, life: .unknown, now: 3000) == .wait(seconds: 5))
        #expect(machine.look(odd, life: .unknown, now: 3151) == .take(10))
    }

    private func acquire(
        _ files: SimulatedFiles, start: UInt64, life: ProcessIdentity.Life = .alive
    ) throws(JournalError) -> JournalLock {
        var surroundings = JournalLock.Surroundings()
        surroundings.process.start = start
        surroundings.life = { _ in life }
        let clock = Atomic<Int>(0)
        surroundings.seconds = { Double(clock.add(1, ordering: .relaxed).newValue) * 10 }
        surroundings.sleep = { _ in }
        return try JournalLock.acquire(JournalPaths("/j"), files, program: "p", time: 1, surroundings)
    }

    private static func files() throws -> SimulatedFiles {
        let files = SimulatedFiles(seed: 1)
        try files.makeDirectory("/j/lock")
        return files
    }

    @Test("One at a time; after it was let go, or its holder died, the next; nothing piles up")
    func sequence() throws {
        let files = try Self.files()
        for round in 1...5 {
            let lock = try acquire(files, start: UInt64(round), life: .dead)
            #expect { try acquire(files, start: 99) } throws: { error in
                guard let error = error as? JournalError else { return false }
                return error.reason == .locked && error.description.contains("process \(getpid())")
            }
            try lock.check()
            lock.beat()
            if round % 2 == 0 { lock.release() }
            lock.release()
            #expect(files.paths.count == 1)
        }
    }

    @Test("A holder that was thought dead finds out, and changes nothing of the new holder's")
    func takenOver() throws {
        let files = try Self.files()
        let sleeper = try acquire(files, start: 1)
        let other = try acquire(files, start: 2, life: .unknown)
        let text = files[files.paths[0]]
        sleeper.beat()
        #expect { try sleeper.check() } throws: { ($0 as? JournalError)?.reason == .takenOver }
        sleeper.release()
        #expect(files[files.paths[0]] == text)
        try other.check()
    }

    @Test("Whatever operation fails while it is taken, it can be taken afterwards, and by one only")
    func faults() throws {
        var at = 0
        while true {
            let files = try Self.files()
            files.inject(.crash, at: at)
            let lost = try? acquire(files, start: 1)
            guard files.wasHit else { break }
            files.mend()
            _ = lost
            let lock = try acquire(files, start: 2, life: .dead)
            #expect(throws: JournalError.self) { try acquire(files, start: 3) }
            try lock.check()
            at += 1
            if at > 100 { break }
        }
        #expect(at > 5 && at < 100)
    }

    @Test("A lock's words are shown without anything that acts")
    func words() throws {
        let files = try Self.files()
        var file = LockFile(token: .sample(1), process: .current, since: 5, program: "p")
        file.process.host = "HOST"
        files["/j/lock/000003.lock"] = Array(file.text.replacing("HOST", with: "a\u{1B}[2Jb").utf8)
        var surroundings = JournalLock.Surroundings()
        surroundings.life = { _ in .unknown }
        let clock = Atomic<Int>(0)
        surroundings.seconds = { Double(clock.add(1, ordering: .relaxed).newValue) * 10 }
        surroundings.sleep = { _ in }
        var told: [String] = []
        _ = try JournalLock.acquire(JournalPaths("/j"), files, program: "p", time: 1, surroundings) { told.append($0) }
        #expect(told.count == 1 && told[0].contains("b, whose state can't be checked"))
        #expect(told[0].unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test("Of many that race for it, one gets it")
    func race() async throws {
        for round in 0..<30 {
            let files = try Self.files()
            if round % 2 == 1 { _ = try acquire(files, start: 7) }
            let winners = await withTaskGroup(of: JournalLock?.self) { group in
                for contender in 0..<6 {
                    group.addTask {
                        var surroundings = JournalLock.Surroundings()
                        surroundings.process.start = UInt64(100 + contender)
                        // The one of before is dead; the others live.
                        surroundings.life = { $0.start < 100 ? .dead : .alive }
                        return try? JournalLock.acquire(
                            JournalPaths("/j"), files, program: "p", time: 1, surroundings)
                    }
                }
                var winners: [JournalLock] = []
                for await lock in group { if let lock { winners.append(lock) } }
                return winners
            }
            #expect(winners.count == 1)
        }
    }

    @Test("This process is alive, one that has ended is dead, one of another machine unknown")
    func life() {
        #expect(ProcessIdentity.current.life == .alive)
        var other = ProcessIdentity.current
        other.start &+= 1
        #expect(other.life == .dead)
        other = .current
        other.number = 0x3FFF_FFF0
        #expect(other.life == .dead)
        other = .current
        other.host += "x"
        #expect(other.life == .unknown)
        other = .current
        other.boot += "x"
        #expect(other.life == (other.machine.isEmpty ? .unknown : .dead))
        other = .current
        other.space += "x"
        #expect(other.life == .unknown)
    }
}
