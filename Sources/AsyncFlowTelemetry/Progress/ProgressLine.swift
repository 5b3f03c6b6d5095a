import AsyncFlowBase
import AsyncFlow

/// Self-contained lines about a run, for a file or above a display.
enum ProgressLine {
    /// Returns a line about the current state of a run, for outputs without a display.
    static func now(_ statistics: ProgressStatistics) -> String {
        let total = statistics.total
        var text = "asyncflow: \(ProgressText.count(total.completed)) of \(ProgressText.count(total.total)) tasks done"
        text += reused(total)
        for (count, name) in [
            (total.running, "running"), (total.waiting, "waiting"), (total.failed, "failed"),
            (total.cancelled, "cancelled"),
        ] where count > 0 { text += ", \(ProgressText.count(count)) \(name)" }
        text += "; \(cores(statistics))"
        if let rate = total.rate { text += "; \(ProgressText.rate(rate))" }
        text += "; \(ProgressText.length(statistics.elapsed))"
        if let left = total.timeLeft { text += ", about \(ProgressText.clock(left)) left" }
        return text + lost(statistics)
    }

    /// Returns a line about the outcome of a run.
    static func summary(_ statistics: ProgressStatistics, unicode: Bool) -> String {
        let total = statistics.total
        let tasks = "\(ProgressText.count(total.total)) task\(total.total == 1 ? "" : "s")"
        var parts = ["\(ProgressText.count(total.completed)) done\(reused(total))"]
        for (count, name) in [
            (total.failed, "failed"), (total.cancelled, "cancelled"), (total.running, "running"),
            (total.waiting, "waiting"),
        ] where count > 0 { parts.append("\(ProgressText.count(count)) \(name)") }
        var text = "asyncflow: \(tasks) in \(ProgressText.length(statistics.elapsed)): \(parts.joined(separator: ", "))"
        text += lost(statistics)
        if let failure = statistics.lastFailure {
            text += "; " + DisplayText.shortened(Self.failure(failure, unicode: unicode), to: 200, unicode: unicode)
        }
        return text
    }

    private static func reused(_ row: ProgressStatistics.Row) -> String {
        row.reused == 0 ? "" : " (\(ProgressText.count(row.reused)) by an earlier run)"
    }

    static func failure(_ failure: ProgressStatistics.Failure, unicode: Bool) -> String {
        // Only the beginning can be shown, and a message may be as long as a file.
        let message = String(failure.message.prefix(2000))
        let text = "last failure: \(failure.name): \(message)"
        return text.harmless(unicode: unicode)
    }

    static func cores(_ statistics: ProgressStatistics) -> String {
        let busy = ProgressText.count(statistics.coresBusy)
        // Tasks may also run on other computers, whose cores aren't in the total.
        guard statistics.coresBusy <= statistics.coresTotal else { return "\(busy) cores" }
        return "\(busy) of \(ProgressText.count(statistics.coresTotal)) cores"
    }

    private static func lost(_ statistics: ProgressStatistics) -> String {
        statistics.dropped == 0 ? "" : " (\(ProgressText.count(statistics.dropped)) events weren't counted)"
    }
}
