import AsyncFlow
public import AsyncFlowSlurm

extension SlurmBackend {
    /// Creates a backend that runs each command as a Slurm job, but submits, monitors and cancels jobs through
    /// `slurmrestd` instead of Slurm's programs. Nothing of Slurm needs to be installed on this computer; the engine's
    /// work directory must be in a file system that the cluster's nodes see under the same path.
    ///
    /// It supports v0.0.38 of the service's interface (Slurm 22.05) and v0.0.40 and later ones (23.11 and later), and
    /// uses the latest known one that is offered. `extraArguments` of a task or of `options` are for `sbatch`: a task
    /// that has any fails. There is no accounting: the end of a job that Slurm has forgotten is found in its files, or
    /// not at all.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("slurm")`.
    ///   - rest: the service and its user.
    ///   - options: the options of every job, unless its task overrides them.
    ///   - settings: the settings for the cluster. `programFolder` has no effect here; `environment` has the variables
    ///     that jobs get besides those of this program; `commandPatience` is the time limit of one request.
    public convenience init(
        name: String = "slurm", rest: SlurmREST, options: SlurmOptions = SlurmOptions(),
        settings: Settings = Settings()
    ) {
        self.init(name: name, options: options, settings: settings, controller: RESTController(rest, settings))
    }
}
