import Foundation

/// The environment variables that affect Slurm's programs, and the selection of those that are withheld from the
/// programs called here and from jobs.
///
/// A program that was itself started in an allocation has dozens of such variables, and users set some in their
/// profile: `SQUEUE_PARTITION` hides jobs, `SBATCH_WAIT` makes a submission wait for the end of its job, and
/// `SLURM_MEM_PER_CPU` of one allocation ends the steps of another. Sources: the sections "environment variables" of
/// sbatch(1), salloc(1), srun(1), squeue(1), sacct(1), scancel(1) and scontrol(1).
package enum SlurmEnvironment {
    private static let prefixes = [
        "SLURM_", "SLURMD_", "SBATCH_", "SALLOC_", "SRUN_", "SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_",
    ]

    /// The variables that identify the cluster and the user, for all programs alike.
    private static let kept: Set<String> = ["SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_CLUSTERS", "SLURM_JWT"]

    /// The user's defaults for new jobs and allocations, after the prefix `SBATCH_` or `SALLOC_`. They count only for
    /// options that aren't set otherwise.
    private static let defaults: Set<String> = [
        "ACCOUNT", "CONSTRAINT", "PARTITION", "QOS", "RESERVATION", "TIMELIMIT", "WCKEY",
    ]

    /// Returns whether an inherited variable is withheld from Slurm's programs and from jobs.
    package static func isWithheld(_ name: String) -> Bool {
        guard let prefix = prefixes.first(where: { name.utf8.starts(with: $0.utf8) }) else { return false }
        if kept.contains(name) { return false }
        guard prefix == "SBATCH_" || prefix == "SALLOC_" else { return true }
        return !defaults.contains(String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
    }

    /// The names of this process's variables that are withheld.
    static var withheldNames: Set<String> { Set(ProcessInfo.processInfo.environment.keys.filter(isWithheld)) }
}
