public import AsyncFlow
import AsyncFlowBase
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The progress display of a run. It ends with the engine, even if this object is released earlier.
public final class TerminalProgress: Sendable {
    private let attachment: EventAttachment?
    private let descriptor: Int32

    init(_ configuration: ProgressConfiguration, of flow: WorkflowEngine) {
        descriptor = configuration.output.descriptor
        let plan = ProgressPlan(
            configuration.style, environment: ProcessInfo.processInfo.environment, isTerminal: isatty(descriptor) == 1)
        if let problem = plan.problem { Logger.asyncFlow().warning("\(problem)") }
        guard plan.form != .off else {
            attachment = nil
            return
        }
        let cores = flow.coreCount
        let display = ProgressDisplay(
            configuration, plan, coresTotal: cores > 0 ? cores : WorkflowEngine.Configuration.availableCores)
        // The run must never wait for its display.
        attachment = flow.attach(display, overflow: .drop())
    }

    /// Ends the display, which gives way to one line with totals, duration and the last failure. Returns within about a
    /// second, even if the terminal takes nothing; later calls do nothing.
    public func stop() async { await attachment?.detach() }

    /// Writes a line to the output of the display, above a live display.
    ///
    /// Lines that are written otherwise, such as by `print`, aren't lost, but remains of the display may follow them.
    ///
    /// - Parameter line: the text; a line end is added. Control characters are written as they are.
    public func write(_ line: String) { Console.write(line + "\n", to: descriptor) }
}

extension WorkflowEngine {
    /// Shows the progress of the run from now on, on a terminal or as a line from time to time, until the engine ends
    /// or ``TerminalProgress/stop()`` is called. Never slows the run.
    ///
    /// ```swift
    /// let progress = flow.startProgress()
    /// ```
    ///
    /// - Parameter configuration: where and how progress is shown.
    @discardableResult
    public func startProgress(_ configuration: ProgressConfiguration = .init()) -> TerminalProgress {
        TerminalProgress(configuration, of: self)
    }
}
