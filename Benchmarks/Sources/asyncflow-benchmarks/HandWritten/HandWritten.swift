/// The shapes written by hand with Swift concurrency, each in the ways someone who knows it well would choose from.
/// Every task of the shape is a Swift task.
enum HandWritten {
    static func variants(_ workload: Workload, _ body: BodyKind) -> [Variant] {
        switch workload {
        case .independent: IndependentByHand.variants(body)
        case .chain: ChainByHand.variants(body)
        case .layers: LayersByHand.variants(body)
        case .grid: GridByHand.variants(body)
        }
    }
}
