import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowPlan
import Logging

/// What the verbs for flows tell people, on standard error.
enum FlowConsole {
    static func note(_ text: String) { write("asyncflow: \(text.harmlessLines())\n") }

    /// Writes lines as they are; they have to be harmless.
    static func write(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Writes a result to standard output.
    static func print(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// A reader who has gone leaves nobody to tell.
    private static func write(_ text: String, to descriptor: CInt) {
        try? DescriptorOutput.write(text, to: descriptor)
    }
}

/// An end of a verb that was told already.
enum FlowExit {
    static let failed = ExitCode(1)
    static let wrongFile = ExitCode(EX_DATAERR)
    static let noFile = ExitCode(EX_NOINPUT)
    static let usage = ExitCode(EX_USAGE)
    static let unavailable = ExitCode(EX_UNAVAILABLE)
    static let unwritable = ExitCode(EX_CANTCREAT)

    static func because(_ text: String, _ code: ExitCode) -> ExitCode {
        FlowConsole.note(text)
        return code
    }
}

extension Logger {
    /// Silent unless a level is asked for: the verbs tell of failures themselves.
    static var forFlows: Logger {
        var logger = Logger.asyncFlow()
        if getenv("ASYNCFLOW_LOG_LEVEL") == nil, getenv("RADICAL_LOG_LVL") == nil { logger.logLevel = .critical }
        return logger
    }
}
