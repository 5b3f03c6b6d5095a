public import AsyncFlow
import AsyncFlowBase
import AsyncFlowTesting

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value that crosses as JSON.
public struct Sample: Codable, Sendable, Hashable, TaskValue {
    public var name: String
    public var values: [Double]
    public var parts: [String: [Int?]]
    public init(name: String, values: [Double], parts: [String: [Int?]]) {
        self.name = name
        self.values = values
        self.parts = parts
    }
}

/// An error that comes back as itself, where that was asked for.
public struct ProbeError: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    public var number: Int
    public init(number: Int) { self.number = number }
    public var description: String { "probe error \(number)" }
}

/// What the workers of the tests can do.
public enum Probe {
    public static let add = PortableTask("add") { (a: Int, b: Int) in a + b }
    public static let addLater = PortableTask("addLater") { (a: Int, b: Int) async throws -> Int in
        try await Task.sleep(for: .milliseconds(1))
        return a + b
    }
    public static let echo = PortableTask("echo") { (bytes: [UInt8]) in bytes }
    public static let mirror = PortableTask("mirror") { (sample: Sample) in sample }
    public static let fail = PortableTask("fail") { (number: Int) throws -> Int in throw ProbeError(number: number) }
    public static let failTyped = PortableTask("failTyped") { (number: Int) throws -> Int in
        throw ProbeError(number: number)
    }.throwing(ProbeError.self)
    public static let identity = PortableTask("identity") { () -> [String] in
        let context = TaskContext.current
        return ["\(getpid())", "\(context!.taskID)", context!.taskName, context!.engineID, "\(context!.attempt)"]
    }
    public static let variable = PortableTask("variable") { (name: String) -> String in
        ProcessInfo.processInfo.environment[name] ?? ""
    }
    public static let report = PortableTask("report") { (text: String) throws -> Bool in
        let task = TaskContext.current!
        task.report(TaskProgress(fraction: 0.5, message: text))
        try task.record("probe.seen", ["text": .string(text)])
        task.log(text)
        return true
    }
    public static let printMuch = PortableTask("printMuch") { (lines: Int) -> Int in
        for number in 0..<lines { print("line \(number) of what would corrupt the stream") }
        return lines
    }
    public static let crash = PortableTask("crash") { (message: String) -> Int in fatalError(message) }
    public static let exitWith = PortableTask("exitWith") { (code: Int) -> Int in exit(Int32(code)) }
    public static let killSelf = PortableTask("killSelf") { (signal: Int) -> Int in
        kill(getpid(), Int32(signal))
        sleep(600)
        return 0
    }
    /// Crashes when it is called for the first time with this path.
    public static let crashOnce = PortableTask("crashOnce") { (path: String) -> Int in
        if access(path, F_OK) != 0 {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            fatalError("the first time")
        }
        return 7
    }
    /// Runs until it is cancelled, as one that can be.
    public static let untilCancelled = PortableTask("untilCancelled") { (path: String) async throws -> Int in
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        try await Task.sleep(for: .seconds(600))
        return 0
    }
    /// Runs on whatever anybody says.
    public static let stubborn = PortableTask("stubborn") { (path: String) -> Int in
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        while true { sleep(600) }
    }
    /// Fails now and then, by a number that the caller makes up.
    public static let flaky = PortableTask("flaky") { (number: Int, attemptToFail: Bool) throws -> Int in
        if attemptToFail, TaskContext.current?.attempt == 1 { throw ProbeError(number: number) }
        return number
    }
    /// Writes into the pool's pipe, as a broken library might.
    public static let garble = PortableTask("garble") { (text: String) -> Int in
        for descriptor in Int32(3)..<16 { _ = text.withCString { write(descriptor, $0, strlen($0)) } }
        sleep(600)
        return 0
    }
    /// Closes every descriptor, the pool's pipes among them.
    public static let cutPipes = PortableTask("cutPipes") { () -> Int in
        for descriptor in Int32(3)..<64 { close(descriptor) }
        sleep(600)
        return 0
    }

    /// Takes so many MiB and keeps them.
    public static let grow = PortableTask("grow") { (mebibytes: Int) -> Int32 in
        let count = mebibytes << 20
        UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096).initializeMemory(
            as: UInt8.self, repeating: 1, count: count)
        return getpid()
    }
    /// Returns when so many bodies with this folder run at once.
    public static let meet = PortableTask("meet") { (folder: String, number: Int, count: Int) throws -> Int32 in
        _ = FileManager.default.createFile(atPath: "\(folder)/\(number)", contents: nil)
        while try FileManager.default.contentsOfDirectory(atPath: folder).count < count { usleep(1_000) }
        return getpid()
    }
    /// Returns nothing.
    public static let touch = PortableTask("touch") { (path: String) in
        _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    /// Returns nothing, later.
    public static let touchLater = PortableTask("touchLater") { (path: String) async throws in
        try await Task.sleep(for: .milliseconds(1))
        _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    /// Sleeps, in milliseconds, without a suspension.
    public static let nap = PortableTask("nap") { (milliseconds: Int) -> Int in
        usleep(UInt32(milliseconds) * 1_000)
        return milliseconds
    }
    /// Keeps a core busy without ever giving way, as a long call of a C library does.
    public static let spin = PortableTask("spin") { (milliseconds: Int) -> Int in
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        var turns = 0
        while ContinuousClock.now < end { turns += 1 }
        return turns
    }
    /// How many bytes came.
    public static let count = PortableTask("count") { (bytes: [UInt8]) in bytes.count }
    /// What the task was told of its trace.
    public static let trace = PortableTask("trace") { () -> String in
        TaskContext.current?.environment["TRACEPARENT"] ?? ""
    }

    public static let all: [any PortableTaskDefinition] =
        [
            add, addLater, echo, mirror, fail, failTyped, identity, variable, report, printMuch, crash, exitWith,
            killSelf,
            crashOnce, untilCancelled, stubborn, flaky, garble, cutPipes, grow,
            meet, touch, touchLater, trace, nap, spin, count,
        ] + ConformanceTasks.all
}

extension Probe {
    /// Those that do no harm whatever they are called with.
    public static let safe: [any PortableTaskDefinition] = [
        add, addLater, echo, mirror, fail, failTyped, report, count,
    ]
}

/// SplitMix64: the same numbers for the same seed everywhere.
public struct ProbeRandom: Sendable {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed }

    public mutating func below(_ limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((word ^ (word >> 31)) % UInt64(limit))
    }
}
