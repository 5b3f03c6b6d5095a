import Foundation
import TestSupport

/// A real sshd on loopback, with keys of its own in a temporary folder, which lets the user of the tests in. Ends with
/// its owner.
final class SSHServer: Sendable {
    private let folder: ProbeFolder
    private let process: Process
    private let port: UInt16

    static let isInstalled =
        !TestRun.isQuick && path(of: "sshd") != nil && path(of: "ssh") != nil && path(of: "ssh-keygen") != nil

    private static func path(of name: String) -> String? {
        ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    init() async throws {
        folder = try ProbeFolder()
        port = try Self.freePort()
        for name in ["host", "user"] {
            try Self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder.path)/\(name)")
        }
        if getuid() == 0 {
            try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        let lines = [
            "Port \(port)", "ListenAddress 127.0.0.1", "HostKey \(folder.path)/host", "PidFile none", "UsePAM no",
            "AuthorizedKeysFile \(folder.path)/user.pub", "StrictModes no", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "PermitRootLogin yes", "MaxStartups 100",
        ]
        try lines.joined(separator: "\n").appending("\n").write(
            toFile: "\(folder.path)/config", atomically: true, encoding: .utf8)
        process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path(of: "sshd")!)
        process.arguments = ["-D", "-e", "-f", "\(folder.path)/config"]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        while !Self.accepts(port), process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    var clientOptions: [String] { clientOptions(key: "\(folder.path)/user") }

    func clientOptions(key: String) -> [String] {
        [
            "-F", "/dev/null", "-p", "\(port)", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        ]
    }

    private static func run(_ name: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path(of: name)!)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
    }

    private static func freePort() throws -> UInt16 {
        let listener = socket(AF_INET, streamType, 0)
        defer { close(listener) }
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(listener, address, size)
                _ = getsockname(listener, address, &size)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func accepts(_ port: UInt16) -> Bool {
        let client = socket(AF_INET, streamType, 0)
        defer { close(client) }
        var address = loopback(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    #if canImport(Glibc)
    private static let streamType = Int32(SOCK_STREAM.rawValue)
    #else
    private static let streamType = SOCK_STREAM
    #endif
}
