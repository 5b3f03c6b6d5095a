public import AsyncFlow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A function written in Python, with the Swift types of its arguments and its result.
///
/// ```swift
/// enum Model {
///     static let fit = PythonTask("models.train:fit", as: ((Batch, Int) -> Fit).self)
///         .keywords("batch", "epochs")
///         .throwing(Diverged.self, for: "models.train.Diverged")
/// }
/// let fit = flow.pythonTask(Model.fit, .retry(2))
/// ```
///
/// The function is ordinary Python without any reference to this library. It is found by its name in an interpreter of
/// a ``PythonBackend``, which imports its module once. Before its first call, its signature is compared with these
/// types.
public struct PythonTask<Output: Codable & Sendable, each Input: Codable & Sendable>: PythonTaskDefinition {
    public let name: String
    private let source: String?
    private var names: [String]?
    private var errors: [PythonErrorType] = []
    /// The task as the engine knows it.
    package private(set) var portable: PortableTask<Output, repeat each Input>

    /// Creates a task for a function of a module.
    ///
    /// - Parameters:
    ///   - function: The module and the function, as in `"models.train:fit"`; a method as `"models.train:Model.fit"`.
    ///     With `source` it is the name of the function alone.
    ///   - type: The function's type in Swift, as in `((Batch, Int) -> Fit).self`.
    ///   - source: Python source that defines the function, for a few lines in place; nil for a function of a module.
    public init(_ function: String, as type: ((repeat each Input) -> Output).Type, source: String? = nil) {
        self.init(name: function, source: source)
    }

    private init(name: String, source: String?) {
        self.name = name
        self.source = source
        portable = Self.portable(name, source, nil, [])
    }

    /// Returns the same function with its arguments passed by these names, in their order.
    ///
    /// - Parameter names: One name for each argument; any other number is refused before the first call.
    public func keywords(_ names: String...) -> Self { changed { $0.names = names } }

    /// Returns the same function with exceptions of one class converted to errors of a Swift type.
    ///
    /// - Parameters:
    ///   - type: The error type, which is decoded from the exception's attributes: `self.epoch` becomes `epoch`.
    ///   - pythonName: The class with its module, as in `"models.train.Diverged"`; derived classes are included.
    public func throwing<Failure: Error & Codable & Sendable>(_ type: Failure.Type, for pythonName: String) -> Self {
        changed { $0.errors.append(PythonErrorType(type, named: pythonName)) }
    }

    private func changed(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        copy.portable = Self.portable(name, source, copy.names, copy.errors)
        return copy
    }

    private static func portable(
        _ name: String, _ source: String?, _ names: [String]?, _ errors: [PythonErrorType]
    ) -> PortableTask<Output, repeat each Input> {
        var inputs: [any Any.Type] = []
        for type in repeat (each Input).self { inputs.append(type) }
        let parameters = inputs.enumerated().map { place, type in
            (names.flatMap { place < $0.count ? "\($0[place]): " : nil } ?? "") + "\(type)"
        }
        let signature = "\(name)(\(parameters.joined(separator: ", "))) -> \(Output.self)"
        let function = PythonFunction(
            name, source: source, keywords: names, arguments: inputs.map(PythonSort.of),
            returns: PythonSort.of(Output.self))
        return PortableTask(name, signature: signature, calling: function.foreign) { error in
            PythonFailure(error)?.error(of: name, as: errors)
        }
    }
}

extension PythonTask where Output == NoValue {
    /// Creates a task for a function of a module that returns nothing.
    ///
    /// - Parameters:
    ///   - function: The module and the function, as in `"models.train:save"`.
    ///   - type: The function's type in Swift, as in `((Fit) -> Void).self`.
    ///   - source: Python source that defines the function; nil for a function of a module.
    public init(_ function: String, as type: ((repeat each Input) -> Void).Type, source: String? = nil) {
        self.init(name: function, source: source)
    }
}

/// A Python task without its types, for lists of tasks.
public protocol PythonTaskDefinition: Sendable {
    /// The module and the function, as in `"models.train:fit"`.
    var name: String { get }
    /// The description of the task for workers.
    var _definition: [UInt8] { get }
}

extension PythonTask {
    public var _definition: [UInt8] { portable.foreign?.definition ?? [] }
}
