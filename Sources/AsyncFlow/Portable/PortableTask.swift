/// A function with a name, which can run in another process as well as in this one.
///
/// A compiled program can't send a closure away. It can say which one of its functions is meant, if the program at the
/// other end is the same one: so a portable task is a constant with a name, and what it takes and returns is `Codable`.
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
    /// The function of another language that is called instead of the body.
    package internal(set) var foreign: ForeignFunction?
    var foreignError: (@Sendable (RemoteTaskError) -> (any Error)?)?

    /// Names a function without `await`.
    ///
    /// - Parameters:
    ///   - name: tells it apart from all others of the program.
    ///   - body: receives the decoded arguments, in another process. It should use nothing of its surroundings but
    ///     constants.
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) throws -> Output) {
        self.name = name
        signature = Self.signature(name)
        self.body = .synchronous(body)
    }

    /// Names an async function.
    ///
    /// - Parameters:
    ///   - name: tells it apart from all others of the program.
    ///   - body: receives the decoded arguments, in another process. When the task is cancelled, so is the Swift task
    ///     in which it runs there.
    @_disfavoredOverload
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) async throws -> Output) {
        self.name = name
        signature = Self.signature(name)
        self.body = .asynchronous(body)
    }

    /// The same task, whose errors of this type come back from another process as themselves instead of as a
    /// ``RemoteTaskError``, so that they can be caught and matched by `.retry(on: .thrown(…))`.
    public func throwing<Failure: Error & Codable & Sendable>(_ type: Failure.Type) -> Self {
        var copy = self
        copy.codableErrors.append(type)
        return copy
    }

    /// Asking for types' names takes microseconds, so it is done once.
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

    /// The error that was encoded by ``encodedError(_:)``.
    func decodedError(_ bytes: [UInt8]) -> (any Error)? {
        var decoder = PortableDecoder(bytes[...], of: signature)
        func next(_ type: (some Error & Codable & Sendable).Type) throws -> any Error { try decoder.next(type) }
        guard let index = try? decoder.next(Int.self), codableErrors.indices.contains(index) else { return nil }
        return try? next(codableErrors[index])
    }
}

/// What a portable task without a result has in its place.
public struct NoValue: Codable, Sendable, Hashable, TaskValue {
    public init() {}
}

extension PortableTask where Output == NoValue {
    /// Names a function without `await` that returns nothing.
    ///
    /// - Parameters:
    ///   - name: tells it apart from all others of the program.
    ///   - body: receives the decoded arguments, in another process.
    public init(_ name: String, body: @escaping @Sendable (repeat each Input) throws -> Void) {
        self.init(name) { (input: repeat each Input) throws -> NoValue in
            try body(repeat each input)
            return NoValue()
        }
    }

    /// Names an async function that returns nothing.
    ///
    /// - Parameters:
    ///   - name: tells it apart from all others of the program.
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

/// A portable task whose types nobody has to know: what a worker is given a list of.
public protocol PortableTaskDefinition: Sendable {
    /// Tells it apart from all others of the program.
    var name: String { get }
    /// Its name with the types that it takes and returns, which must be the same at both ends.
    var signature: String { get }
    /// Whether its function has no `await`.
    var isSynchronous: Bool { get }
    /// Decodes the arguments, calls the function, which must be a synchronous one, and encodes what it returns.
    ///
    /// - Throws: ``PortableCodingError`` if the arguments can't be decoded or the value not encoded; what the function
    ///   throws.
    func callSynchronously(_ input: ArraySlice<UInt8>) throws -> [UInt8]
    /// Decodes the arguments, calls the function, and encodes what it returns.
    ///
    /// - Throws: ``PortableCodingError`` if the arguments can't be decoded or the value not encoded; what the function
    ///   throws.
    func call(_ input: ArraySlice<UInt8>) async throws -> [UInt8]
    /// An error of one of the types that come back as themselves.
    ///
    /// - Returns: nil if it is of another one.
    func encodedError(_ error: any Error) -> [UInt8]?
}
