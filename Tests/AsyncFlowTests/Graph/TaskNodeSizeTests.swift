#if os(Linux)
import Testing

@testable import AsyncFlow

@Suite("The size of a task")
struct TaskNodeSizeTests {
    @Test("a task has the size that the C library's allocator takes back from any thread without a lock")
    func size() {
        // In the metadata of a class (docs/ABI/TypeMetadata.rst, "Class Metadata"): after kind and superclass come the
        // flags, the address point of instances, and their size.
        let metadata = unsafeBitCast(TaskNode.self as AnyClass, to: UnsafeRawPointer.self)
        let size = metadata.load(fromByteOffset: 2 * MemoryLayout<UInt>.size + 8, as: UInt32.self)
        #expect(size == 120)
    }
}
#endif
