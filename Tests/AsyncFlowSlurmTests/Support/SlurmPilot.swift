import AsyncFlow
import AsyncFlowWorkers
import Foundation
import Logging

@testable import AsyncFlowSlurm

/// The program that serves as a worker: beside that of the tests.
private let workerProgram = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "worker-probe").path

extension SlurmCluster {
    /// A pilot of two nodes with four cores each, unless it is changed.
    static func pilot(
        nodes: Int = 2, cores: Int = 4, time: Duration? = nil,
        _ change: (inout SlurmPilotBackend.Settings) -> Void = { _ in }
    ) -> SlurmPilotBackend {
        SlurmPilotBackend(
            nodes: nodes, coresPerNode: cores, options: SlurmOptions(time: time), settings: pilotSettings(change))
    }

    static func pilotSettings(
        _ change: (inout SlurmPilotBackend.Settings) -> Void = { _ in }
    ) -> SlurmPilotBackend.Settings {
        var settings = SlurmPilotBackend.Settings()
        settings.environment = ["SLURM_CONF": configuration]
        settings.program = workerProgram
        settings.workersPerNode = 2
        settings.endMargin = .seconds(10)
        settings.workerEnvironment["SWIFT_BACKTRACE"] = "enable=no"
        settings.logger.logLevel = ProcessInfo.processInfo.environment["SLURM_TEST_LOG"] == nil ? .critical : .debug
        change(&settings)
        return settings
    }
}
