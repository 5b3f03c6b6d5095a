import AsyncFlowBase
import Synchronization

/// A copier of files and directories on dedicated threads, a few at a time, so that nothing else waits for a disk.
final class FileCopier: Sendable {
    private let semaphore: AsyncSemaphore

    init(maximumCopies: Int) { semaphore = AsyncSemaphore(count: max(1, maximumCopies)) }

    /// Copies a file, or a directory with everything in it. An incomplete copy is deleted.
    ///
    /// - Throws: ``FileError``; `CancellationError` if the calling Swift task is cancelled, between two parts of a
    ///   file.
    func copy(_ source: String, to target: String) async throws {
        try await semaphore.wait()
        defer { semaphore.signal() }
        let isCancelled = AtomicFlag()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let work = { @Sendable in
                    continuation.resume(
                        returning: Result { try Self.copy(source, to: target, isCancelled: { isCancelled.isRaised }) })
                }
                do throws(SystemError) {
                    try SystemThread.startDetached(work)
                } catch {
                    continuation.resume(
                        returning: .failure(FileError(errno: error.code, while: "starting a thread to copy", source)))
                }
            }
        } onCancel: {
            isCancelled.raise()
        }
        do {
            try result.get()
        } catch {
            try? FileSystem.remove(target)
            throw error
        }
    }

    private static func copy(_ source: String, to target: String, isCancelled: () -> Bool) throws {
        if isCancelled() { throw CancellationError() }
        switch try FileSystem.kind(of: source) {
        case nil: throw FileError(errno: ENOENT, while: "copying", source)
        case .file: try copyFile(source, to: target, isCancelled: isCancelled)
        case .other:
            throw FileError(.notAFile, [source], "'\(source)' can't be copied: it is neither a file nor a directory")
        case .directory:
            try FileSystem.makeDirectory(target)
            for name in try FileSystem.contents(of: source) {
                let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
                if let destination = linkDestination(from) {
                    try FileSystem.link(to, to: destination)
                } else {
                    try copy(from, to: to, isCancelled: isCancelled)
                }
            }
        }
    }

    /// Returns the target of a symbolic link; nil for anything else.
    private static func linkDestination(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { buffer in
            FileNameText.withPath(path) { readlink($0, buffer.baseAddress!, buffer.count) }
        }
        return count < 0 ? nil : FileNameText.text(buffer.prefix(count))
    }

    private static func copyFile(_ source: String, to target: String, isCancelled: () -> Bool) throws {
        let input = try open(source, O_RDONLY, while: "reading")
        let output = try open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, while: "making the copy")
        var status = stat()
        if fstat(input.number, &status) == 0 { fchmod(output.number, status.st_mode & 0o777) }
        if reflink(input, to: output) { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            if isCancelled() { throw CancellationError() }
            let count: Int
            do throws(SystemError) {
                count = try retrying { buffer.withUnsafeMutableBytes { read(input.number, $0.baseAddress, $0.count) } }
            } catch {
                throw FileError(errno: error.code, while: "reading", source)
            }
            if count == 0 { return }
            do throws(SystemError) { try write(buffer[..<count], to: output) } catch {
                throw FileError(errno: error.code, while: "writing the copy", target)
            }
        }
    }

    private static func open(_ path: String, _ flags: CInt, while action: String) throws(FileError) -> Descriptor {
        do throws(SystemError) {
            return try Descriptor.open(path, flags)
        } catch {
            throw FileError(errno: error.code, while: action, path)
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to output: borrowing Descriptor) throws(SystemError) {
        var rest = bytes
        let number = output.number
        while !rest.isEmpty {
            rest = rest.dropFirst(
                try retrying { rest.withUnsafeBytes { systemWrite(number, $0) } })
        }
    }

    /// Makes the copy share the original's blocks.
    ///
    /// - Returns: whether the file system was able to.
    private static func reflink(_ source: borrowing Descriptor, to target: borrowing Descriptor) -> Bool {
        #if os(Linux)
        let clone: CUnsignedLong = 0x4004_9409  // FICLONE, a macro that Swift doesn't see
        return ioctl(target.number, clone, source.number) == 0
        #else
        return false
        #endif
    }
}
