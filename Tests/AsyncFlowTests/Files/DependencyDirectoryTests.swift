import AsyncFlow
import Foundation
import Testing

@Suite("Working directories that dependents see", .timeLimit(.minutes(1)))
struct DependencyDirectoryTests {
    @Test(
        "with the option a command sees what its dependencies have made, without it nothing", arguments: [true, false])
    func seen(isOn: Bool) async throws {
        try await withFileEngine({ $0.linksDependencyDirectories = isOn }) { flow, folder async throws in
            let input = InputFile(try folder.write("in", to: "input"))
            let make = flow.executableTask("make", .ownDirectory) { (name: String, _: InputFile) in
                Command("mkdir \(name)")
            }
            let list = flow.executableTask("list", .ownDirectory) { (_: [String]) in "ls" }
            let (a, b) = (make("a", input), make("b", input))
            // Both have seen the same input: that is one file, not two of one name.
            #expect(try await list([a, b]).value == (isOn ? "a\nb\ninput\n" : ""))
        }
    }

    @Test("a single task may see them, and what it declares itself isn't hidden")
    func single() async throws {
        try await withFileEngine { flow, _ async throws in
            let make = flow.executableTask("make", producing: OutputFile("x")) { .shell("echo 1 > x; echo 2 > y") }
            let next = flow.executableTask("next", .dependencyDirectories(), producing: OutputFile("x")) {
                (_: InputFile) in
                .shell("ls; cat y > x")
            }
            let made = make()
            let future = next(made.staged(as: "given"))
            #expect(try await future.value.text == "2\n")
            #expect(try await made.value.text == "1\n")
            let plain = flow.executableTask("plain") { (_: String) in "ls" }
            let own = flow.executableTask("own", .ownDirectory) { "touch seen" }
            #expect(try await plain.with(.dependencyDirectories())(own()).value == "seen\n")
            let not = flow.executableTask("not", .dependencyDirectories(false)) { (_: InputFile) in "ls" }
            #expect(try await not(made).value == "x\n")
        }
    }

    @Test("two dependencies with different files of one name fail the task, which names both")
    func clash() async throws {
        try await withFileEngine({ $0.linksDependencyDirectories = true }) { flow, _ async throws in
            let make = flow.executableTask("make") { "touch x" }
            let list = flow.executableTask("list") { (_: [String]) in "ls" }
            let (a, b) = (make(), make())
            let error = try #require(await list([a, b]).fileError)
            #expect(error.reason == .nameClash)
            for future in [a, b] { #expect(error.description.contains("make (\(future.id))")) }
        }
    }
}
