/// Room for the one value of any type, or the one error, that a task ends with.
///
/// A task node is not generic: generic classes and `Optional<Value>` cost a metadata look-up on every unspecialised
/// access. Values of up to two words that are plain bits live here
/// directly; every other value lives in a box of its own. Whoever stores also knows the type, and so does every
/// reader: `TaskFuture<Value>` is made by the same call that makes the node.
@usableFromInline
struct TaskOutcome: ~Copyable {
    @usableFromInline typealias Words = (UInt, UInt)
    @usableFromInline var words: Words = (0, 0)
    @usableFromInline var box: AnyObject?

    @usableFromInline
    final class Box<Value>: @unchecked Sendable {  // immutable; handed on through the node's release/acquire pair
        @usableFromInline let value: Value
        @inlinable init(_ value: Value) { self.value = value }
    }

    @inlinable init() {}

    @inlinable
    static func isInline<Value>(_: Value.Type) -> Bool {
        _isPOD(Value.self) && MemoryLayout<Value>.size <= MemoryLayout<Words>.size
            && MemoryLayout<Value>.alignment <= MemoryLayout<Words>.alignment
    }

    @inlinable
    mutating func store<Value>(_ value: Value) {
        if Self.isInline(Value.self) {
            withUnsafeMutableBytes(of: &words) { _ = $0.baseAddress!.initializeMemory(as: Value.self, to: value) }
        } else {
            box = Box(value)
        }
    }

    /// The stored value. Only for a node that ended with a value, read as the type it was stored as.
    @inlinable
    func load<Value>(as _: Value.Type) -> Value {
        if Self.isInline(Value.self) {
            return withUnsafeBytes(of: words) { $0.load(as: Value.self) }
        }
        return unsafeDowncast(box.unsafelyUnwrapped, to: Box<Value>.self).value
    }

    mutating func store(error: any Error) { box = Box<any Error>(error) }

    /// The stored error. Only for a node that failed or was cancelled.
    var error: any Error { unsafeDowncast(box.unsafelyUnwrapped, to: Box<any Error>.self).value }
}
