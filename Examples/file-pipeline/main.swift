// Counts the birds in a week's logs with command-line programs: every step makes a file, and the next step takes it.
//
// Each task has a directory of its own, so that all of them can use the same simple names. The engine brings in what a
// task takes, checks that what it declares is there afterwards, and hands it on.

import AsyncFlow
import Foundation

let logs = ["monday", "tuesday", "wednesday"].map { day in
    InputFile(Bundle.module.url(forResource: day, withExtension: "txt.gz", subdirectory: "Logs")!)
}

var configuration = WorkflowEngine.Configuration()
configuration.workDirectory = FileManager.default.temporaryDirectory.path + "/asyncflow-file-pipeline"
defer { try? FileManager.default.removeItem(atPath: configuration.workDirectory) }

await runWorkflow(configuration) { flow in
    // What a command prints becomes a file; `\(log)` is its name in the task's directory.
    let unpack = flow.executableTask("unpack", producing: .standardOutput("birds.txt")) { (log: InputFile) in
        "gzip -dc \(log)"
    }
    let sort = flow.executableTask("sort", producing: OutputFile("sorted.txt")) { (birds: InputFile) in
        Command("sort -o sorted.txt \(birds)").environment(["LC_ALL": "C"])
    }
    // Two files: the future's value is a tuple.
    let tally = flow.executableTask("tally", producing: OutputFile("often.txt"), OutputFile("once.txt")) {
        (all: InputFile) in
        Command.shell("uniq -c \"$BIRDS\" > counts; grep -v ' 1 ' counts > often.txt; grep ' 1 ' counts > once.txt")
            .environment(["BIRDS": "\(all)", "LC_ALL": "C"])
    }
    let merge = flow.executableTask("merge", producing: .standardOutput("merged.txt")) { (parts: [InputFile]) in
        Command("sort -m \(parts)").environment(["LC_ALL": "C"])
    }
    // A function finds the files that it takes at their paths.
    let lines = flow.functionTask("lines") { (file: InputFile) in
        try String(contentsOfFile: file.path, encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
    }

    let sorted = logs.map { sort(unpack($0)) }
    // Files of the same name can't be in one directory: each gets a name of its own there.
    let week = merge(sorted.enumerated().map { day, file in file.staged(as: "day\(day + 1).txt") })
    let tallied = tally(week)

    print("often:", try await lines(tallied.map { $0.0 }).value)
    print("once:", try await lines(tallied.map { $0.1 }).value)
    print("merged file:", try await week.value.name)
}
