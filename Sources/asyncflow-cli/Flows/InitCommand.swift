import ArgumentParser
import AsyncFlowBase
import AsyncFlowPlan

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Writes a flow file to begin with, and the schema for editors.")

    enum Kind: String, ExpressibleByArgument, CaseIterable { case sweep, files, hello }

    @Argument(help: "hello (a command), sweep (a program over parameters) or files (a pipeline of files).")
    var kind = Kind.hello

    @Option(
        name: [.short, .long], help: "The file to write; <kind>.flow.yaml by default. One that is there isn't replaced."
    )
    var output: String?

    func run() throws {
        let path = output ?? "\(kind.rawValue).flow.yaml"
        let text = "# yaml-language-server: $schema=flow.schema.json\n" + Self.texts[kind]!
        do throws(SystemError) {
            let descriptor = try retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
            defer { close(descriptor) }
            try DescriptorOutput.write(text, to: descriptor)
        } catch {
            throw FlowExit.because("\(path) can't be written: \(error)", FlowExit.unwritable)
        }
        FlowConsole.note("wrote \(path); run it with: asyncflow run \(path)")
    }

    static let texts: [Kind: String] = [
        .hello: """
        flow: hello
        params:
          name: world
        steps:
          greet:
            command: echo "Hello, ${{ params.name }}!"
        outputs:
          greeting: ${{ greet.value }}

        """,
        .sweep: """
        flow: sweep
        about: A program over all combinations of two parameters.
        params:
          alphas: [0.1, 0.2, 0.5]
          sizes: [10, 20]
        steps:
          simulate:
            matrix:
              alpha: ${{ params.alphas }}
              size: ${{ params.sizes }}
            # Put your program here; what it prints is the value of each element.
            command: awk -v a=${{ alpha }} -v n=${{ size }} 'BEGIN { print a * n }'
            as: float
            tolerate: 10%
          best:
            value: ${{ max(ok(simulate.value)) }}
        outputs:
          best: ${{ best.value }}

        """,
        .files: """
        flow: files
        about: Counts the words of files, and adds them up.
        params:
          pattern: "*.yaml"
        steps:
          count:
            for:
              file: ${{ glob(params.pattern) }}
            run: wc -w < ${{ file }} > words.txt
            files:
              words: words.txt
          total:
            run: cat ${{ count.words }} | awk '{ sum += $1 } END { print sum }'
            as: int
        outputs:
          total: ${{ total.value }}

        """,
    ]
}
