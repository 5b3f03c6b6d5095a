// Records results in a journal, and kills itself before its n-th call to the file system that changes something.
//
// usage: store-probe <journal> <process|background|everyResult> <first number> <n> <file for what was promised>
import AsyncFlowBase
import AsyncFlowJournal

/// The machine's file system, until the process is killed.
struct DeadlyFiles: FileLayer {
    private let files = SystemFiles()
    private let count = Counter()
    let limit: Int

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    /// Dies before, or in a write after a part of it.
    private func step(_ part: () -> Void = {}) {
        guard count.value.add(1, ordering: .relaxed).newValue == limit else { return }
        part()
        kill(getpid(), SIGKILL)
        while true { pause() }
    }

    func create(_ path: String) throws(SystemError) -> CInt {
        step()
        return try files.create(path)
    }
    func open(_ path: String) throws(SystemError) -> CInt { try files.open(path) }
    func size(_ file: CInt) throws(SystemError) -> UInt64 { try files.size(file) }
    func read(
        _ file: CInt, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int { try files.read(file, into: bytes, at: offset) }
    func write(_ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
        step { _ = try? files.write(file, UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2)), at: offset) }
        return try files.write(file, bytes, at: offset)
    }
    func sync(_ file: CInt) throws(SystemError) {
        step()
        try files.sync(file)
    }
    func close(_ file: CInt) throws(SystemError) { try files.close(file) }
    func rename(_ path: String, to new: String) throws(SystemError) {
        step()
        try files.rename(path, to: new)
    }
    func link(_ path: String, to new: String) throws(SystemError) {
        step()
        try files.link(path, to: new)
    }
    func unlink(_ path: String) throws(SystemError) {
        step()
        try files.unlink(path)
    }
    func list(_ path: String) throws(SystemError) -> [String] { try files.list(path) }
    func makeDirectory(_ path: String) throws(SystemError) {
        step()
        try files.makeDirectory(path)
    }
    func syncDirectory(_ path: String) throws(SystemError) {
        step()
        try files.syncDirectory(path)
    }
}

let words = CommandLine.arguments
guard words.count == 6, let first = UInt64(words[3]), let limit = Int(words[4]) else { exit(64) }
var options = JournalStore.Options()
switch words[2] {
case "process": options.durability = .process
case "everyResult": options.durability = .everyResult
default: options.durability = .background(every: .milliseconds(10))
}
options.files = DeadlyFiles(limit: limit)
let promises = open(words[5], O_WRONLY | O_CREAT | O_APPEND, 0o600)

func result(_ number: UInt64, _ definition: DefinitionNumber) -> ResultRecord {
    let call = ShortDigest(low: number &* 0x9E37_79B9_7F4A_7C15, high: number)
    return ResultRecord(
        header: CallHeader(definition: definition, call: call, key: call), began: .now, duration: 1,
        value: .inline(number.littleEndianBytes))
}

func promise(_ number: UInt64) {
    var line = "\(number)\n"
    line.withUTF8 { _ = write(promises, $0.baseAddress, $0.count) }
}

do {
    let store = try JournalStore.open(words[1], run: RunRecord(began: .now, program: "store-probe"), options: options)
    let work = store.define(DefinitionRecord(kind: "function", name: "work"))
    for number in first..<first + 6 {
        if number % 2 == 0 {
            try store.appendAndWait(.result(result(number, work)))
            promise(number)
        } else {
            let large = [UInt8](repeating: UInt8(number % 251), count: 20_000)
            try store.append(result(number, work), value: large)
        }
    }
    try store.flushAndWait()
    for number in first..<first + 6 { promise(number) }
    try store.close(EndRecord(outcome: .completed, time: .now))
} catch {
    print("\(error)")
    exit(1)
}
