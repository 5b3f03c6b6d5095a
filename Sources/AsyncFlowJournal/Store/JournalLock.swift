import AsyncFlowBase

/// The lock of a journal, held by this process until it is released. See ``LockMachine``.
///
/// It works on network file systems: it needs links or exclusive creation, and no system locks. Two processes may still
/// hold it, for example after one was suspended for minutes; then each writes its own segments, and the older holder
/// notices it.
final class JournalLock: Sendable {
    /// The clock and the process look-up that the lock uses.
    struct Surroundings: Sendable {
        var process = ProcessIdentity.current
        var life: @Sendable (ProcessIdentity) -> ProcessIdentity.Life = { $0.life }
        var seconds: @Sendable () -> Double = { (ContinuousClock.now - start).inSeconds }
        var sleep: @Sendable (Double) -> Void = { _ = poll(nil, 0, CInt($0 * 1000)) }
        private static let start = ContinuousClock.now
    }

    private let paths: JournalPaths
    private let files: any FileLayer
    private let number: UInt64
    private let state: Lock<(file: LockFile, descriptor: CInt)>

    private static let ending = ".lock"

    private static func path(_ paths: JournalPaths, _ number: UInt64) -> String {
        let digits = String(number)
        return paths.lock + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ending
    }

    private static func numbers(_ paths: JournalPaths, _ files: any FileLayer) throws(SystemError) -> [UInt64] {
        try files.list(paths.lock).compactMap { name in
            guard name.hasSuffix(ending) else { return nil }
            return UInt64(name.dropLast(ending.count)).flatMap { $0 < UInt64.max / 2 ? $0 : nil }
        }.sorted()
    }

    /// Returns the newest lock in its current state; nil if there is none.
    static func newest(_ paths: JournalPaths, _ files: any FileLayer) throws(SystemError) -> LockMachine.Newest? {
        for _ in 0..<10 {
            guard let number = try numbers(paths, files).last else { return nil }
            do throws(SystemError) {
                let bytes = try files.contents(of: path(paths, number), atMost: LockFile.maximumSize)
                let text = String(decoding: bytes, as: UTF8.self)
                return LockMachine.Newest(number: number, file: LockFile(text), text: text)
            } catch {
                // The lock has just been replaced by a newer one.
                if error.code != ENOENT { throw error }
            }
        }
        throw SystemError(code: ENOENT)
    }

    /// Takes the lock.
    ///
    /// - Throws: ``JournalError``: `locked` if another holder has it, or an error of the file system.
    static func acquire(
        _ paths: JournalPaths, _ files: any FileLayer, program: String, time: JournalTime,
        _ surroundings: Surroundings = Surroundings(), progress: (String) -> Void = { _ in }
    ) throws(JournalError) -> JournalLock {
        let file = LockFile(token: .random(), process: surroundings.process, since: time, program: program)
        var machine = LockMachine()
        var isTold = false
        var refused: LockMachine.Newest?
        while true {
            do throws(SystemError) {
                let newest = try newest(paths, files)
                let life = newest?.file.map { surroundings.life($0.process) } ?? .unknown
                switch machine.look(newest, life: life, now: surroundings.seconds()) {
                case .refuse(let newest): refused = newest
                case .wait(let seconds):
                    if !isTold { progress(waitingText(paths, newest)) }
                    isTold = true
                    surroundings.sleep(seconds)
                case .take(let number):
                    if let lock = try take(number, file, paths, files) { return lock }
                }
            } catch {
                throw .writing(paths.directory, error)
            }
            if let refused { throw .locked(paths.directory, refused, surroundings.process) }
        }
    }

    private static func waitingText(_ paths: JournalPaths, _ newest: LockMachine.Newest?) -> String {
        let holder =
            newest?.file.map { "process \($0.process.number) on \($0.process.host.harmless())" } ?? "an unknown process"
        return
            "the journal '\(paths.directory.harmless())' is locked by \(holder), whose state can't be checked from here: "
            + "waiting up to \(Int(LockMachine.patience)) s for a sign of life"
    }

    /// - Returns: nil if another process was faster.
    private static func take(
        _ number: UInt64, _ file: LockFile, _ paths: JournalPaths, _ files: any FileLayer
    ) throws(SystemError) -> JournalLock? {
        let path = path(paths, number)
        guard let descriptor = try create(path, file, paths, files) else { return nil }
        // Numbers never decrease: if there is a newer lock, this process was too late.
        let numbers = try numbers(paths, files)
        guard numbers.last == number else {
            try? files.close(descriptor)
            try? files.unlink(path)
            return nil
        }
        try files.syncDirectory(paths.lock)
        for older in numbers where older < number { try? files.unlink(Self.path(paths, older)) }
        return JournalLock(paths, files, number, file, descriptor)
    }

    /// Creates a lock file that contains its whole text from the start.
    ///
    /// - Returns: The open file; nil if a file with this number exists.
    private static func create(
        _ path: String, _ file: LockFile, _ paths: JournalPaths, _ files: any FileLayer
    ) throws(SystemError) -> CInt? {
        let temporary = paths.lock + "/new-\(file.token)-\(UInt32.random(in: 0 ... .max))"
        let descriptor = try files.create(temporary)
        do throws(SystemError) {
            try write(file.text, to: descriptor, files)
            try files.sync(descriptor)
        } catch {
            try? files.close(descriptor)
            try? files.unlink(temporary)
            throw error
        }
        defer { try? files.unlink(temporary) }
        do throws(SystemError) {
            try files.link(temporary, to: path)
            return descriptor
        } catch {
            if error.code == EEXIST {
                // The server's answer to the first request may have been lost, so that its repetition finds the file of
                // the first one.
                let bytes = try? files.contents(of: path, atMost: LockFile.maximumSize)
                if bytes.map({ String(decoding: $0, as: UTF8.self) }) == file.text { return descriptor }
            }
            try? files.close(descriptor)
            guard [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(error.code) else {
                if error.code == EEXIST { return nil }
                throw error
            }
        }
        // The file system doesn't support links.
        let plain: CInt
        do throws(SystemError) { plain = try files.create(path) } catch {
            if error.code == EEXIST { return nil }
            throw error
        }
        do throws(SystemError) {
            try write(file.text, to: plain, files)
            try files.sync(plain)
        } catch {
            try? files.close(plain)
            try? files.unlink(path)
            throw error
        }
        return plain
    }

    private static func write(
        _ text: String, to descriptor: CInt, _ files: any FileLayer
    ) throws(SystemError) {
        var failure: SystemError?
        Array(text.utf8).withUnsafeBytes { bytes in
            do throws(SystemError) { try files.writeAll(descriptor, bytes, at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private init(
        _ paths: JournalPaths, _ files: any FileLayer, _ number: UInt64, _ file: LockFile, _ descriptor: CInt
    ) {
        self.paths = paths
        self.files = files
        self.number = number
        state = Lock((file, descriptor))
    }

    deinit {
        let descriptor = state.withLock { $0.descriptor }
        if descriptor >= 0 { try? files.close(descriptor) }
    }

    /// The time between two signs of life.
    static let beatInterval = Duration.seconds(10)

    /// Gives a sign of life. An error of the file system is ignored: the next sign may succeed.
    func beat() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            state.file.counter &+= 1
            try? Self.write(state.file.firstLine, to: state.descriptor, files)
        }
    }

    /// Checks that this process still holds the lock. If the folder can't be read, the lock counts as held.
    ///
    /// - Throws: ``JournalError``: `takenOver`, with the new holder.
    func check() throws(JournalError) {
        guard let last = (try? Self.numbers(paths, files))?.last, last != number else { return }
        let newest = try? Self.newest(paths, files)
        throw .takenOver(paths.directory, newest ?? nil)
    }

    /// Releases the lock. Later calls do nothing.
    func release() {
        let released: (LockFile, CInt)? = state.withLock { state in
            guard state.descriptor >= 0 else { return nil }
            state.file.isReleased = true
            defer { state.descriptor = -1 }
            return (state.file, state.descriptor)
        }
        guard let (file, descriptor) = released else { return }
        try? Self.write(file.firstLine, to: descriptor, files)
        try? files.sync(descriptor)
        try? files.close(descriptor)
    }
}
