/// One GPU of a machine.
public struct GPU: Sendable, Hashable, CustomStringConvertible {
    /// The vendor of a GPU, which determines the environment variables that select it.
    public struct Vendor: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// Selected by `CUDA_VISIBLE_DEVICES`.
        public static let nvidia = Vendor(description: "NVIDIA")
        /// Selected by `ROCR_VISIBLE_DEVICES`.
        public static let amd = Vendor(description: "AMD")
    }

    /// The id in the vendor's environment variable: an index such as `0`, or a unique id such as `GPU-8932f937`.
    public var id: String
    public var vendor: Vendor
    public var description: String { "\(vendor) GPU \(id)" }

    public init(id: String, vendor: Vendor = .nvidia) {
        self.id = id
        self.vendor = vendor
    }
}
