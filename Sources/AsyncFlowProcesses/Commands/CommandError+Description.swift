import AsyncFlowBase

extension CommandError {
    /// A description of what failed, with which command, and what can be done.
    public var message: String {
        var text = failedRank.map { "rank \($0) of a \(summary)" } ?? summary
        if exitCode != nil || signal != nil, !detail.isEmpty { text += "\n  \(detail)" }
        let line = command.description
        if line.utf8.count > Self.longestLine {
            text += "\n  command: \(line.prefix(Self.longestLine))… (\(line.utf8.count) bytes in all)"
        } else if !line.isEmpty {
            text += "\n  command: \(line)"
        }
        if let directory = command.workingDirectory, reason != .badWorkingDirectory {
            text += "\n  in: \(directory)"
        }
        if !standardErrorTail.isEmpty {
            text += "\n  standard error ends with:\n" + standardErrorTail
        } else if !standardOutputTail.isEmpty {
            text += "\n  nothing on standard error; standard output ends with:\n" + standardOutputTail
        }
        return text
    }

    /// The maximum length, in bytes, of a command line in a message.
    private static let longestLine = 2000

    /// A description of what failed, without the command.
    package var summary: String {
        switch reason.kind {
        case .exited(127): "command exited with code 127: for a shell, a program in it was not found"
        case .exited(126): "command exited with code 126: for a shell, a program in it couldn't be executed"
        case .exited(let code): "command exited with code \(code)"
        case .signalled where ranOutOfMemory:
            "command was ended by the system, because memory ran out in the control group that it ran in"
        case .signalled(let signal): "command was ended by \(SignalName.text(of: signal))"
        case .notFound: "command not found: \(detail)"
        case .notExecutable: "command can't be executed: \(detail)"
        case .interpreterMissing: "command can't be started: \(detail)"
        case .badWorkingDirectory: "command can't be started: \(detail)"
        case .emptyCommand: "the command is empty: it must begin with a program's name"
        case .malformed: "malformed command: \(detail)"
        case .invalidArgument: "command can't be started: \(detail)"
        case .launchFailed(let errno): "command couldn't be started: \(Self.text(of: errno, detail))"
        case .inputFailed(let errno): "standard input couldn't be opened: \(Self.text(of: errno, detail))"
        case .outputFailed(let errno): "output couldn't be opened: \(Self.text(of: errno, detail))"
        case .outputTooLong(let limit):
            "command was ended, because it wrote more than \(MemorySize(bytes: limit)) to its standard output, the most that "
                + "is kept in memory; have it written to a file with .captureStdio, or set files.maximumOutputInMemory"
        case .statusLost:
            "command ended, but its exit status is lost: this process ignores SIGCHLD or waits for all its children"
        }
    }

    private static func text(of errno: Int32, _ detail: String) -> String {
        let message = String(cString: strerror(errno))
        return detail.isEmpty ? message : "\(message) (\(detail))"
    }
}

/// The common names of the signals.
package enum SignalName {
    package static func text(of signal: Int32) -> String {
        switch signal {
        case SIGHUP: "SIGHUP (signal \(signal))"
        case SIGINT: "SIGINT (signal \(signal), interrupted)"
        case SIGQUIT: "SIGQUIT (signal \(signal))"
        case SIGILL: "SIGILL (signal \(signal), built for another processor?)"
        case SIGABRT: "SIGABRT (signal \(signal), it aborted)"
        case SIGFPE: "SIGFPE (signal \(signal), arithmetic error)"
        case SIGKILL: "SIGKILL (signal \(signal), out of memory or killed from outside)"
        case SIGBUS: "SIGBUS (signal \(signal), bad memory access)"
        case SIGSEGV: "SIGSEGV (signal \(signal), bad memory access)"
        case SIGPIPE: "SIGPIPE (signal \(signal), nobody reads its output)"
        case SIGTERM: "SIGTERM (signal \(signal), ended from outside)"
        case SIGXCPU: "SIGXCPU (signal \(signal), CPU time limit reached)"
        case SIGXFSZ: "SIGXFSZ (signal \(signal), file size limit reached)"
        default: "signal \(signal)"
        }
    }
}
