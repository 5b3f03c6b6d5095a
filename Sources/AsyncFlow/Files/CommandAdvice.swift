import AsyncFlowBase
import Logging

/// Warnings about commands that their author probably didn't intend, each logged once per engine.
struct CommandAdvice: Sendable {
    /// The size of output from which it is hardly meant to be a string.
    static let muchOutput = MemorySize.megabytes(500)

    private let logger: Logger
    private let wasToldOfOutput = AtomicFlag()
    private let wasToldOfShellWord = AtomicFlag()

    init(_ logger: Logger) { self.logger = logger }

    /// Checks a command before it runs.
    func check(_ command: Command, of task: String) {
        guard let word = command.shellWord, wasToldOfShellWord.raise() else { return }
        logger.warning(
            """
            \(task): '\(word)' has no meaning in a command and is an argument like any other, because no shell reads it: \
            \(command.description.prefix(200)). For a pipeline use .piped(to:), for other things Command.bash("…") or \
            Command.shell("…"); if it is meant as an argument, write it in quotes
            """)
    }

    /// Checks the size of a command's output.
    func check(outputOf count: Int, of task: String) {
        guard count >= Self.muchOutput.bytes, wasToldOfOutput.raise() else { return }
        logger.warning(
            """
            \(task): \(MemorySize(bytes: Int64(count))) of standard output are kept in memory as the task's value; with \
            .captureStdio a file takes them, and its path is the value
            """)
    }
}
