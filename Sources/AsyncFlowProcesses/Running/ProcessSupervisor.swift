import AsyncFlowBase
internal import CProcesses

/// A supervisor that ends everything that this process has started when this process is gone: by `SIGKILL`, a trap, or
/// the out-of-memory killer.
///
/// One small process, started with the first command, holds the reading end of a pipe whose other end this process
/// holds. When that closes, it ends the process groups, and the processes with a marking variable, that are listed in a
/// table which both share. See ``SupervisorScript``.
///
/// The reasons for this design:
/// - `PR_SET_PDEATHSIG` belongs to the thread that forked, is lost in a set-user-ID program and reaches no grandchild.
/// - A `fork` of this process would keep all of its pages, and double a large engine's memory over time; a fork that
///   shares its memory is killed with it by the out-of-memory killer and by a core dump. So a program is executed: the
///   shell, which is on every system and needs no extra file and only a megabyte.
/// - The table is shared memory, so that a command costs a few stores, no system call and no wake-up of the supervisor.
///   An entry becomes valid with its first byte, which is stored last.
///
/// A command that is being started at the very moment of death isn't in the table yet, and is missed. So is any process
/// that has started its own session, as at the end of any command. Process numbers are compared with the time of the
/// entry where there is `/proc`; on macOS they aren't, and marks aren't found. Without `/bin/sh` there is no
/// supervisor.
package final class ProcessSupervisor: Sendable {
    /// The supervisor of this program.
    package static let shared = ProcessSupervisor()

    private struct State: ~Copyable {
        /// The writing end of the pipe, which no other process has.
        var lifeline: Descriptor?
        var table: SupervisionTable?
    }
    private let state = Lock(State())

    private init() {}

    /// Ends a process group when this process is gone.
    ///
    /// - Parameter group: The group's number, which is that of the process that leads it. The group must exist.
    /// - Returns: The watch, which ends with its owner; it must be released when the group is gone, before its leader's
    ///   number can be reused. Nil if there is no supervisor.
    package func watch(group: Int32) -> Supervision? {
        guard group > 1 else { return nil }
        return enter("G\(group):\(cprocesses_ticks())")
    }

    /// Ends all processes with a certain environment variable, whoever started them, when this process is gone.
    ///
    /// - Parameter mark: The variable's name, of letters, digits and underscores, which must not be used for anything
    ///   else.
    /// - Returns: The watch, which ends with its owner. Nil if there is no supervisor, or the name is invalid.
    package func watch(processesMarked mark: String) -> Supervision? {
        let isName = mark.utf8.allSatisfy {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
        }
        guard isName, mark.utf8.count >= 8 else { return nil }
        return enter("M\(mark)")
    }

    /// Starts the supervisor if there is none. Called before a command is started, so that the command has one.
    package func prepare() {
        state.withLock { Self.prepare(&$0) }
    }

    private func enter(_ text: String) -> Supervision? {
        let place = state.withLock { state -> Int? in
            Self.prepare(&state)
            guard state.lifeline != nil else { return nil }
            return state.table?.enter(text)
        }
        return place.map(Supervision.init(place:))
    }

    fileprivate func leave(_ place: Int) {
        state.withLock { $0.table?.leave(place) }
    }

    /// Starts a supervisor, or a new one if it was killed.
    private static func prepare(_ state: inout State) {
        if let number = state.lifeline?.number, hasReader(number) { return }
        state.lifeline = nil
        if state.table == nil { state.table = SupervisionTable.make() }
        guard let table = state.table?.descriptor, let pipe = try? Descriptor.pipe() else { return }
        guard cprocesses_run_apart(SupervisorScript.text, "asyncflow-supervisor", table, pipe.reading.number) == 0
        else { return }
        state.lifeline = consume pipe.writing
    }

    private static func hasReader(_ number: CInt) -> Bool {
        var look = pollfd(fd: number, events: 0, revents: 0)
        return poll(&look, 1, 0) <= 0 || look.revents & Int16(POLLERR | POLLNVAL) == 0
    }
}

/// A watch of the supervisor, which lasts as long as this value exists.
package struct Supervision: ~Copyable, Sendable {
    private let place: Int

    fileprivate init(place: Int) { self.place = place }

    deinit { ProcessSupervisor.shared.leave(place) }
}

/// The table of everything that is to be ended, in memory that outlives this process: lines of equal length, each with
/// one word if it is used.
private struct SupervisionTable: ~Copyable {
    private static let lineLength = 64
    /// The number of lines, which is more than a system has processes; an entry that doesn't fit isn't supervised.
    private static let capacity = 1 << 16
    private static let free = UInt8(ascii: " ")

    private let file: Descriptor
    private let lines: UnsafeMutablePointer<CChar>
    private var freePlaces: [Int] = []
    private var count = 0

    var descriptor: CInt { file.number }

    private init(_ file: consuming Descriptor, _ lines: UnsafeMutablePointer<CChar>) {
        self.file = file
        self.lines = lines
    }

    /// Creates a table.
    ///
    /// - Returns: nil if the system has no memory or descriptor for it.
    static func make() -> SupervisionTable? {
        let number = cprocesses_unnamed_file()
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        let length = capacity * lineLength
        guard let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0), memory != MAP_FAILED else {
            return nil
        }
        return SupervisionTable(file, memory.bindMemory(to: CChar.self, capacity: length))
    }

    deinit { munmap(lines, Self.capacity * Self.lineLength) }

    /// Adds an entry.
    ///
    /// - Parameter text: One word that begins with a letter.
    /// - Returns: The number of its line.
    mutating func enter(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count < Self.lineLength, let place = takePlace() else { return nil }
        let line = lines + place * Self.lineLength
        for index in 1..<Self.lineLength - 1 {
            line[index] = CChar(bitPattern: index < bytes.count ? bytes[index] : Self.free)
        }
        cprocesses_publish(line, CChar(bitPattern: bytes[0]))
        return place
    }

    mutating func leave(_ place: Int) {
        cprocesses_publish(lines + place * Self.lineLength, CChar(bitPattern: Self.free))
        freePlaces.append(place)
    }

    private mutating func takePlace() -> Int? {
        if let place = freePlaces.popLast() { return place }
        guard count < Self.capacity else { return nil }
        // The file grows by a page at a time; memory beyond its end must not be accessed.
        let linesInPage = 4096 / Self.lineLength
        if count % linesInPage == 0 {
            guard ftruncate(file.number, off_t((count + linesInPage) * Self.lineLength)) == 0 else { return nil }
            for index in count..<count + linesInPage {
                let line = lines + index * Self.lineLength
                for column in 0..<Self.lineLength - 1 { line[column] = CChar(bitPattern: Self.free) }
                line[Self.lineLength - 1] = CChar(bitPattern: UInt8(ascii: "\n"))
            }
        }
        count += 1
        return count - 1
    }
}
