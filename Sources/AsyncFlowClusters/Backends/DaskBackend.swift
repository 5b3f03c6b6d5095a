public import AsyncFlow
public import AsyncFlowPython

/// Runs tasks on a cluster of Dask.
///
/// ```swift
/// DaskBackend(.address("tcp://head:8786"))
/// DaskBackend(.local(workers: 4))
/// DaskBackend(.jobs(of: .slurm, 1...20, arguments: ["cores": 16, "memory": "64 GB", "walltime": "02:00:00"]))
/// ```
///
/// The Python of the bridge, `environment`, is best the cluster's own: Dask wants the same versions at both ends.
///
/// A task that is cancelled is stopped in its worker, within a moment or its grace period. `.cores`, `.memory` and
/// `.gpus` become Dask's resources `CORES`, `MEMORY` (in bytes) and `GPU`, named resources become those of the same
/// name; what no worker offers is refused, with what there is. Priorities become Dask's.
///
/// Dask runs a task again by itself if the worker is lost that ran it, as often as its scheduler's `allowed-failures`
/// says, three times by default; in clusters that this backend starts it doesn't. When it gives up, or the scheduler is
/// gone, tasks fail with a `WorkerLostError`, and `.retry(2, on: .workerLost)` runs them again.
public final class DaskBackend: ClusterBackend, @unchecked Sendable {
    /// - Parameters:
    ///   - cluster: The cluster.
    ///   - name: The name for `.on("dask")`.
    ///   - environment: The Python with `distributed`, of the cluster's version: `python3` by default.
    ///   - tasks: The Python tasks whose functions are checked as the backend starts; others are before their first
    ///     call.
    ///   - configuration: Everything else; its `python` doesn't matter here.
    public init(
        _ cluster: DaskCluster, name: String = "dask", environment: PythonEnvironment = .executable("python3"),
        checking tasks: [any PythonTaskDefinition] = [], configuration: ClusterConfiguration = ClusterConfiguration()
    ) {
        var configuration = configuration
        configuration.python = environment
        var settings = cluster.settings
        settings["timeout"] = .number(min(30, max(1, configuration.startTimeout / .seconds(4))))
        super.init(name: name, engine: "dask", adapter: settings, checking: tasks, configuration: configuration)
    }
}

/// A cluster of Dask that is there, or that a ``DaskBackend`` starts for itself.
public struct DaskCluster: Sendable {
    let settings: [String: EventValue]

    /// A cluster whose scheduler runs.
    ///
    /// - Parameters:
    ///   - address: As Dask's own clients take it: `tcp://head:8786`, `tls://head:8786`.
    ///   - security: The certificates for `tls://`; nil for `tcp://`.
    public static func address(_ address: String, security: DaskSecurity? = nil) -> Self {
        var settings: [String: EventValue] = ["kind": "address", "address": .string(address)]
        if let security {
            settings["security"] = .object([
                "tls_ca_file": .string(security.authority), "tls_client_cert": .string(security.certificate),
                "tls_client_key": .string(security.key),
            ])
        }
        return Self(settings: settings)
    }

    /// A cluster on the bridge's machine, on its loopback interface, that starts and ends with the backend.
    ///
    /// - Parameters:
    ///   - workers: The number of worker processes.
    ///   - threads: The number of tasks that each of them runs at once.
    ///   - memory: The memory of each worker; Dask's choice by default.
    ///   - resources: What each worker offers besides, as in `["GPU": 1]`.
    public static func local(
        workers: Int, threads: Int = 1, memory: MemorySize? = nil, resources: [String: Double] = [:]
    ) -> Self {
        var arguments: [String: EventValue] = ["n_workers": .integer(workers), "threads_per_worker": .integer(threads)]
        if let memory { arguments["memory_limit"] = .integer(Int(clamping: memory.bytes)) }
        if !resources.isEmpty { arguments["resources"] = .object(resources.mapValues { .number($0) }) }
        return Self(settings: ["kind": "local", "arguments": .object(arguments)])
    }

    /// A cluster whose workers are jobs of a batch system, by the package dask-jobqueue, which has to be installed.
    ///
    /// - Parameters:
    ///   - system: The batch system.
    ///   - jobs: The fewest and the most jobs; between them there are as many as the waiting tasks need.
    ///   - arguments: Those of the class of dask-jobqueue, as in `["queue": "batch", "cores": 16, "memory": "64 GB"]`.
    public static func jobs(
        of system: BatchSystem, _ jobs: ClosedRange<Int>, arguments: [String: EventValue]
    ) -> Self {
        Self(settings: [
            "kind": "jobqueue", "queue": .string(system.rawValue), "arguments": .object(arguments),
            "jobs": [.integer(jobs.lowerBound), .integer(jobs.upperBound)],
        ])
    }

    /// A batch system that dask-jobqueue knows.
    public enum BatchSystem: String, Sendable, CaseIterable {
        case slurm, pbs, sge, lsf, htcondor
    }
}

/// The files with which a client of Dask proves who it is.
public struct DaskSecurity: Sendable, Hashable {
    /// The file with the certificate of the authority that both ends trust.
    public var authority: String
    /// The file with the client's certificate.
    public var certificate: String
    /// The file with the client's private key.
    public var key: String

    /// - Parameters:
    ///   - authority: The file with the certificate of the authority that both ends trust.
    ///   - certificate: The file with the client's certificate.
    ///   - key: The file with the client's private key.
    public init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }
}
