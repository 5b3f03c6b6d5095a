import AsyncFlowBase
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

/// Real processes that are killed, race and run out of room.
@Suite(
    "A store whose program is killed", .timeLimit(.minutes(10)),
    .enabled(if: !TestRun.isSanitized, "the sanitizer handles crashes itself"))
struct KilledStoreTests {
    /// Next to the bundle of the tests.
    private static var probe: String {
        let folder = Bundle.main.executableURL!.deletingLastPathComponent()
        return [folder, folder.deletingLastPathComponent()].map { $0.appendingPathComponent("store-probe").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "store-probe"
    }

    private struct Outcome {
        var status: Int32
        var wasKilled: Bool
        var output: String
    }

    private func start(_ program: String, _ words: [String]) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return (process, output)
    }

    private func end(_ process: Process, _ output: Pipe) -> Outcome {
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal, output: text)
    }

    private func run(_ words: String...) throws -> Outcome {
        let (process, output) = try start(Self.probe, words)
        return end(process, output)
    }

    private func call(_ number: UInt64) -> CallID { ShortDigest(low: number &* 0x9E37_79B9_7F4A_7C15, high: number) }

    /// Compares the journal with what was promised.
    private func check(_ journal: String, _ promises: String, _ comment: Comment) throws {
        let promised = Set(
            ((try? String(contentsOfFile: promises, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
                UInt64($0)
            })
        // Without a promise the journal may not be there yet.
        if promised.isEmpty, !FileManager.default.fileExists(atPath: journal + "/segments") { return }
        let (contents, objects) = try JournalStore.read(journal)
        for number in UInt64(0)..<100 {
            guard case .result(let record)? = contents.outcome(of: call(number))?.record else {
                #expect(!promised.contains(number), "\(comment): \(number) was promised and is lost")
                continue
            }
            switch record.value {
            case .inline(let bytes): #expect(bytes == number.littleEndianBytes, comment)
            case .object(let id, let size):
                #expect(
                    try objects.get(id, size: size) == [UInt8](repeating: UInt8(number % 251), count: 20_000), comment)
            case .none: Issue.record(comment)
            }
        }
    }

    @Test(
        "At any call to the file system, also while it recovers", arguments: ["process", "background", "everyResult"])
    func killed(level: String) throws {
        let folder = TestFolder()
        var at = 1
        while true {
            let (journal, promises) = (folder.path + "/\(at).journal", folder.path + "/\(at).promises")
            let outcome = try run(journal, level, "0", "\(at)", promises)
            #expect(outcome.wasKilled || outcome.status == 0, "\(at): \(outcome.output)")
            try check(journal, promises, "killed before \(at)")
            if !outcome.wasKilled { break }
            // The next ones are killed, too, each at another place, five deep; the last one ends.
            for deep in 0..<(at % 6 == 0 ? 5 : at % 2) {
                _ = try run(journal, level, "\(deep * 10 + 10)", "\((at * 7 + deep * 11) % 60 + 1)", promises)
                try check(journal, promises, "killed before \(at), \(deep) deep")
            }
            let last = try run(journal, level, "90", "1000000", promises)
            #expect(last.status == 0 && !last.wasKilled, "\(at): \(last.output)")
            try check(journal, promises, "after all, \(at)")
            try FileManager.default.removeItem(atPath: journal)
            at += 1
            if at > 300 { break }
        }
        #expect(at > 25 && at < 300)
    }

    @Test("Of two programs that start at once, one writes and the other says who does")
    func race() throws {
        let folder = TestFolder()
        for round in 0..<15 {
            let journal = folder.path + "/\(round).journal"
            let (promises, first) = (folder.path + "/promises\(round)", UInt64(10))
            if round % 3 == 1 { #expect(try run(journal, "background", "0", "25", promises).wasKilled) }
            let both = try (0..<2).map { _ in
                try start(Self.probe, [journal, "everyResult", "\(first)", "1000000", promises])
            }
            let outcomes = both.map { end($0.0, $0.1) }
            // One may have ended before the other began.
            #expect(outcomes.contains { $0.status == 0 }, "\(outcomes)")
            for outcome in outcomes where outcome.status != 0 {
                #expect(outcome.output.contains("is being written by process"), "\(outcome.output)")
            }
            try check(journal, promises, "round \(round)")
        }
    }

    @Test("A limit of file sizes ends a journal with a sentence, and what was promised is kept")
    func limited() throws {
        let folder = TestFolder()
        for limit in [0, 1, 4, 16, 24] {
            let journal = folder.path + "/\(limit).journal"
            let promises = folder.path + "/promises\(limit)"
            // Signals from the limit are ignored, so that the write fails instead. The unit is 1024 bytes in bash.
            let script = "trap '' XFSZ; ulimit -f \(limit); exec \"$0\" \"$@\""
            let (process, output) = try start(
                "/bin/bash", ["-c", script, Self.probe, journal, "everyResult", "0", "1000000", promises])
            let outcome = end(process, output)
            if outcome.status != 0 {
                #expect(outcome.output.contains("can't be written") && outcome.output.contains("raise the limit"))
            }
            #expect(outcome.status == (limit > 20 ? 0 : 1), "\(limit): \(outcome.output)")
            if FileManager.default.fileExists(atPath: journal + "/segments") {
                try check(journal, promises, "limit \(limit)")
            }
            #expect(try run(journal, "everyResult", "20", "1000000", promises).status == 0)
            try check(journal, promises, "limit \(limit), afterwards")
        }
    }

    @Test(
        "A full file system ends a journal with a sentence, and with room the next run goes on",
        .enabled(if: getuid() == 0 && canMount, "needs a file system of its own"))
    func full() throws {
        let folder = TestFolder()
        // In a mount namespace of its own: 64 KiB, filled but for some pages.
        for rest in [0, 2, 5, 9, 14] {
            let script = """
                mount --make-rprivate / && mount -t tmpfs -o size=128k none "$1" && cd "$1" || exit 99
                head -c $((131072 - \(rest) * 4096)) /dev/zero > filler
                "$0" "$1/a.journal" everyResult 0 1000000 "$2"; echo "code $?"
                rm filler
                "$0" "$1/a.journal" everyResult 20 1000000 "$2"; echo "again $?"
                cp -r "$1/a.journal" "$3"
                """
            let place = folder.path + "/mount\(rest)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let (copy, promises) = (folder.path + "/\(rest).journal", folder.path + "/promises\(rest)")
            let (process, output) = try start(
                "/usr/bin/env", ["unshare", "-m", "/bin/bash", "-c", script, Self.probe, place, promises, copy])
            let outcome = end(process, output)
            #expect(outcome.output.contains("again 0"), "\(rest): \(outcome.output)")
            if !outcome.output.contains("code 0") {
                #expect(outcome.output.contains("No space left") && outcome.output.contains("make room"))
            }
            try check(copy, promises, "\(rest) pages")
        }
    }

    private static var canMount: Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "-m", "true"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
