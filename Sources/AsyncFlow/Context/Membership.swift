/// The properties that a task inherits from where it is made: its workflow's id and its block.
final class Membership: Sendable {
    let engine: EngineCore
    let workflowID: String?
    /// The block, with its members that haven't ended.
    let block: BlockRun?
    /// The membership around this one, which applies to other engines.
    let enclosing: Membership?

    init(engine: EngineCore, workflowID: String?, block: BlockRun?, enclosing: Membership? = nil) {
        self.engine = engine
        self.workflowID = workflowID
        self.block = block
        self.enclosing = enclosing
        engine.noteMembership()
    }

    /// Returns the membership of a task that is made here and now.
    static func forNewTask(of definition: TaskDefinition) -> Membership? {
        let inherited =
            definition.engine.hasMemberships ? ExecutionContext.currentMembership(in: definition.engine) : nil
        guard let id = definition.options.workflowID else { return inherited }
        return Membership(engine: definition.engine, workflowID: id, block: inherited?.block)
    }
}
