/// Numbers in rows and columns, or in any other number of dimensions: row by row in one piece of memory.
///
/// It crosses between processes as it is in memory, at whatever place within a value. A Python task gets it as a numpy
/// array of the same shape and element type, where numpy is installed, and may return one.
///
/// ```swift
/// struct Batch: Codable, Sendable { var images: Tensor<Float>; var labels: [String] }
/// let batch = Batch(images: Tensor(pixels, shape: [64, 28, 28]), labels: labels)
/// ```
public struct Tensor<Scalar: TensorScalar>: Sendable, Hashable {
    /// The number of elements in each dimension, the slowest one first; empty for a single number.
    public let shape: [Int]
    /// The elements, those of the last dimension next to each other.
    public private(set) var scalars: [Scalar]

    /// Makes a tensor of elements that are there.
    ///
    /// - Parameters:
    ///   - scalars: as many as `shape` says; it is a programming error otherwise.
    ///   - shape: the number of elements in each dimension: one dimension by default.
    public init(_ scalars: [Scalar], shape: [Int]? = nil) {
        let shape = shape ?? [scalars.count]
        precondition(
            TensorShape.count(shape) == scalars.count,
            "a tensor of shape \(shape) can't be made of \(scalars.count) elements")
        self.shape = shape
        self.scalars = scalars
    }

    /// Makes a tensor that has the same element everywhere.
    public init(repeating scalar: Scalar, shape: [Int]) {
        guard let count = TensorShape.count(shape) else { preconditionFailure("\(shape) is no shape of a tensor") }
        self.shape = shape
        scalars = Array(repeating: scalar, count: count)
    }

    /// Makes a tensor of two dimensions.
    ///
    /// - Parameter rows: of the same length; it is a programming error otherwise.
    public init(rows: [[Scalar]]) {
        let width = rows.first?.count ?? 0
        precondition(rows.allSatisfy { $0.count == width }, "the rows of a tensor have to be of the same length")
        shape = [rows.count, width]
        scalars = Array(rows.joined())
    }

    /// Without a check: for what has been checked as it was read.
    init(checked scalars: [Scalar], shape: [Int]) {
        self.shape = shape
        self.scalars = scalars
    }

    /// The number of elements.
    public var count: Int { scalars.count }
    /// The number of dimensions.
    public var rank: Int { shape.count }

    /// The element at a place: an index for each dimension.
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

    /// The same elements in another shape, which must have as many; it is a programming error otherwise.
    public func reshaped(_ shape: [Int]) -> Tensor { Tensor(scalars, shape: shape) }

    /// Gives the elements to a closure that must not keep the pointer.
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

    /// Writes shape and elements; as they are in memory between processes, as two lists by any other encoder.
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? StructuredEncoder { return encoder.append(scalars, shape: shape) }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(shape, forKey: .shape)
        try container.encode(scalars, forKey: .scalars)
    }

    /// - Throws: `DecodingError` if there is something else, or elements that aren't exactly of this type.
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
    /// The number of dimensions that a tensor from elsewhere may have, as in numpy.
    static let highestRank = 64

    /// The number of elements of a shape; nil if there can't be such a shape.
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
