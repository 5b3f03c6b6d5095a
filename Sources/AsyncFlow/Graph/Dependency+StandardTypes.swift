#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Int: TaskValue {}
extension Int8: TaskValue {}
extension Int16: TaskValue {}
extension Int32: TaskValue {}
extension Int64: TaskValue {}
extension UInt: TaskValue {}
extension UInt8: TaskValue {}
extension UInt16: TaskValue {}
extension UInt32: TaskValue {}
extension UInt64: TaskValue {}
extension Double: TaskValue {}
extension Float: TaskValue {}
extension Bool: TaskValue {}
extension String: TaskValue {}
extension Substring: TaskValue {}
extension Character: TaskValue {}
extension Duration: TaskValue {}
extension Data: TaskValue {}
extension Date: TaskValue {}
extension URL: TaskValue {}
extension UUID: TaskValue {}
extension Range: Dependency where Bound: TaskValue {}
extension Range: TaskValue where Bound: TaskValue {}
extension ClosedRange: Dependency where Bound: TaskValue {}
extension ClosedRange: TaskValue where Bound: TaskValue {}
extension Set: Dependency where Element: TaskValue {}
extension Set: TaskValue where Element: TaskValue {}

/// An array of futures resolves to the array of their values.
extension Array: Dependency where Element: Dependency {
    public typealias Resolved = [Element.Resolved]

    @inlinable public var _futureCount: Int {
        // Plain values aren't visited: there may be millions of them.
        if Element.self == Element.Resolved.self { return 0 }
        return withUnsafeBufferPointer { Element._futureCount(of: $0) }
    }

    @inlinable public func _register(into registrar: DependencyRegistrar) {
        if Element.self == Element.Resolved.self { return }
        withUnsafeBufferPointer { Element._register($0, into: registrar) }
    }

    @inlinable public func _resolved() -> [Element.Resolved] {
        if Element.self == Element.Resolved.self { return unsafeBitCast(self, to: [Element.Resolved].self) }
        return withUnsafeBufferPointer { Element._resolved($0) }
    }
}

/// An optional future resolves to the optional of its value.
extension Optional: Dependency where Wrapped: Dependency {
    public typealias Resolved = Wrapped.Resolved?

    @inlinable public var _futureCount: Int { self?._futureCount ?? 0 }
    @inlinable public func _register(into registrar: DependencyRegistrar) { self?._register(into: registrar) }
    @inlinable public func _resolved() -> Wrapped.Resolved? { self?._resolved() }
}

/// A dictionary of futures resolves to the dictionary of their values.
extension Dictionary: Dependency where Key: TaskValue, Value: Dependency {
    public typealias Resolved = [Key: Value.Resolved]

    @inlinable public var _futureCount: Int {
        if Value.self == Value.Resolved.self { return 0 }
        return values.reduce(0) { $0 + $1._futureCount }
    }

    @inlinable public func _register(into registrar: DependencyRegistrar) {
        if Value.self == Value.Resolved.self { return }
        for value in values { value._register(into: registrar) }
    }

    @inlinable public func _resolved() -> [Key: Value.Resolved] {
        if Value.self == Value.Resolved.self { return unsafeBitCast(self, to: [Key: Value.Resolved].self) }
        return mapValues { $0._resolved() }
    }
}
