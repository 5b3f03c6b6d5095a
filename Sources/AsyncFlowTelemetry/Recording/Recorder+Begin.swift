import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Recorder {
    /// Begins the recording of an engine's run in a directory.
    static func begin(
        of flow: WorkflowEngine, in directory: String, _ configuration: TelemetryConfiguration
    ) throws(TelemetryError) -> Recorder {
        let stamp = timeStamp(EventTime.now.secondsSince1970)
        let file = try RecordingFile(
            path: "\(directory)/\(flow.id).\(stamp).telemetry.jsonl\(configuration.compresses ? ".gz" : "")")
        let process = ProcessInfo.processInfo
        var facts = RunSessionFacts()
        facts.id = flow.id
        facts.host = ResourceSampler.node
        facts.version = AsyncFlowVersion.current
        facts.arguments = process.arguments.maskingSecrets
        facts.cores = flow.coreCount > 0 ? Double(flow.coreCount) : nil
        facts.memoryBytes = Double(process.physicalMemory)
        facts.processID = Int(process.processIdentifier)
        let encoder = EventLineEncoder(
            sessionID: flow.id, identity: TraceIdentity(engineID: flow.id), node: ResourceSampler.node, facts: facts,
            secrets: .ofThisProcess)
        return Recorder(
            file, encoder, flushInterval: configuration.flushInterval, rotation: configuration.rotation,
            startTime: flow.startTime, logger: flow.logger)
    }

    /// Returns the local time from year to second, as RADICAL AsyncFlow has it in the names of its recordings.
    private static func timeStamp(_ seconds: Double) -> String {
        let parts = Calendar.current.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: seconds))
        func text(_ value: Int?, _ digits: Int) -> String {
            let text = "\(value ?? 0)"
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return text(parts.year, 4) + text(parts.month, 2) + text(parts.day, 2) + "_" + text(parts.hour, 2)
            + text(parts.minute, 2) + text(parts.second, 2)
    }
}
