/// A reference that leaves its object's reference count alone. Its holder must know that the object outlives it.
///
/// It is meant for objects that every task touches: threads that constantly retain and release the same object pass its
/// cache line back and forth, which costs more than a short task itself.
struct Uncounted<Object: AnyObject>: Equatable, @unchecked Sendable {  // as sendable as the object that it is used for
    private let reference: Unmanaged<Object>

    init(_ object: Object) { reference = .passUnretained(object) }
    init(_ reference: Unmanaged<Object>) { self.reference = reference }

    @inline(__always)
    func callAsFunction<Result>(_ body: (Object) throws -> Result) rethrows -> Result {
        try reference._withUnsafeGuaranteedRef(body)
    }

    @inline(__always)
    func refers(to object: Object) -> Bool { reference.toOpaque() == Unmanaged.passUnretained(object).toOpaque() }

    static func == (a: Self, b: Self) -> Bool { a.reference.toOpaque() == b.reference.toOpaque() }
}
