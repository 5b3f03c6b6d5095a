/// Numbers in rows and columns, or in any other number of dimensions, stored row by row in one piece of memory.
///
/// It is passed between processes as it is in memory, at any place within a value. A Python task gets it as a numpy
/// array of the same shape and element type, where numpy is installed, and may return one.
///
/// ```swift
/// struct Batch: Codable, Sendable { var images: Tensor<Float>; var labels: [String] }
/// let batch = Batch(images: Tensor(pixels, shape: [64, 28, 28]), labels: labels)
/// ```
public struct Tensor<Scalar: TensorScalar>: Sendable, Hashable {
    /// The number of elements in each dimension, the slowest-varying one first; empty for a single number.
    public let shape: [Int]
    /// The elements; those along the last dimension are adjacent.
    public private(set) var scalars: [Scalar]

    /// Creates a tensor from its elements.
    ///
    /// - Parameters:
    ///   - scalars: the elements; their number must match `shape`, otherwise it is a programming error.
    ///   - shape: the number of elements in each dimension; by default there is one dimension.
    public init(_ scalars: [Scalar], shape: [Int]? = nil) {
        let shape = shape ?? [scalars.count]
        precondition(
            TensorShape.count(shape) == scalars.count,
            "a tensor of shape \(shape) can't be made of \(scalars.count) elements")
        self.shape = shape
        self.scalars = scalars
    }

    /// Creates a tensor with the same element everywhere.
    public init(repeating scalar: Scalar, shape: [Int]) {
        guard let count = TensorShape.count(shape) else { preconditionFailure("\(shape) isn't a valid tensor shape") }
        self.shape = shape
        scalars = Array(repeating: scalar, count: count)
    }

    /// Creates a tensor of two dimensions.
    ///
    /// - Parameter rows: rows of equal length; otherwise it is a programming error.
    public init(rows: [[Scalar]]) {
        let width = rows.first?.count ?? 0
        precondition(rows.allSatisfy { $0.count == width }, "the rows of a tensor must have the same length")
        shape = [rows.count, width]
        scalars = Array(rows.joined())
    }

    /// Creates a tensor without a check, from elements that were checked when they were decoded.
    init(checked scalars: [Scalar], shape: [Int]) {
        self.shape = shape
        self.scalars = scalars
    }

    /// The number of elements.
    public var count: Int { scalars.count }
    /// The number of dimensions.
    public var rank: Int { shape.count }

    /// The element at a place, given by an index for each dimension.
    public subscript(_ indices: Int...) -> Scalar {
        get { scalars[place(of: indices)] }
        set { scalars[place(of: indices)] = newValue }
    }

    private func place(of indices: [Int]) -> Int {
        precondition(indices.count == shape.count, "\(indices) isn't a place in a tensor of shape \(shape)")
        return zip(indices, shape).reduce(0) { place, step in
            precondition(step.0 >= 0 && step.0 < step.1, "\(indices) isn't a place in a tensor of shape \(shape)")
            return place * step.1 + step.0
        }
    }

    /// Returns the same elements in another shape, which must have as many; otherwise it is a programming error.
    public func reshaped(_ shape: [Int]) -> Tensor { Tensor(scalars, shape: shape) }

    /// Calls a closure with the elements. The closure must not keep the pointer.
    public func withUnsafeBufferPointer<Result>(
        _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
    ) rethrows -> Result {
        try scalars.withUnsafeBufferPointer(body)
    }
}

extension Tensor: TaskValue {}

extension Tensor: DryRunValue {
    public static var dryRunValue: Tensor { Tensor([]) }
}

extension Tensor: Codable {
    private enum CodingKeys: CodingKey { case shape, scalars }

    /// Encodes shape and elements: between processes as they are in memory, with any other encoder as two lists.
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? StructuredEncoder { return encoder.append(scalars, shape: shape) }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(shape, forKey: .shape)
        try container.encode(scalars, forKey: .scalars)
    }

    /// Decodes a tensor.
    ///
    /// - Throws: `DecodingError` if there is something else, or if the elements aren't exactly of this type.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? StructuredDecoder {
            (scalars, shape) = try decoder.tensor(of: Scalar.self)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        shape = try container.decode([Int].self, forKey: .shape)
        scalars = try container.decode([Scalar].self, forKey: .scalars)
        guard TensorShape.count(shape) == scalars.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .shape, in: container,
                debugDescription: "the shape \(shape) isn't that of \(scalars.count) elements")
        }
    }
}

enum TensorShape {
    /// The maximum number of dimensions of a tensor from elsewhere, as in numpy.
    static let highestRank = 64
    /// The largest number of empty rows in an array from another process: they take no bytes, so nothing else limits
    /// them.
    static let mostEmptyParts = 1 << 20

    /// Returns the number of elements of a shape; nil if the shape is invalid.
    static func count(_ shape: [Int]) -> Int? {
        guard shape.count <= highestRank, shape.allSatisfy({ $0 >= 0 }) else { return nil }
        if shape.contains(0) { return 0 }
        var count = 1
        for length in shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: length)
            if overflows { return nil }
            count = product
        }
        return count
    }
}
