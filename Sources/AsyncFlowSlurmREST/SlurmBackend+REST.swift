import AsyncFlow
public import AsyncFlowSlurm

extension SlurmBackend {
    /// Runs each command as a job of Slurm, as with its programs, but submits, looks after and cancels them through
    /// `slurmrestd`. Nothing of Slurm needs to be installed where this runs; the engine's work directory must be in a
    /// file system that the cluster's nodes see under the same path.
    ///
    /// It takes v0.0.38 of the service's interface (Slurm 22.05) and v0.0.40 and later ones (23.11 and later), the
    /// latest known one that is offered. `extraArguments` of a task or of `options` are for `sbatch`: a task with some
    /// fails. There is no accounting: the end of a job that left Slurm's memory is found in its files, or not at all.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("slurm")`.
    ///   - rest: where the service is, and who speaks to it.
    ///   - options: what every job asks for unless its task says otherwise.
    ///   - settings: how it deals with the cluster. `programFolder` means nothing here; `environment` is what jobs get
    ///     besides the environment of this program; `commandPatience` is for one request.
    public convenience init(
        name: String = "slurm", rest: SlurmREST, options: SlurmOptions = SlurmOptions(),
        settings: Settings = Settings()
    ) {
        self.init(name: name, options: options, settings: settings, controller: RESTController(rest, settings))
    }
}
