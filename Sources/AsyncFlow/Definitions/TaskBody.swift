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

    package func call(_ input: repeat each Input) async throws -> Output {
        if let synchronous { return try synchronous(repeat each input) }
        return try await asynchronous!(repeat each input)
    }

    mutating func setHandOver(_ body: @escaping @Sendable (TaskNode, repeat each Input) -> Void) {
        isHandedOver = true
        handOver = body
    }
}
