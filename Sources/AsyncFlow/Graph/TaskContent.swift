/// The contents of a task: first its body with its arguments, and then, in the same place, its outcome.
///
/// A task node is not generic: generic classes and `Optional<Value>` cost a metadata look-up on every unspecialised
/// access. The code that stores a value knows its type, and so does every reader: a `TaskFuture<Value>` is made by the
/// same call that makes the node.
@usableFromInline
enum TaskContent {
    case nothing
    /// The work that is still to be done.
    case work(TaskWork)
    /// A value of up to two words that are plain bits.
    case bits(UInt, UInt)
    /// Any other value, or an error, in a ``Box``.
    case box(AnyObject)

    @usableFromInline
    final class Box<Value>: @unchecked Sendable {  // immutable; handed on through the node's release/acquire pair
        @usableFromInline let value: Value
        @inlinable init(_ value: Value) { self.value = value }
    }

    @inlinable
    static func isInline<Value>(_: Value.Type) -> Bool {
        _isPOD(Value.self) && MemoryLayout<Value>.size <= MemoryLayout<(UInt, UInt)>.size
            && MemoryLayout<Value>.alignment <= MemoryLayout<(UInt, UInt)>.alignment
    }

    @inlinable
    init<Value>(value: Value) {
        if Self.isInline(Value.self) {
            var words: (UInt, UInt) = (0, 0)
            withUnsafeMutableBytes(of: &words) { _ = $0.baseAddress!.initializeMemory(as: Value.self, to: value) }
            self = .bits(words.0, words.1)
        } else {
            self = .box(Box(value))
        }
    }

    init(error: any Error) { self = .box(Box<any Error>(error)) }

    /// Returns the value. Only for a task that ended with one, read as the type it was stored as.
    @inlinable
    func value<Value>(as _: Value.Type) -> Value {
        switch self {
        case .bits(let first, let second):
            return withUnsafeBytes(of: (first, second)) { $0.load(as: Value.self) }
        case .box(let box):
            return unsafeDowncast(box, to: Box<Value>.self).value
        case .nothing, .work:
            fatalError("a task without a value was asked for it")
        }
    }

    /// The error. Only for a task that failed or was cancelled.
    var error: any Error {
        guard case .box(let box) = self else { fatalError("a task without an error was asked for it") }
        return unsafeDowncast(box, to: Box<any Error>.self).value
    }
}

/// The work of a task: its body with its arguments. It ends the node that it is passed.
@usableFromInline
enum TaskWork {
    case synchronous((TaskNode) -> Void)
    case asynchronous(AsyncBody)
    /// Hands the task over to a receiver that ends it later, and returns.
    case handedOver((TaskNode) -> Void)

    /// A body that runs where its caller runs: starting it doesn't look for another executor.
    @usableFromInline typealias AsyncBody = nonisolated(nonsending) @Sendable (TaskNode) async -> Void
}
