/// One GPU of a machine.
public struct GPU: Sendable, Hashable, CustomStringConvertible {
    /// Who made it, and so which environment variables choose it.
    public struct Vendor: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// Chosen by `CUDA_VISIBLE_DEVICES`.
        public static let nvidia = Vendor(description: "NVIDIA")
        /// Chosen by `ROCR_VISIBLE_DEVICES`.
        public static let amd = Vendor(description: "AMD")
    }

    /// What the vendor's environment variable calls it: an index such as `0`, or a unique id such as `GPU-8932f937`.
    public var id: String
    public var vendor: Vendor
    public var description: String { "\(vendor) GPU \(id)" }

    public init(id: String, vendor: Vendor = .nvidia) {
        self.id = id
        self.vendor = vendor
    }
}
