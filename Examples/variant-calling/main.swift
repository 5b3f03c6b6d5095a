// Finds the differences between samples and a reference genome, as pipelines in bioinformatics do: bwa aligns the
// reads, samtools sorts them, bcftools calls the variants. The data is made up, so that it is known what has to be
// found.
//
// It needs the three programs: on Debian and Ubuntu, apt-get install bwa samtools bcftools.

import AsyncFlow
import Foundation

var configuration = WorkflowEngine.Configuration()
configuration.workDirectory = FileManager.default.temporaryDirectory.path + "/asyncflow-variant-calling"
defer { try? FileManager.default.removeItem(atPath: configuration.workDirectory) }

await runWorkflow(configuration) { flow in
    let genome = Genome(seed: 42, length: 6000)
    let samples = ["first": [1200, 3300], "second": [1200], "third": [4711, 5000]]

    // The data: a reference, and for each sample the reads of a genome that differs from it in some places.
    let fasta = OutputFile("reference.fa")
    let makeReference = flow.functionTask("makeReference", producing: fasta) { () in
        try (">chr1\n" + genome.text + "\n").write(
            toFile: TaskContext.current!.path(of: fasta)!, atomically: true, encoding: .utf8)
    }
    let fastq = OutputFile("reads.fq")
    let sequence = flow.functionTask("sequence", producing: fastq) { (changes: [Int]) in
        try genome.reads(changedAt: changes).write(
            toFile: TaskContext.current!.path(of: fastq)!, atomically: true, encoding: .utf8)
    }

    // The pipeline. An index is five files that have to lie beside the reference.
    let index = flow.executableTask(
        "index", producing: ["amb", "ann", "bwt", "pac", "sa"].map { OutputFile("reference.fa.\($0)") }
    ) { (reference: InputFile) in "bwa index \(reference)" }
    let align = flow.executableTask("align", .cores(1), .retry(1), producing: .standardOutput("aligned.sam")) {
        (reference: InputFile, _: [InputFile], reads: InputFile) in "bwa mem -v 1 \(reference) \(reads)"
    }
    let sort = flow.executableTask("sort", producing: OutputFile("sorted.bam")) { (aligned: InputFile) in
        "samtools sort -o sorted.bam \(aligned)"
    }
    let pileUp = flow.executableTask("pileUp", producing: OutputFile("pileup.bcf")) {
        (reference: InputFile, reads: InputFile) in "bcftools mpileup -Ou -o pileup.bcf -f \(reference) \(reads)"
    }
    let call = flow.executableTask("call") { (pileUp: InputFile) in "bcftools call -mv --ploidy 1 -Ov \(pileUp)" }
    let read = flow.functionTask("read") { (vcf: String) in
        vcf.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let fields = line.split(separator: "\t")
            return "\(fields[1]) \(fields[3])→\(fields[4])"
        }
    }

    let variants = flow.block("variants") { (reference: InputFile, changes: [Int]) in
        let aligned = align(reference, index(reference), sequence(changes))
        return try await read(call(pileUp(reference, sort(aligned)))).value
    }
    let reference = makeReference()
    let found = samples.mapValues { variants(reference, $0) }
    for (sample, future) in found.sorted(by: { $0.key < $1.key }) {
        print("\(sample): \(try await future.value.joined(separator: ", "))")
    }
}

/// A made-up genome, the same for the same seed.
struct Genome: Sendable {
    let bases: [Character]
    var text: String { String(bases) }

    init(seed: UInt64, length: Int) {
        var state = seed
        bases = (0..<length).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Array("ACGT")[Int(state >> 33) % 4]
        }
    }

    /// Reads of 100 bases, ten over each place, of the genome with some bases changed.
    func reads(changedAt places: [Int]) -> String {
        let other: [Character: Character] = ["A": "C", "C": "G", "G": "T", "T": "A"]
        var changed = bases
        for place in places { changed[place - 1] = other[bases[place - 1]]! }
        return stride(from: 0, through: bases.count - 100, by: 10).map { start in
            "@read\(start)\n\(String(changed[start..<start + 100]))\n+\n\(String(repeating: "I", count: 100))\n"
        }.joined()
    }
}
