/// A thread for work that would block one of Swift's own.
package struct SystemThread: Sendable {
    private final class Work {
        let body: @Sendable () -> Void

        package init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    #if canImport(Glibc)
    private let handle: pthread_t
    #else
    private nonisolated(unsafe) let handle: pthread_t  // only ever passed to pthread functions
    #endif

    /// Starts a thread that is to be joined or detached.
    package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let work = Unmanaged.passRetained(Work(body))
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        #if canImport(Darwin)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 8 << 20)  // as on Linux, instead of 512 KiB: bodies are users' code
        let code = pthread_create(&thread, &attributes, Self.main, work.toOpaque())
        #else
        let code = pthread_create(&thread, nil, Self.main, work.toOpaque())
        #endif
        guard code == 0 else {
            work.release()
            throw SystemError(code: code)
        }
        #if canImport(Glibc)
        handle = thread
        #else
        handle = thread!
        #endif
    }

    /// Waits until the thread has ended.
    package func join() { pthread_join(handle, nil) }

    /// Starts a detached thread in which every signal is blocked: the program's signal handlers don't run on it, and
    /// writing to a pipe that nobody reads causes an error there instead of ending the program.
    package static func startDetached(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        pthread_detach(try SystemThread(body).handle)
    }

    #if canImport(Darwin)
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { context in
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
        return nil
    }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
    }
    #endif
}
