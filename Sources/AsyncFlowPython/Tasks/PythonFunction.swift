import AsyncFlow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The description of a function for workers.
struct PythonFunction: Encodable {
    static let language = "Python"

    private let label: String
    private let module: String
    private let function: String
    private let source: String?
    private let keywords: [String]?
    private let arguments: [PythonSort]
    private let returns: PythonSort

    init(_ name: String, source: String?, keywords: [String]?, arguments: [PythonSort], returns: PythonSort) {
        label = name
        self.source = source
        self.keywords = keywords
        self.arguments = arguments
        self.returns = returns
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        module = parts.count == 2 ? String(parts[0]) : ""
        function = String(parts[parts.count - 1])
    }

    var foreign: ForeignFunction {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Texts and lists of texts always encode.
        let bytes = (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
        return .with(Self.language, bytes)
    }
}

/// The kind of value that a Swift type is in Python, as far as a type hint can be compared with it.
enum PythonSort: String, Encodable {
    case integer, number, text, boolean, bytes, array, tensor, other

    static func of(_ type: Any.Type) -> PythonSort {
        switch type {
        case is any FixedWidthInteger.Type: .integer
        case is any BinaryFloatingPoint.Type: .number
        case is String.Type: .text
        case is Bool.Type: .boolean
        case is [UInt8].Type, is Data.Type: .bytes
        case is any NumberArray.Type: .array
        case is any AnyTensor.Type: .tensor
        default: .other
        }
    }
}

private protocol NumberArray {}
extension Array: NumberArray where Element: TensorScalar {}
private protocol AnyTensor {}
extension Tensor: AnyTensor {}
