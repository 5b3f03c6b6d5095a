/// A task that can be called any number of times: each call adds one node to the graph and returns its future at once.
///
/// Arguments are plain values, futures, and arrays, optionals and dictionaries of futures, in any mix; a call with a
/// wrong type doesn't compile. The elements of one array are either all futures or all values;
/// ``WorkflowEngine/value(_:)`` turns a value into a future. The task begins when all futures among its arguments have
/// ended.
///
/// ```swift
/// let add = flow.functionTask("add") { (a: Int, b: Int) in a + b }
/// let three = add(1, 2)
/// let result = try await add(three, 4).value
/// ```
///
/// Tasks are made by ``WorkflowEngine``'s `functionTask`, `executableTask`, `promptTask`, `portableTask`, `serviceTask`
/// and `block`.
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

    /// Returns the same task with options that override those of its definition.
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

    /// Adds a task to the graph. Never blocks and never throws: every failure ends up in the future.
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
            // The work needs no closure: it finds the arguments in the node.
            node = definition.makeNode(workOfKeptArguments((repeat each D).self), dependencyCount: 0)
            node.keep((repeat each argument))
        } else {
            node = definition.makeNode(work(repeat each argument), dependencyCount: count)
        }
        if count > 0 {
            let registrar = DependencyRegistrar(node)
            for value in repeat each argument { value._register(into: registrar) }
        }
        if definition.looksAtArguments {
            definition.submit(node, lookingAt: repeat each argument)
        } else {
            node.submit()
        }
        return TaskFuture(node)
    }

    /// Adds a task to the graph, with arguments that are all plain values. Each may be an expression that gets its type
    /// from the input, such as `nil`, `[]`, or `3` for an `Int?`.
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

    /// The same for arguments that the node keeps.
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

/// A task that runs a Swift closure.
public typealias FunctionTask<Output: Sendable, each Input: Sendable> = WorkflowTask<
    FunctionKind, Output, repeat each Input
>
/// A task that runs a ``PortableTask``.
public typealias PortableFunctionTask<Output: Sendable, each Input: Sendable> = WorkflowTask<
    PortableKind, Output, repeat each Input
>
/// A task that runs a command; its value is the standard output, as text.
public typealias ExecutableTask<each Input: Sendable> = WorkflowTask<ExecutableKind, String, repeat each Input>
/// A task that asks a model; its value is the answer.
public typealias PromptTask<each Input: Sendable> = WorkflowTask<PromptKind, String, repeat each Input>
/// A composite workflow whose body calls other tasks.
public typealias Block<Output: Sendable, each Input: Sendable> = WorkflowTask<BlockKind, Output, repeat each Input>
