/// The failures of a run: the newest in full, and counts of those that are alike.
package struct RunFailures: Sendable {
    package struct Failure: Sendable {
        package let place: Int
        /// Seconds since the session's start.
        package let time: Double
        package let attempt: Int
        /// Whether the task was tried again.
        package let wasRetried: Bool
        package let text: RunFailureText
    }

    package struct Group: Sendable {
        package let name: RunText
        package let type: String
        package let message: String
        package internal(set) var count: Int
        package let firstPlace: Int
    }

    private struct GroupKey: Hashable {
        let name: RunText
        let type: String
        let message: String
    }

    static let limit = 2000
    static let longestMessage = 4 << 10
    static let longestTail = 8 << 10
    static let groupLimit = 1000

    /// Failed tasks and failed attempts, in the order of their events; the newest at the end.
    package private(set) var newest: [Failure] = []
    package private(set) var count = 0
    package private(set) var groups: [Group] = []
    private var groupsByText: [GroupKey: Int] = [:]

    mutating func append(_ failure: Failure, name: RunText) {
        let text = RunFailureText(
            type: Self.cut(failure.text.type, 256), message: Self.cut(failure.text.message, Self.longestMessage),
            stderrTail: Self.cutStart(failure.text.stderrTail, Self.longestTail))
        newest.append(
            Failure(
                place: failure.place, time: failure.time, attempt: failure.attempt, wasRetried: failure.wasRetried,
                text: text))
        if newest.count >= 2 * Self.limit { newest.removeFirst(Self.limit) }
        guard !failure.wasRetried else { return }
        count += 1
        let key = GroupKey(name: name, type: text.type, message: Self.cut(text.message, 500))
        if let group = groupsByText[key] {
            groups[group].count += 1
        } else if groups.count < Self.groupLimit {
            groupsByText[key] = groups.count
            groups.append(
                Group(name: name, type: key.type, message: key.message, count: 1, firstPlace: failure.place))
        }
    }

    private static func cut(_ text: String, _ limit: Int) -> String {
        text.utf8.count <= limit ? text : String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…"
    }

    /// Keeps the end of an output, because that tells the reason.
    private static func cutStart(_ text: String, _ limit: Int) -> String {
        text.utf8.count <= limit ? text : "…" + String(decoding: text.utf8.suffix(limit), as: UTF8.self)
    }
}

/// The attempts of tasks that had more than one, up to a limit.
package struct RunAttempts: Sendable {
    package struct Attempt: Sendable {
        package let place: UInt32
        package let number: UInt32
        package let start: Double
        package let end: Double
    }

    struct Open: Sendable {
        var start: Double
        var failedAt: Double
    }

    static let limit = 500_000

    package private(set) var list: [Attempt] = []
    package private(set) var count = 0
    /// The seconds for which failed attempts ran.
    package private(set) var failedSeconds = 0.0
    var open: [UInt32: Open] = [:]

    mutating func append(_ attempt: Attempt, failed: Bool) {
        count += 1
        if failed { failedSeconds += max(0, attempt.end - attempt.start) }
        if list.count < Self.limit { list.append(attempt) }
    }
}
