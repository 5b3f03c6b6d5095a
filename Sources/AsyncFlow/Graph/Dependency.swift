/// A type that may be an argument of a task: a plain value, a future, or a container of those.
///
/// Your own types join with one line, `struct Molecule: TaskValue { … }`. The requirements that begin with an
/// underscore are for the engine; ``TaskValue`` supplies them.
public protocol Dependency<Resolved>: Sendable {
    /// The type that the task's body receives in place of the argument.
    associatedtype Resolved: Sendable

    /// The number of futures in the argument.
    var _futureCount: Int { get }
    /// Makes the task wait for the futures in the argument.
    func _register(into registrar: DependencyRegistrar)
    /// Returns the value of the argument. Only called when all its futures have ended with a value.
    func _resolved() -> Resolved

    // The same for the elements of an array, so that one call covers all of them.
    static func _futureCount(of elements: UnsafeBufferPointer<Self>) -> Int
    static func _register(_ elements: UnsafeBufferPointer<Self>, into registrar: DependencyRegistrar)
    static func _resolved(_ elements: UnsafeBufferPointer<Self>) -> [Resolved]
}

extension Dependency {
    @inlinable
    public static func _futureCount(of elements: UnsafeBufferPointer<Self>) -> Int {
        elements.reduce(0) { $0 + $1._futureCount }
    }

    @inlinable
    public static func _register(_ elements: UnsafeBufferPointer<Self>, into registrar: DependencyRegistrar) {
        for element in elements { element._register(into: registrar) }
    }

    @inlinable
    public static func _resolved(_ elements: UnsafeBufferPointer<Self>) -> [Resolved] {
        elements.map { $0._resolved() }
    }
}

/// The registrar of the futures among a task's arguments. For the engine only.
public struct DependencyRegistrar {
    @usableFromInline let node: TaskNode
    @inlinable init(_ node: TaskNode) { self.node = node }

    @inlinable func add(_ dependency: TaskNode) { node.depend(on: dependency) }
}

/// A plain value that may be an argument of a task.
///
/// ```swift
/// struct Molecule: TaskValue { var atoms: [Atom] }
/// ```
public protocol TaskValue: Dependency where Resolved == Self {}

extension TaskValue {
    @inlinable public var _futureCount: Int { 0 }
    @inlinable public func _register(into registrar: DependencyRegistrar) {}
    @inlinable public func _resolved() -> Self { self }
}
