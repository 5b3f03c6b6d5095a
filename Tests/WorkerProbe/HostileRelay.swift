import AsyncFlowBase
import Foundation
import WorkerProbeTasks

/// Stands between a pool and a worker, and does to what they say, in both directions and by a seed, what a broken or a
/// malicious one could do: flips bytes, cuts, repeats, delays, reorders and leaves out messages, inserts garbage and
/// absurd lengths, goes silent, ends.
///
/// A worker that crashes by it leaves a file in the folder that `PROBE_CRASHES` names.
enum HostileRelay {
    static func run(seed: UInt64, program: String, arguments: [String]) -> Never {
        signal(SIGPIPE, SIG_IGN)
        let worker = Process()
        worker.executableURL = URL(fileURLWithPath: program)
        worker.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["PROBE_MODE"] = "safe"
        worker.environment = environment
        let (input, output) = (Pipe(), Pipe())
        worker.standardInput = input
        worker.standardOutput = output
        try? worker.run()
        let toWorker = Way(from: STDIN_FILENO, to: input.fileHandleForWriting.fileDescriptor, seed &* 2, opening: 0)
        let toPool = Way(from: output.fileHandleForReading.fileDescriptor, to: STDOUT_FILENO, seed &* 2 + 1, opening: 4)
        Thread.detachNewThread {
            toWorker.relay()
            try? input.fileHandleForWriting.close()
        }
        toPool.relay()
        worker.waitUntilExit()
        let crashes: Set<Int32> = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT]
        if worker.terminationReason == .uncaughtSignal, crashes.contains(worker.terminationStatus),
            let folder = environment["PROBE_CRASHES"]
        {
            let text = "signal \(worker.terminationStatus), seed \(seed)\n"
            try? Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(seed)-\(getpid())"))
        }
        exit(0)
    }

    /// One direction.
    private final class Way: @unchecked Sendable {  // only one thread has it
        private let source: Int32
        private let target: Int32
        private var random: ProbeRandom
        private var opening: Int
        private var bytes: [UInt8] = []
        private var held: [[UInt8]] = []
        /// One frame in so many is treated badly; some relays leave most alone, so that much is under way.
        private let rarity: Int

        init(from source: Int32, to target: Int32, _ seed: UInt64, opening: Int) {
            self.source = source
            self.target = target
            self.opening = opening
            random = ProbeRandom(seed)
            rarity = [3, 10, 40, 200][random.below(4)]
        }

        func relay() {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(source, &buffer, buffer.count)
                guard count > 0 else { break }
                bytes += buffer[..<count]
                if opening > 0, bytes.count >= opening {
                    pass(Array(bytes[..<opening]))
                    bytes.removeFirst(opening)
                    opening = 0
                }
                while let frame = nextFrame() { treat(frame) }
            }
            for frame in held { send(frame) }
        }

        private func nextFrame() -> [UInt8]? {
            guard opening == 0, bytes.count >= 5 else { return nil }
            let length = bytes[0..<4].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            guard bytes.count >= 4 + length else { return nil }
            defer { bytes.removeFirst(4 + length) }
            return Array(bytes[..<(4 + length)])
        }

        private func pass(_ frame: [UInt8]) {
            if random.below(rarity * 3) == 0 { send(garbage()) }
            send(frame)
        }

        private func treat(_ frame: [UInt8]) {
            guard random.below(rarity) == 0 else {
                send(frame)
                if !held.isEmpty, random.below(3) == 0 { send(held.removeFirst()) }
                return
            }
            var changed = frame
            switch random.below(11) {
            case 0, 1: for _ in 0...random.below(4) { changed[random.below(frame.count)] = UInt8(random.below(256)) }
            case 2: changed.removeLast(random.below(frame.count))
            case 3: changed += frame
            case 4:
                held.append(frame)
                return
            case 5: return
            case 6: changed = garbage() + frame
            case 7: changed.replaceSubrange(0..<4, with: [255, 255, 255, UInt8(random.below(256))])
            case 8: changed[4] = UInt8(random.below(40))
            case 9:
                // Numbers within the content become the largest and the smallest ones.
                let start = 5 + random.below(max(1, frame.count - 5))
                let value: UInt8 = random.below(2) == 0 ? 0xff : 0
                for place in start..<min(frame.count, start + 8) { changed[place] = value }
            default:
                usleep(UInt32(random.below(100_000)))
                if random.below(4) == 0 { exit(0) }
            }
            send(changed)
        }

        private func garbage() -> [UInt8] { (0..<random.below(200)).map { _ in UInt8(random.below(256)) } }

        private func send(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
