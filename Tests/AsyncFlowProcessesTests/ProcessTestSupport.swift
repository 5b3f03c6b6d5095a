import AsyncFlowBase
import Synchronization
import Testing

@testable import AsyncFlowProcesses

/// Both ways in which the end of a process is noticed.
enum TestRunner: CaseIterable {
    case exitEvents
    case waitingThreads

    private static let withoutExitEvents = try? ProcessReactor(usesExitEvents: false)

    var runner: CommandRunner {
        get throws {
            switch self {
            case .exitEvents: CommandRunner()
            case .waitingThreads: CommandRunner(reactor: try #require(Self.withoutExitEvents))
            }
        }
    }
}

/// A directory that is removed with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/processes-tests-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        let arguments = CStringArray(["rm", "-rf", path])
        var pid = pid_t()
        if posix_spawn(&pid, "/bin/rm", nil, nil, arguments.pointer, nil) == 0 { waitpid(pid, nil, 0) }
    }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        let number = try #require(fopen(file, "w"))
        fputs(text, number)
        fclose(number)
        chmod(file, mode)
        return file
    }

    func read(_ name: String) throws -> String {
        let file = try #require(fopen("\(path)/\(name)", "r"))
        defer { fclose(file) }
        var text = ""
        while let line = readLine(file) { text += line }
        return text
    }

    private func readLine(_ file: UnsafeMutablePointer<FILE>) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard fgets(&buffer, 4096, file) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Makes a FIFO through which a command tells how far it is.
    func fifo(_ name: String) throws -> Fifo {
        let file = "\(path)/\(name)"
        try #require(mkfifo(file, 0o600) == 0)
        return Fifo(path: file)
    }
}

/// A FIFO that is read without holding up one of Swift's threads.
struct Fifo {
    let path: String

    /// Waits for a writer and reads what it writes.
    func read() async throws -> String {
        let path = path
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try SystemThread.startDetached {
                    let number = open(path, O_RDONLY)
                    var buffer = [UInt8](repeating: 0, count: 256)
                    let count = readOnce(number, &buffer)
                    close(number)
                    continuation.resume(returning: String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Waits for a writer and reads the process id it writes.
    func readProcessID() async throws -> pid_t {
        let text = try await read()
        return try #require(pid_t(text.split(separator: "\n").first ?? ""))
    }
}

private func readOnce(_ number: CInt, _ buffer: inout [UInt8]) -> Int {
    read(number, &buffer, buffer.count)
}
