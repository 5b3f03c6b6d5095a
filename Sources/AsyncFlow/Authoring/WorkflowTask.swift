/// A task that can be called any number of times: each call makes one node of the graph and returns its future at once.
///
/// Arguments are plain values, futures, and arrays, optionals and dictionaries of futures, in any mix; a call with a
/// wrong type doesn't compile. Within one array all are futures, or none is: ``WorkflowEngine/value(_:)`` makes a future of
/// a value. The task begins when all futures among its arguments have ended.
///
/// ```swift
/// let add = flow.functionTask("add") { (a: Int, b: Int) in a + b }
/// let three = add(1, 2)
/// let result = try await add(three, 4).value
/// ```
///
/// Made by ``WorkflowEngine``'s `functionTask`, `executableTask`, `promptTask` and `block`.
public struct WorkflowTask<Kind: TaskKindMarker, Output: Sendable, each Input: Sendable>: Sendable {
    @usableFromInline let definition: TypedTaskDefinition<Output, repeat each Input>

    init(
        _ definition: TaskDefinition, _ body: TaskBody<Output, repeat each Input>,
        fallback: TaskFallback<Output, repeat each Input>? = nil
    ) {
        self.definition = TypedTaskDefinition(definition, body, fallback)
    }

    /// The name given at definition.
    public var name: String { definition.name }

    /// The same task with options that override those of its definition.
    public func with(_ options: TaskOption<Kind>...) -> Self {
        var merged = definition.options
        for option in options { option.apply(&merged) }
        return with(merged, definition.fallback)
    }

    func with(_ options: TaskOptions, _ fallback: TaskFallback<Output, repeat each Input>?) -> Self {
        Self(
            TaskDefinition(
                engine: definition.engine, name: definition.name, kind: definition.kind, options: options,
                ownRefusal: definition.ownRefusal, limitID: definition.limitID, hasFallback: fallback != nil),
            definition.ownBody, fallback: fallback)
    }

    /// Adds a task to the graph. Never blocks and never throws: whatever goes wrong ends in the future.
    ///
    /// - Parameter argument: a value or dependency for each input.
    /// - Returns: the future of the task's output.
    @inlinable
    @discardableResult
    public func callAsFunction<each D: Dependency>(_ argument: repeat each D) -> TaskFuture<Output>
    where repeat (each D).Resolved == each Input {
        var count = 0
        for value in repeat each argument { count &+= value._futureCount }
        let node: TaskNode
        if count == 0, TaskNode.keepsArguments((repeat each D).self) {
            // No closure of its own: it finds the arguments in the node.
            node = definition.makeNode(workOfKeptArguments((repeat each D).self), dependencyCount: 0)
            node.keep((repeat each argument))
        } else {
            node = definition.makeNode(work(repeat each argument), dependencyCount: count)
        }
        if count > 0 {
            let registrar = DependencyRegistrar(node)
            for value in repeat each argument { value._register(into: registrar) }
        }
        if definition.usesServices { definition.noteServices(of: node, repeat each argument) }
        if definition.usesFiles {
            definition.submitWithFiles(node, repeat each argument)
        } else {
            node.submit()
        }
        return TaskFuture(node)
    }

    /// The same for a call whose arguments are all there already: what isn't a value of an input's type by itself becomes one,
    /// such as `nil`, `[]`, or `3` for an `Int?`.
    ///
    /// - Parameter argument: a value for each input.
    /// - Returns: the future of the task's output.
    @inlinable
    @discardableResult
    @_disfavoredOverload
    public func callAsFunction(_ argument: repeat each Input) -> TaskFuture<Output>
    where repeat each Input: Dependency, repeat (each Input).Resolved == each Input {
        callAsFunction(repeat each argument)
    }

    @inlinable
    func work<each D: Dependency>(_ argument: repeat each D) -> TaskWork where repeat (each D).Resolved == each Input {
        if definition.body.isSynchronous {
            return .synchronous { node in
                do {
                    let body = TypedTaskDefinition<Output, repeat each Input>.of(node).body
                    node.succeed(try body.synchronous!(repeat (each argument)._resolved()))
                } catch {
                    node.fail(error)
                }
            }
        }
        if definition.handsOver {
            return .handedOver { node in
                let body = TypedTaskDefinition<Output, repeat each Input>.of(node).body
                body.handOver!(node, repeat (each argument)._resolved())
            }
        }
        return .asynchronous { node in
            do {
                let body = TypedTaskDefinition<Output, repeat each Input>.of(node).body
                node.succeed(try await body.asynchronous!(repeat (each argument)._resolved()))
            } catch {
                node.fail(error)
            }
        }
    }

    /// The same, of arguments that the node keeps.
    @inlinable
    func workOfKeptArguments<each D: Dependency>(_: (repeat each D).Type) -> TaskWork
    where repeat (each D).Resolved == each Input {
        if definition.body.isSynchronous {
            return .synchronous { node in
                do {
                    let body = TypedTaskDefinition<Output, repeat each Input>.of(node).body
                    let arguments = node.keptArguments((repeat each D).self)
                    node.succeed(try body.synchronous!(repeat (each arguments)._resolved()))
                } catch {
                    node.fail(error)
                }
            }
        }
        if definition.handsOver {
            return .handedOver { node in
                let body = TypedTaskDefinition<Output, repeat each Input>.of(node).body
                let arguments = node.keptArguments((repeat each D).self)
                body.handOver!(node, repeat (each arguments)._resolved())
            }
        }
        return .asynchronous { node in
            do {
                let body = TypedTaskDefinition<Output, repeat each Input>.of(node).body
                let arguments = node.keptArguments((repeat each D).self)
                node.succeed(try await body.asynchronous!(repeat (each arguments)._resolved()))
            } catch {
                node.fail(error)
            }
        }
    }
}

/// A task's body, either synchronous or asynchronous. (An enum can't have a pack of type parameters.)
@usableFromInline
package struct TaskBody<Output: Sendable, each Input: Sendable>: Sendable {
    @usableFromInline package let isSynchronous: Bool
    /// Whether there is `handOver`.
    var isHandedOver = false
    /// Runs on a worker's thread without any Swift task.
    @usableFromInline package let synchronous: (@Sendable (repeat each Input) throws -> Output)?
    /// Starts on a worker's thread and may suspend.
    @usableFromInline package let asynchronous: (@Sendable (repeat each Input) async throws -> Output)?
    /// Does the same as `asynchronous` without a Swift task: gives the node to somebody who ends it later.
    @usableFromInline private(set) var handOver: (@Sendable (TaskNode, repeat each Input) -> Void)? = nil
    /// Makes the body that has a backend run this one in another process, if it can cross to one.
    var remote: (@Sendable (PortableRoute) -> TaskBody)? = nil
    /// Makes the body that is run in place of this one, wherever this one is run.
    package var wrapper: (@Sendable (TaskBody, RecordingOptions) -> TaskBody)? = nil

    package static func synchronous(_ body: @escaping @Sendable (repeat each Input) throws -> Output) -> Self {
        Self(isSynchronous: true, synchronous: body, asynchronous: nil)
    }

    package static func asynchronous(_ body: @escaping @Sendable (repeat each Input) async throws -> Output) -> Self {
        Self(isSynchronous: false, synchronous: nil, asynchronous: body)
    }

    mutating func setHandOver(_ body: @escaping @Sendable (TaskNode, repeat each Input) -> Void) {
        isHandedOver = true
        handOver = body
    }
}

/// A definition with its typed body: the one object that a call has to keep alive.
@usableFromInline
final class TypedTaskDefinition<Output: Sendable, each Input: Sendable>: TaskDefinition, @unchecked Sendable {
    /// What the engine's workers run: the body, or the call of the backend that runs the body; or the fallback, when it is
    /// the turn of that.
    @usableFromInline let body: TaskBody<Output, repeat each Input>
    /// The body as it was given.
    let ownBody: TaskBody<Output, repeat each Input>
    let fallback: TaskFallback<Output, repeat each Input>?

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
        super.init(definition, usesServices: ServicesWithin.types(repeat (each Input).self))
    }

    /// Whether its tasks need no Swift task that waits while somebody else has them. Within an instrument's context there
    /// has to be one.
    @usableFromInline var handsOver: Bool { body.isHandedOver && !isManaged && engine.instrument.current == nil }

    /// The definition of a node that was made by a call of a task with these types.
    @inlinable
    static func of(_ node: TaskNode) -> TypedTaskDefinition { unsafeDowncast(node.definition, to: Self.self) }
}

/// A task that runs a Swift closure.
public typealias FunctionTask<Output: Sendable, each Input: Sendable> = WorkflowTask<
    FunctionKind, Output, repeat each Input
>
/// A ``PortableTask`` of an engine.
public typealias PortableFunctionTask<Output: Sendable, each Input: Sendable> = WorkflowTask<
    PortableKind, Output, repeat each Input
>
/// A task that runs a command; its value is the standard output, as text.
public typealias ExecutableTask<each Input: Sendable> = WorkflowTask<ExecutableKind, String, repeat each Input>
/// A task that asks a model; its value is the answer.
public typealias PromptTask<each Input: Sendable> = WorkflowTask<PromptKind, String, repeat each Input>
/// A composite workflow whose body calls other tasks.
public typealias Block<Output: Sendable, each Input: Sendable> = WorkflowTask<BlockKind, Output, repeat each Input>
