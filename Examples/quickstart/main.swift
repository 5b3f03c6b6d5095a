// Analyses water samples: how many reads there are in each, how many different ones, and how much G and C they hold.
//
// Everything below that takes something from somewhere else gets it as an argument. That is all the engine needs to
// know: whatever doesn't depend on each other runs at the same time.

import AsyncFlow
import Foundation

/// What is known about one sample. `TaskValue` lets it travel between tasks.
struct Sample: TaskValue {
    var name: String
    var reads: Int
    var uniqueReads: Int
    var gcContent: Double
}

let files = ["lake", "river", "spring"].map {
    Bundle.module.path(forResource: $0, ofType: "fasta", inDirectory: "Samples")!
}

await runWorkflow { flow in
    // Executable tasks: a command each, without a shell. The value is what the command writes to standard output.
    let countReads = flow.executableTask("count-reads") { (file: String) in "grep -c ^> \(file)" }
    let sequences = flow.executableTask("sequences") { (file: String) in "grep -v ^> \(file)" }
    let sortedUnique = flow.executableTask("sorted-unique") { (file: String) in
        Command("sort -u \(file)").environment(["LC_ALL": "C"])
    }

    // Function tasks: Swift closures. Their arguments arrive as plain values.
    let number = flow.functionTask("number") { (text: String) in Int(text.trimmed) ?? 0 }
    let countSequences = flow.functionTask("count-sequences") { (text: String) in
        text.split(separator: "\n").count { !$0.hasPrefix(">") }
    }
    let gcContent = flow.functionTask("gc-content") { (text: String) in
        let bases = text.filter(\.isLetter)
        return bases.isEmpty ? 0 : Double(bases.count { $0 == "G" || $0 == "C" }) / Double(bases.count)
    }
    let summarise = flow.functionTask("summarise") { (file: String, reads: Int, unique: Int, gcContent: Double) in
        let name = file.split(separator: "/").last?.split(separator: ".").first ?? "?"
        return Sample(name: String(name), reads: reads, uniqueReads: unique, gcContent: gcContent)
    }

    // A block: one task for those who call it, a small workflow inside. Its three branches run at the same time.
    let analyse = flow.block("analyse") { (file: String) in
        try await summarise(
            file,
            number(countReads(file)),
            countSequences(sortedUnique(file)),
            gcContent(sequences(file))
        ).value
    }

    // Fan-in: a task that takes an array can be called with an array of futures.
    let report = flow.functionTask("report") { (samples: [Sample]) in
        samples.map { sample in
            let percent = Int((sample.gcContent * 100).rounded())
            return "\(sample.name): \(sample.reads) reads, \(sample.uniqueReads) different, \(percent) % GC"
        }
    }
    let richest = flow.functionTask("richest") { (samples: [Sample]) in
        samples.max { $0.gcContent < $1.gcContent }?.name ?? "none"
    }

    // Fan-out: a call returns its future at once, so all samples are analysed at the same time.
    let samples = files.map { analyse($0) }
    let lines = report(samples)
    let best = richest(samples)

    // The first `await`: until here nothing was waited for.
    for line in try await lines.value { print(line) }
    print("most G and C: \(try await best.value)")
}
