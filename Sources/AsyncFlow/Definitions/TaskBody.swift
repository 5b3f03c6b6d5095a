/// A task's body, either synchronous or asynchronous. (An enum can't have a pack of type parameters.)
@usableFromInline
package struct TaskBody<Output: Sendable, each Input: Sendable>: Sendable {
    @usableFromInline package let isSynchronous: Bool
    /// Whether `handOver` is set.
    var isHandedOver = false
    /// Runs on one of the engine's threads, without a Swift task.
    @usableFromInline package let synchronous: (@Sendable (repeat each Input) throws -> Output)?
    /// Starts on one of the engine's threads and may suspend.
    @usableFromInline package let asynchronous: (@Sendable (repeat each Input) async throws -> Output)?
    /// Does the same as `asynchronous` without a Swift task: hands the node over to a receiver that ends it later.
    @usableFromInline private(set) var handOver: (@Sendable (TaskNode, repeat each Input) -> Void)? = nil
    /// Makes the body that has a backend run this one in another process; nil if that isn't possible.
    var remote: (@Sendable (PortableRoute) -> TaskBody)? = nil
    /// Makes the body that runs in place of this one, wherever this one would run.
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
