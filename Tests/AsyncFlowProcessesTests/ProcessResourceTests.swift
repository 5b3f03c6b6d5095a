import AsyncFlowBase
import TestSupport
import Testing

@testable import AsyncFlowProcesses

/// Each in a process of its own, because they look at what belongs to a whole process.
@Suite("What commands need of this process", .timeLimit(.minutes(2)))
struct ProcessResourceTests {
    @Test("A command that doesn't read its input is no harm to us")
    func unreadInput() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let input = Command.StandardInput.text(String(repeating: "x", count: 10_000_000))
            _ = try await CommandRunner().run(Command("true").standardInput(input))
            let early = Command.shell("head -c 1; exec <&-; sleep 0.1; echo").standardInput(input)
            guard try await CommandRunner().run(early).text == "x\n" else { exit(1) }
        }
    }

    @Test("A thousand commands leave as many descriptors open as there were")
    func descriptors() async {
        await #expect(processExitsWith: .success) {
            let runner = CommandRunner()
            _ = try await runner.run("true")
            let before = openDescriptors()
            await withDiscardingTaskGroup { group in
                for worker in 0..<4 {
                    group.addTask {
                        for index in 0..<250 {
                            switch (worker + index) % 5 {
                            case 0: _ = try? await runner.run("false")
                            case 1: _ = try? await runner.run("/no/such/program")
                            case 2: _ = try? await runner.run(Command("true").standardInput(.text("x")))
                            case 3: _ = try? await runner.run(Command("true").workingDirectory("/nope"))
                            default: _ = try? await runner.run("echo x")
                            }
                        }
                    }
                }
            }
            let after = openDescriptors()
            if after != before { exit(CInt(10 + abs(after - before))) }
        }
    }

    @Test("Without free descriptors a command fails with the reason, leaks none, and works again later")
    func exhaustion() async {
        await #expect(processExitsWith: .success) {
            let runner = CommandRunner()
            _ = try await runner.run("true")
            let before = openDescriptors()
            var limit = rlimit()
            getrlimit(descriptorLimit, &limit)
            let usual = limit.rlim_cur
            // From no free descriptor on: each number makes another step fail.
            for free in 0..<6 {
                limit.rlim_cur = usual
                setrlimit(descriptorLimit, &limit)
                var taken: [CInt] = []
                limit.rlim_cur = 64
                setrlimit(descriptorLimit, &limit)
                while true {
                    let number = dup(0)
                    if number < 0 { break }
                    taken.append(number)
                }
                for _ in 0..<free { close(taken.removeLast()) }
                do {
                    _ = try await runner.run("true")
                    if free < 4 { exit(2) }
                } catch let error as CommandError {
                    guard error.reason == .launchFailed(errno: EMFILE), "\(error)".contains("ulimit -n") else {
                        exit(3)
                    }
                    if free > 4 { exit(4) }
                }
                for number in taken { close(number) }
                if openDescriptors() != before { exit(5) }
            }
        }
    }

    @Test("Output into a file needs no memory of ours")
    func flatMemory() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let runner = CommandRunner()
            let small = CommandRunner.Capture.files(
                standardOutput: directory.path + "/a", standardError: directory.path + "/e")
            _ = try await runner.run("true", capture: small)
            let before = peakMemory()
            _ = try await runner.run("head -c 200000000 /dev/zero", capture: small)
            var status = stat()
            guard stat(directory.path + "/a", &status) == 0, status.st_size == 200_000_000 else { exit(1) }
            if peakMemory() - before > 8_000_000 { exit(2) }
        }
    }

    @Test(
        "A command's peak memory is its own, or isn't told", .disabled(if: TestRun.isSanitized, "its memory is large"))
    func peakOfCommand() async {
        await #expect(processExitsWith: .success) {
            let runner = CommandRunner()
            let ballast = [UInt8](repeating: 1, count: 150_000_000)
            let small = try await runner.run("true").usage?.peakMemory
            if let small, small > .megabytes(100) { exit(1) }
            let large = try await runner.run("dd if=/dev/zero of=/dev/null bs=400M count=1").usage?.peakMemory
            guard let large, large > .megabytes(390), large < .megabytes(450) else { exit(2) }
            if ballast.last != 1 { exit(3) }
        }
    }

    #if os(Linux)
    @Test("A command starts with default signals and only its three streams")
    func inheritance() async {
        await #expect(processExitsWith: .success) {
            signal(SIGINT, SIG_IGN)
            signal(SIGPIPE, SIG_IGN)
            signal(SIGHUP, SIG_IGN)
            let leaky = dup(0)
            guard fcntl(leaky, F_GETFD) == 0 else { exit(1) }
            let status = try await CommandRunner().run("grep -E ^Sig(Blk|Ign) /proc/self/status").text
            let masks = status.split(separator: "\n").map {
                UInt64($0.split(separator: "\t").last ?? "", radix: 16) ?? 1
            }
            // glibc itself has its two internal signals ignored in every child of posix_spawn.
            guard masks.count == 2, masks.allSatisfy({ $0 & ~0x1_8000_0000 == 0 }) else { exit(2) }
            // The fourth is the directory that is being listed.
            guard try await CommandRunner().run("ls /proc/self/fd").text == "0\n1\n2\n3\n" else { exit(3) }
        }
    }
    #endif
}

#if canImport(Glibc)
private let descriptorLimit = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
#else
private let descriptorLimit = RLIMIT_NOFILE
#endif
