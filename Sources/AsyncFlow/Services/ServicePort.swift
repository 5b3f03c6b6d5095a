import AsyncFlowBase

/// Ports for services.
public enum ServicePort {
    /// Returns a TCP port of this machine on which nothing listens.
    ///
    /// The system chooses the port, and it is free again when this returns: another program may take it before the
    /// service does. That is rare, because the system doesn't hand out the same port again soon. A restart doesn't help
    /// then, unless the port becomes free: the command is made only once. Where that matters, let the service choose
    /// its port itself and write it down.
    ///
    /// - Throws: ``EngineError`` if the system has no free port.
    public static func free() throws -> Int {
        let number = socket(AF_INET, streamSocketType, 0)
        let code = errno
        if number >= 0 {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            let descriptor = Descriptor(owning: number)
            if let port = boundPort(of: descriptor.number) { return port }
        }
        let message = String(cString: strerror(number >= 0 ? errno : code))
        throw EngineError(.backendUnavailable, "the system has no free port: \(message)")
    }

    private static func boundPort(of number: CInt) -> Int? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                let bound = bind(number, pointer, size)
                return bound == 0 ? getsockname(number, pointer, &size) : bound
            }
        }
        return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
