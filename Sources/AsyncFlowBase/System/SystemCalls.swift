// System calls under names that the methods of a caller don't hide, and constants that differ between C libraries.

/// Calls `write(2)`.
///
/// - Returns: the number of bytes written, or -1 with `errno` set.
package func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

/// Calls `read(2)`.
///
/// - Returns: the number of bytes read, 0 at the end, or -1 with `errno` set.
package func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

/// Calls `open(2)`.
///
/// - Returns: the descriptor, or -1 with `errno` set.
package func systemOpen(_ path: UnsafePointer<CChar>, _ flags: CInt, _ mode: mode_t = 0) -> CInt {
    open(path, flags, mode)
}

/// The type of a stream socket.
package var streamSocketType: CInt {
    #if canImport(Glibc)
    CInt(SOCK_STREAM.rawValue)
    #else
    SOCK_STREAM
    #endif
}
