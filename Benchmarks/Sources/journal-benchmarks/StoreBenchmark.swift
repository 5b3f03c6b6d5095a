@_spi(Benchmarks) import AsyncFlowJournal
import BenchmarkSupport
import Foundation

/// The store of the journal without an engine: appending, opening, looking up.
struct StoreBenchmark {
    var count: Int
    var rounds: Int
    var folder: URL

    private struct Round {
        /// Microseconds of the appending thread, and of all threads, per record.
        var caller: Double
        var append: Double
        var recordsPerSecond: Double
        var bytes: Double
        /// Seconds of CPU time and on the clock, per million records.
        var open: Double
        var openWall: Double
        /// Microseconds per look-up.
        var lookUp: Double
    }

    func run() async throws -> [Figure] {
        _ = try await round(-1, count / 10)
        var all: [Round] = []
        for number in 0..<rounds { all.append(try await round(number, count)) }
        var table = Table(
            title: "\(count) results of calls (Int) -> Int, synced once a second:",
            header: ["", "median over \(rounds) rounds"])
        table.rows = [
            ["append, CPU of the caller, µs per record", all.map(\.caller).median.text],
            ["append, CPU of all threads, µs per record", all.map(\.append).median.text],
            ["append until all is on disk, records/s", all.map(\.recordsPerSecond).median.text],
            ["on disk, bytes per record", all.map(\.bytes).median.text],
            ["open, CPU, s per million records", all.map(\.open).median.text],
            ["open, on the clock, s per million records", all.map(\.openWall).median.text],
            ["look-up, CPU, µs per record", all.map(\.lookUp).median.text],
        ]
        table.print()
        return [
            Figure("journal.store.append.caller_us", all.map(\.caller).median, "us"),
            Figure("journal.store.append.cpu_us", all.map(\.append).median, "us"),
            Figure("journal.store.append.records_per_s", all.map(\.recordsPerSecond).median, "records/s"),
            Figure("journal.store.bytes_per_record", all.map(\.bytes).median, "B"),
            Figure("journal.store.open.cpu_seconds_per_million", all.map(\.open).median, "s"),
            Figure("journal.store.open.seconds_per_million", all.map(\.openWall).median, "s"),
            Figure("journal.store.lookup.cpu_us", all.map(\.lookUp).median, "us"),
        ].compactMap { $0 }
    }

    private func round(_ number: Int, _ count: Int) async throws -> Round {
        let path = folder.appendingPathComponent("store\(number).journal").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (caller, writing) = try await Measurement.of {
            let store = try JournalStoreWorkload(path)
            let before = Self.threadTime()
            try store.append(0..<count)
            let caller = Self.threadTime() - before
            try store.close()
            return caller
        }
        let bytes = Double(try JournalStoreWorkload.size(of: path))
        let (opened, opening) = try await Measurement.of {
            try JournalStoreWorkload.read(path, lookingUp: 0..<0)
        }
        let (found, reading) = try await Measurement.of {
            try JournalStoreWorkload.read(path, lookingUp: 0..<count)
        }
        guard opened.calls == count, found.found == count else {
            throw StoreBenchmarkError(
                description: "\(opened.calls) of \(count) records were read, \(found.found) found")
        }
        let records = Double(count)
        return Round(
            caller: caller * 1e6 / records, append: writing.cpu.microseconds / records,
            recordsPerSecond: records / writing.wall.microseconds * 1e6, bytes: bytes / records,
            open: opening.cpu.microseconds / records, openWall: opening.wall.microseconds / records,
            lookUp: (reading.cpu.microseconds - opening.cpu.microseconds) / records)
    }

    /// The CPU time of this thread, in seconds.
    private static func threadTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// A journal that gave other records than went in.
struct StoreBenchmarkError: Error, CustomStringConvertible {
    var description: String
}
