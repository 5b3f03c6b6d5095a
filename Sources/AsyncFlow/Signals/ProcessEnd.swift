import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The ways in which the process ends when the program doesn't end it itself. Printed output isn't lost.
enum ProcessEnd {
    /// Ends the process as the signal would have, so that a shell sees it.
    ///
    /// - Parameter patience: the time limit for writing the rest of standard output, which nobody may be reading.
    static func end(by signalNumber: Int32, flushingFor patience: Duration = .seconds(2)) -> Never {
        Console.leave()
        flushOutput(within: patience)
        signal(signalNumber, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signalNumber)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), signalNumber)
        pause()
        exit(128 + signalNumber)
    }

    /// Prints the error and ends the process with code 1, or with the one that the error asks for.
    static func end(because error: any Error) -> Never {
        flushOutput(within: .seconds(2))
        Console.write("error: \(text(of: error))\n", to: STDERR_FILENO)
        Console.leave()
        exit((error as? any ExitCodeError)?.processExitCode ?? 1)
    }

    private static func text(of error: any Error) -> String {
        let text = (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
        return text.harmlessLines()
    }

    private static func flushOutput(within patience: Duration) {
        let isDone = WakeUp()
        guard
            (try? SystemThread.startDetached {
                fflush(nil)
                isDone.signal()
            }) != nil
        else { return }
        _ = isDone.wait(microseconds: Int(patience / .microseconds(1)))
    }
}
