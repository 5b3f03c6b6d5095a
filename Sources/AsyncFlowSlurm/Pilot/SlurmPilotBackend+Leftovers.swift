import AsyncFlow
import AsyncFlowBase
import Logging

extension SlurmPilotBackend: LeavingBackend {
    /// Gives back the allocations of programs that were killed together with what would have given them back, such as
    /// by a crash of the machine.
    package func endLeftovers(_ traces: [[UInt8]]) async {
        let prefixes = Set(traces.map { String(decoding: $0, as: UTF8.self) }.filter(JobTicket.isPrefix))
        for prefix in prefixes.sorted() {
            for patience in [Duration.seconds(1), .seconds(5), nil] {
                do {
                    for name in try await programs.names(beginningWith: prefix + "-") where JobTicket.isPrefix(name) {
                        settings.logger.notice(
                            "gives back a pilot that an interrupted run has left",
                            metadata: ["backend": "\(self.name)", "job": "\(name)"])
                        try await programs.cancel(name: name, ids: [])
                    }
                    break
                } catch {
                    if let patience, (try? await Task.sleep(for: patience)) != nil { continue }
                    settings.logger.warning(
                        """
                        an interrupted run may have left pilots, and Slurm doesn't answer; \
                        look for them with 'squeue --me' and end them with 'scancel'
                        """, metadata: ["backend": "\(self.name)", "jobs": "\(prefix)-…", "error": "\(error)"])
                    break
                }
            }
        }
    }
}
