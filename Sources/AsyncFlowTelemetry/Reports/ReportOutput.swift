import AsyncFlowBase

/// The reason that a report couldn't be written.
package struct ReportOutputError: Error, Equatable, CustomStringConvertible {
    /// Whether the reader of a pipe has gone, which isn't worth a message.
    package let isBrokenPipe: Bool
    package let description: String
}

/// The destination of a report, written as the report is made: the standard output, memory, or a file, which appears
/// under its name only when it is complete. A new file can be read by its owner only, as recordings can; one that is
/// replaced keeps its permissions.
package struct ReportOutput: ~Copyable {
    private static let pieceSize = 1 << 20

    private var buffer: [UInt8] = []
    private let descriptor: Int32
    private let path: String?
    private let temporaryPath: String?
    /// The permissions of the file that is replaced; 0 if there is none.
    private let replacedMode: mode_t
    private var error: ReportOutputError?
    private var isFinished = false

    /// Creates an output into memory, ``bytes``.
    package init() {
        descriptor = -1
        path = nil
        temporaryPath = nil
        replacedMode = 0
    }

    /// Creates an output to a file; `-` is the standard output.
    package init(path: String) throws(ReportOutputError) {
        let target = try Target(path)
        self.init(target)
    }

    private init(_ target: Target) {
        descriptor = target.descriptor
        path = target.path
        temporaryPath = target.temporaryPath
        replacedMode = target.replacedMode
    }

    /// The open file that is written to.
    private struct Target {
        let descriptor: Int32
        /// The path of the file; nil for the standard output.
        var path: String?
        var temporaryPath: String?
        /// The permissions of the file that is replaced; 0 if there is none.
        var replacedMode: mode_t = 0

        init(_ path: String) throws(ReportOutputError) {
            guard path != "-" else {
                descriptor = STDOUT_FILENO
                return
            }
            self.path = path
            // Devices and pipes can't be replaced by a file.
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
                descriptor = open(path, O_WRONLY | O_CLOEXEC)
                guard descriptor >= 0 else { throw ReportOutput.failure("open", path, errno) }
                return
            }
            let temporary = "\(path).\(getpid()).part"
            do throws(SystemError) {
                descriptor = try PrivateFile.create(temporary, O_WRONLY)
            } catch {
                throw ReportOutput.failure("write", path, error.code)
            }
            temporaryPath = temporary
            replacedMode = status.st_mode & 0o777
        }
    }

    deinit {
        guard path != nil, !isFinished else { return }
        close(descriptor)
        if let temporaryPath { unlink(temporaryPath) }
    }

    package var bytes: [UInt8] { buffer }
    package var text: String { String(decoding: buffer, as: UTF8.self) }

    @inline(__always)
    package mutating func write(_ byte: UInt8) { buffer.append(byte) }

    package mutating func write(_ text: StaticString) {
        buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        flushIfFull()
    }

    package mutating func write(text: String) {
        buffer.append(contentsOf: text.utf8)
        flushIfFull()
    }

    package mutating func write(contentsOf bytes: UnsafeBufferPointer<UInt8>) {
        buffer.append(contentsOf: bytes)
        flushIfFull()
    }

    package mutating func write(integer: Int) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { digits in
            var at = digits.count
            var rest = integer.magnitude
            repeat {
                at -= 1
                digits[at] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
            } while rest > 0
            if integer < 0 {
                at -= 1
                digits[at] = 0x2D
            }
            buffer.append(contentsOf: digits[at...])
        }
    }

    /// Writes the remaining bytes and gives the file its name.
    package mutating func finish() throws(ReportOutputError) {
        flush()
        isFinished = true
        guard let path else {
            if let error { throw error }
            return
        }
        if replacedMode != 0 { _ = fchmod(descriptor, replacedMode) }
        if close(descriptor) != 0, error == nil { error = Self.failure("write", path, errno) }
        if let temporaryPath {
            if error == nil, rename(temporaryPath, path) != 0 { error = Self.failure("write", path, errno) }
            if error != nil { unlink(temporaryPath) }
        }
        if let error { throw error }
    }

    @inline(__always)
    private mutating func flushIfFull() { if buffer.count >= Self.pieceSize { flush() } }

    private mutating func flush() {
        guard descriptor >= 0 else { return }
        defer { buffer.removeAll(keepingCapacity: true) }
        guard error == nil else { return }
        let failed = buffer.withUnsafeBytes { bytes -> Int32? in
            var done = 0
            while done < bytes.count {
                let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...]))
                if count >= 0 {
                    done += count
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
        if let failed { error = Self.failure("write", path ?? "the standard output", failed) }
    }

    private static func failure(_ action: String, _ path: String, _ code: Int32) -> ReportOutputError {
        ReportOutputError(
            isBrokenPipe: code == EPIPE,
            description: "Can't \(action) '\(path.harmless())': \(String(cString: strerror(code))).")
    }
}
