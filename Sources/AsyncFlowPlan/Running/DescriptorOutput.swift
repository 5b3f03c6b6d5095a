package import AsyncFlowBase

/// Writes to descriptors as a whole.
package enum DescriptorOutput {
    /// - Throws: the system's error.
    package static func write(_ text: String, to descriptor: CInt) throws(SystemError) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            // Errors are handed out as values: closures lose their type.
            let result = bytes.withUnsafeBytes { buffer -> Result<Int, SystemError> in
                do throws(SystemError) {
                    let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                    return .success(try retrying { AsyncFlowBase.write(descriptor, rest.baseAddress, rest.count) })
                } catch {
                    return .failure(error)
                }
            }
            written += try result.get()
        }
    }
}
