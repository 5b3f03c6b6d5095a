import Foundation
import Testing

@testable import AsyncFlowProcesses

@Suite("Secrets in the environment", .timeLimit(.minutes(1)))
struct WithheldEnvironmentTests {
    @Test("a command inherits neither a secret that is named nor a variable that contains one, unless it is asked for")
    func withheld() async throws {
        await #expect(processExitsWith: .success) {
            setenv("PLAIN", "seen", 1)
            setenv("NAMED_KEY", "abc", 1)
            setenv("PROXY", "http://user:s3cret-value@proxy", 1)
            let runner = CommandRunner()
            func environment(_ change: (Command) -> Command = { $0 }) async throws -> Set<Substring> {
                let text = try await runner.run(change(Command("env"))).text
                return Set(
                    text.split(separator: "\n").filter {
                        $0.contains("PLAIN") || $0.contains("KEY") || $0.contains("PROXY")
                    })
            }
            let all: Set<Substring> = ["PLAIN=seen", "NAMED_KEY=abc", "PROXY=http://user:s3cret-value@proxy"]
            guard try await environment() == all else { exit(1) }
            WithheldEnvironment.withhold(variable: "NAMED_KEY")
            WithheldEnvironment.withhold(secret: "s3cret-value")
            WithheldEnvironment.withhold(secret: "seen")  // too short to be one
            guard try await environment() == ["PLAIN=seen"] else { exit(2) }
            guard try await environment({ $0.inheritingSecrets() }) == all else { exit(3) }
            let own = try await environment { $0.environment(["NAMED_KEY": "mine"]) }
            guard own == ["PLAIN=seen", "NAMED_KEY=mine"] else { exit(4) }
        }
    }
}
