/// A type with a value that stands in for a task's output in a dry run.
///
/// Numbers are 0, strings and containers are empty, optionals are nil, Booleans are false. A task with another type of
/// output needs a `dryRunValue:`, or its type this conformance; without either, the task is refused in a dry run.
public protocol DryRunValue {
    static var dryRunValue: Self { get }
}

extension DryRunValue where Self: ExpressibleByIntegerLiteral { public static var dryRunValue: Self { 0 } }
extension DryRunValue where Self: RangeReplaceableCollection { public static var dryRunValue: Self { Self() } }

extension Int: DryRunValue {}
extension Int8: DryRunValue {}
extension Int16: DryRunValue {}
extension Int32: DryRunValue {}
extension Int64: DryRunValue {}
extension UInt: DryRunValue {}
extension UInt8: DryRunValue {}
extension UInt16: DryRunValue {}
extension UInt32: DryRunValue {}
extension UInt64: DryRunValue {}
extension Double: DryRunValue {}
extension Float: DryRunValue {}
extension String: DryRunValue {}
extension Substring: DryRunValue {}
extension Array: DryRunValue {}
extension Bool: DryRunValue { public static var dryRunValue: Bool { false } }
extension Optional: DryRunValue { public static var dryRunValue: Wrapped? { nil } }
extension Dictionary: DryRunValue { public static var dryRunValue: [Key: Value] { [:] } }
extension Set: DryRunValue { public static var dryRunValue: Set<Element> { [] } }

/// Returns the value that stands in for a type in a dry run, if one is known.
func dryRunValue<Output>(for _: Output.Type) -> Output? {
    if Output.self == Void.self { return () as? Output }
    func open<Value: DryRunValue>(_: Value.Type) -> Output? { Value.dryRunValue as? Output }
    guard let type = Output.self as? any DryRunValue.Type else { return nil }
    return open(type)
}
