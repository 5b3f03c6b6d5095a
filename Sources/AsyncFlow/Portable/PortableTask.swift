/// A function with a name, which can run in another process as well as in this one.
///
/// A compiled program can't send a closure away. But it can name one of its functions, if the program at the other end
/// is the same one: so a portable task is a constant with a name, and its arguments and its result are `Codable`.
///
/// ```swift
/// enum Tasks {
///     static let simulate = PortableTask("simulate") { (seed: Int, steps: Int) in run(seed, steps) }
/// }
///
/// let simulate = flow.portableTask(Tasks.simulate, .on("pool"), .retry(2))
/// let energy = simulate(42, steps)
/// ```
///
/// In the engine's own process the function is called as it is, and nothing is encoded.
public struct PortableTask<Output: Codable & Sendable, each Input: Codable & Sendable>: PortableTaskDefinition {
    public let name: String
    public let signature: String
    let body: TaskBody<Output, repeat each Input>
    var codableErrors: [any (Error & Codable & Sendable).Type] = []
    /// The function of another language that is called in place of the body.
    package internal(set) var foreign: ForeignFunction?
    var foreignError: (@Sendable (RemoteTaskError) -> (any Error)?)?

    /// Creates a portable task from a synchronous function.
    ///
    /// - Parameters:
    ///   - name: a name that is unique within the program.
    ///   - body: receives the decoded arguments, in another process. Apart from constants, it should use nothing from
    ///     its surroundings.
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) throws -> Output) {
        self.name = name
        signature = Self.signature(name)
        self.body = .synchronous(body)
    }

    /// Creates a portable task from an async function.
    ///
    /// - Parameters:
    ///   - name: a name that is unique within the program.
    ///   - body: receives the decoded arguments, in another process. When the task is cancelled, so is the Swift task
    ///     in which it runs there.
    @_disfavoredOverload
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) async throws -> Output) {
        self.name = name
        signature = Self.signature(name)
        self.body = .asynchronous(body)
    }

    /// Returns the same task with an error type that comes back from another process as itself instead of as a
    /// ``RemoteTaskError``, so that it can be caught and matched by `.retry(on: .thrown(…))`.
    public func throwing<Failure: Error & Codable & Sendable>(_ type: Failure.Type) -> Self {
        var copy = self
        copy.codableErrors.append(type)
        return copy
    }

    /// Returns the signature. It is computed once, because looking up the names of types takes microseconds.
    private static func signature(_ name: String) -> String {
        var inputs: [String] = []
        for type in repeat (each Input).self { inputs.append(String(reflecting: type)) }
        return "\(name)(\(inputs.joined(separator: ", "))) -> \(String(reflecting: Output.self))"
    }

    public var isSynchronous: Bool { body.isSynchronous }

    public func callSynchronously(_ input: ArraySlice<UInt8>) throws -> [UInt8] {
        var decoder = PortableDecoder(input, of: signature)
        let values = (repeat try decoder.next((each Input).self))
        try decoder.finish()
        return try encoded(body.synchronous!(repeat each values))
    }

    public func call(_ input: ArraySlice<UInt8>) async throws -> [UInt8] {
        var decoder = PortableDecoder(input, of: signature)
        let values = (repeat try decoder.next((each Input).self))
        try decoder.finish()
        return try encoded(await body.call(repeat each values))
    }

    private func encoded(_ output: Output) throws -> [UInt8] {
        var encoder = PortableEncoder(of: signature)
        try encoder.append(output)
        return encoder.bytes
    }

    public func encodedError(_ error: any Error) -> [UInt8]? {
        guard let index = codableErrors.firstIndex(where: { $0 == type(of: error) }) else { return nil }
        var encoder = PortableEncoder(of: signature)
        func append(_ type: (some Error & Codable & Sendable).Type, _ error: any Error) throws {
            try encoder.append(index)
            try encoder.append(cast(error, to: type))
        }
        do {
            try append(codableErrors[index], error)
            return encoder.bytes
        } catch {
            return nil  // it comes back described, as any other error
        }
    }

    private func cast<Value>(_ value: any Error, to type: Value.Type) throws -> Value {
        guard let value = value as? Value else { throw PortableCodingError("an error changed its type") }
        return value
    }

    /// Returns the error that was encoded by ``encodedError(_:)``.
    func decodedError(_ bytes: [UInt8]) -> (any Error)? {
        var decoder = PortableDecoder(bytes[...], of: signature)
        func next(_ type: (some Error & Codable & Sendable).Type) throws -> any Error { try decoder.next(type) }
        guard let index = try? decoder.next(Int.self), codableErrors.indices.contains(index) else { return nil }
        return try? next(codableErrors[index])
    }
}

/// The value of a portable task without a result.
public struct NoValue: Codable, Sendable, Hashable, TaskValue {
    public init() {}
}

extension PortableTask where Output == NoValue {
    /// Creates a portable task from a synchronous function that returns nothing.
    ///
    /// - Parameters:
    ///   - name: a name that is unique within the program.
    ///   - body: receives the decoded arguments, in another process.
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) throws -> Void) {
        self.init(name) { (input: repeat each Input) throws -> NoValue in
            try body(repeat each input)
            return NoValue()
        }
    }

    /// Creates a portable task from an async function that returns nothing.
    ///
    /// - Parameters:
    ///   - name: a name that is unique within the program.
    ///   - body: receives the decoded arguments, in another process. When the task is cancelled, so is the Swift task
    ///     in which it runs there.
    @_disfavoredOverload
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) async throws -> Void) {
        self.init(name) { (input: repeat each Input) async throws -> NoValue in
            try await body(repeat each input)
            return NoValue()
        }
    }
}

/// A portable task without its types, as in the list that a worker is given.
public protocol PortableTaskDefinition: Sendable {
    /// The name, which is unique within the program.
    var name: String { get }
    /// The name with the types of the arguments and of the result, which must be the same at both ends.
    var signature: String { get }
    /// Whether the function is synchronous.
    var isSynchronous: Bool { get }
    /// Decodes the arguments, calls the function, which must be synchronous, and encodes its result.
    ///
    /// - Throws: ``PortableCodingError`` if the arguments can't be decoded or the result can't be encoded; an error
    ///   that the function throws.
    func callSynchronously(_ input: ArraySlice<UInt8>) throws -> [UInt8]
    /// Decodes the arguments, calls the function, and encodes its result.
    ///
    /// - Throws: ``PortableCodingError`` if the arguments can't be decoded or the result can't be encoded; an error
    ///   that the function throws.
    func call(_ input: ArraySlice<UInt8>) async throws -> [UInt8]
    /// Encodes an error whose type comes back as itself.
    ///
    /// - Returns: nil if it is of another type.
    func encodedError(_ error: any Error) -> [UInt8]?
}
