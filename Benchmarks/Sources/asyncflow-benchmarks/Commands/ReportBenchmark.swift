import ArgumentParser
import BenchmarkSupport
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What it takes to make the report and the trace of a recording.
struct ReportBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The page's data and the trace of a recorded run of a million tasks, by the command asyncflow.")

    @Option(help: "Tasks of the recorded run.")
    var tasks = 1_000_000

    @Option(help: "The command asyncflow, built for release.")
    var program: String

    @Option(help: "A folder for the recording and what is made of it; about 4 GB per million tasks.")
    var folder: String?

    func validate() throws {
        guard tasks >= 1 else { throw ValidationError("--tasks takes a number of 1 or more.") }
    }

    func run() async throws {
        let base = folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let place = base.appendingPathComponent("asyncflow-report-\(getpid())")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let recording = place.appendingPathComponent("run.telemetry.jsonl").path
        var generator = RecordingGenerator(taskCount: tasks)
        let size = try generator.write(to: recording)

        var table = Table(
            title: "A recording of \(tasks) tasks, \(size >> 20) MiB:", header: ["", "s", "CPU s", "MiB at most"])
        var figures: [Figure?] = []
        var sum = 0.0
        var peak = 0.0
        for what in ["summary", "report", "trace"] {
            let output = place.appendingPathComponent("output").path
            let run = try Self.run([program, what, recording, "-o", output])
            table.rows.append([what, run.seconds.text, run.cpu.text, run.mebibytes.text])
            figures.append(Figure("report.\(what)_seconds_per_million", run.seconds / Double(tasks) * 1e6, "s"))
            if what != "summary" { sum += run.seconds }
            peak = max(peak, run.mebibytes)
        }
        figures.append(Figure("report.seconds_per_million", sum / Double(tasks) * 1e6, "s"))
        figures.append(Figure("report.peak_mib", peak, "MiB"))
        table.print()
        Figure.print(figures.compactMap(\.self))
    }

    private static func run(_ words: [String]) throws -> (seconds: Double, cpu: Double, mebibytes: Double) {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let clock = ContinuousClock()
        let start = clock.now
        var process = pid_t()
        let code = posix_spawn(&process, words[0], nil, nil, &arguments, environ)
        guard code == 0 else {
            throw ValidationError("'\(words[0])' can't be started: \(String(cString: strerror(code))).")
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0 && errno == EINTR {}
        guard status == 0 else { throw ValidationError("'\(words.joined(separator: " "))' failed: \(status).") }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        #if canImport(Darwin)
        let bytes = Double(usage.ru_maxrss)
        #else
        let bytes = Double(usage.ru_maxrss) * 1024
        #endif
        let wall = start.duration(to: clock.now)
        return (
            Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18,
            seconds(usage.ru_utime) + seconds(usage.ru_stime), bytes / 1_048_576
        )
    }
}
