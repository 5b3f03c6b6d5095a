/// A definition with its typed body: the only object that a call has to keep alive.
@usableFromInline
final class TypedTaskDefinition<Output: Sendable, each Input: Sendable>: TaskDefinition, @unchecked Sendable {
    /// The body that the engine's threads run: the body as given, or the call of the backend that runs it, or the
    /// fallback when that is due.
    @usableFromInline let body: TaskBody<Output, repeat each Input>
    /// The body as it was given.
    let ownBody: TaskBody<Output, repeat each Input>
    let fallback: TaskFallback<Output, repeat each Input>?
    /// Whether the arguments of a call are inspected before its task is submitted, because there may be services or
    /// files among them.
    @usableFromInline let looksAtArguments: Bool
    private let takesServices: Bool
    private let takesFiles: Bool

    init(
        _ definition: TaskDefinition, _ body: TaskBody<Output, repeat each Input>,
        _ fallback: TaskFallback<Output, repeat each Input>?
    ) {
        ownBody = body
        self.fallback = fallback
        var body = body
        if let slot = definition.backend, let backend = definition.externalFunctionBackend {
            body = body.executed(by: backend, in: slot)
        } else if let route = definition.portableRoute {
            body = body.remote?(route) ?? body
        }
        if let wrapper = ownBody.wrapper { body = wrapper(body, definition.options.recording) }
        if let fallback { body = body.with(fallback) }
        self.body = body
        takesServices = ServicesWithin.types(repeat (each Input).self)
        takesFiles = definition.usesFiles
        looksAtArguments = takesServices || takesFiles
        super.init(definition, isManaged: definition.isManaged || takesServices)
    }

    /// Whether a task needs no Swift task that waits while a backend has it. An instrument's context does need one.
    @usableFromInline var handsOver: Bool { body.isHandedOver && !isManaged && engine.instrument.current == nil }

    /// Submits a task after inspecting its arguments: notes the services among them, both those that are known already
    /// and the way to find those that arrive with the values of its dependencies; and refuses a task whose files, as
    /// far as they are known, can't be in one directory.
    @usableFromInline
    func submit<each D: Dependency>(_ node: TaskNode, lookingAt argument: repeat each D)
    where repeat (each D).Resolved == each Input {
        if takesServices {
            node.use(ServicesWithin.collect(repeat each argument)) {
                ServicesWithin.collect(repeat (each argument)._resolved())
            }
        }
        guard takesFiles else { return node.submit() }
        node.noteDependencyDirectories()
        do throws(FileError) {
            var known: [InputFile] = []
            for argument in repeat each argument {
                if argument._futureCount == 0 { known += FilesWithin.collect(argument._resolved()) }
            }
            _ = try StagingPlan(inputs: known, outputs: options.files.outputs)
            node.submit()
        } catch {
            let reason = RefusalReason(.invalidFiles, error.description, cause: error)
            node.submit(refusal: TaskRefusedError(reason, of: node))
        }
    }

    /// Returns the definition of a node that was made by calling a task with these types.
    @inlinable
    static func of(_ node: TaskNode) -> TypedTaskDefinition { unsafeDowncast(node.definition, to: Self.self) }
}
