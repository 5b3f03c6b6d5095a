@_exported public import Synchronization

#if THREAD_SANITIZER
/// A value that is only touched under a lock.
///
/// In builds for the thread sanitizer this replaces `Synchronization.Mutex`: the sanitizer watches POSIX mutexes but
/// doesn't see the standard library's own on Linux, so that everything guarded by one looks like a race to it.
package struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {  // the value is only touched under the lock
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

    package init(_ initialValue: consuming sending Value) {
        pthread_mutex_init(lock, nil)
        value.initialize(to: initialValue)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value.pointee)
    }

    package borrowing func withLockIfAvailable<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result? {
        guard pthread_mutex_trylock(lock) == 0 else { return nil }
        defer { pthread_mutex_unlock(lock) }
        return try body(&value.pointee)
    }
}
#else
/// A value that is only touched under a lock.
package typealias Lock<Value: ~Copyable> = Mutex<Value>
#endif
