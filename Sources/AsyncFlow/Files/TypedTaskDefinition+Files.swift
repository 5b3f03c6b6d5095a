extension TypedTaskDefinition {
    /// Submits a task that has files: refuses it where the names that are known already don't go together, and notes
    /// whose directories it is to see.
    @usableFromInline
    func submitWithFiles<each D: Dependency>(_ node: TaskNode, _ argument: repeat each D)
    where repeat (each D).Resolved == each Input {
        if node.definition.options.linksDependencyDirectories(in: engine) {
            engine.files.note(node.dependencyNodes.filter(\.definition.usesFiles), asDependenciesOf: node)
        }
        do throws(FileError) {
            var known: [InputFile] = []
            for argument in repeat each argument {
                if argument._futureCount == 0 { known += FilesWithin.collect(argument._resolved()) }
            }
            _ = try StagingPlan(inputs: known, outputs: options.outputs)
            node.submit()
        } catch {
            let reason = RefusalReason(.invalidFiles, error.description, cause: error)
            node.submit(refusal: TaskRefusedError(reason, of: node))
        }
    }
}
