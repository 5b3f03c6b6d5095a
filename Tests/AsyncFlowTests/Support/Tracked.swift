import TestSupport
import AsyncFlow

/// A value that says how many of its kind are alive.
final class Tracked: TaskValue {
    private let count: Counter

    init(_ count: Counter) {
        self.count = count
        count.add(1)
    }

    deinit { count.add(-1) }
}
