extension Telemetry {
    /// Writes the recording so far as a web page in one file, as the command `asyncflow report` does: timeline, graph,
    /// failures, and what made the run as long as it was. Usually called when the engine has ended.
    ///
    /// - Parameter path: the file of the page, such as `run.html`; it appears only when it is complete, and replaces an
    ///   existing one.
    /// - Throws: ``TelemetryError`` if there is no recording, if it can't be read, or if the page can't be written.
    public func writeReport(to path: String) async throws(TelemetryError) {
        guard let recordingPath else {
            throw TelemetryError(
                "the report \(path) can't be written: nothing was recorded; start telemetry with a recording")
        }
        try await flush()
        do {
            let file = try RunFile.read(recordingPath)
            var output = try HTMLReport.write(
                file.model, template: RunPage.template(), to: try ReportOutput(path: path))
            try output.finish()
        } catch {
            throw TelemetryError("the report \(path) can't be written: \(error)")
        }
    }
}
