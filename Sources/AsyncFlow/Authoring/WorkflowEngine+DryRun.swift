extension WorkflowEngine {
    /// Returns the task that stands in for another one in a dry run: it ends with a placeholder and doesn't call the
    /// body.
    func makeDryRunTask<Kind: TaskKindMarker, each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: [TaskOption<Kind>], value: Output?
    ) -> WorkflowTask<Kind, Output, repeat each Input> {
        guard let value else {
            let refusal = RefusalReason(
                .noDryRunValue,
                "a dry run needs a placeholder value of type \(Output.self) for the output; "
                    + "give the task a dryRunValue: or make the type conform to DryRunValue")
            return WorkflowTask(
                makeDefinition(name, options, refusal: refusal),
                .synchronous { (_: repeat each Input) in throw refusal })
        }
        guard FilesWithin.types(repeat (each Input).self) else {
            return WorkflowTask(makeDefinition(name, options), .synchronous { (_: repeat each Input) in value })
        }
        let core = core
        return WorkflowTask(
            makeDefinition(name, options),
            .synchronous { (input: repeat each Input) in
                var files: [InputFile] = []
                for input in repeat each input { files += FilesWithin.collect(input) }
                if let task = TaskContext.current { core.noteMissing(files, of: task.taskID) }
                return value
            })
    }
}
