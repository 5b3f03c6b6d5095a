public struct Command: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, CustomStringConvertible { public var description: String; public init(stringLiteral s: String) { description = s }; func validate() throws {} }
public struct CommandResult: Sendable { public var text: String { "" } }
struct CommandRunner: Sendable { func run(_ c: Command, output: CommandRequest.Output, gracePeriod: Duration) async throws -> CommandResult { CommandResult() } }
