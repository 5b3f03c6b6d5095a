/// What a task inherits from the place where it is made: its workflow's id and the block it belongs to.
final class Membership: Sendable {
    let engine: EngineCore
    let workflowID: String?
    /// The block it belongs to and that block's live members.
    let block: BlockRun?
    /// What counts for other engines where this one's scope is in between.
    let enclosing: Membership?

    init(engine: EngineCore, workflowID: String?, block: BlockRun?, enclosing: Membership? = nil) {
        self.engine = engine
        self.workflowID = workflowID
        self.block = block
        self.enclosing = enclosing
        engine.noteMembership()
    }

    /// The membership that a task made here and now gets.
    static func forNewTask(of definition: TaskDefinition) -> Membership? {
        let inherited =
            definition.engine.hasMemberships ? ExecutionContext.currentMembership(in: definition.engine) : nil
        guard let id = definition.options.workflowID else { return inherited }
        return Membership(engine: definition.engine, workflowID: id, block: inherited?.block)
    }
}
