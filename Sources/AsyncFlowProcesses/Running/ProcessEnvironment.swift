#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
// The `environ` of C is a variable; it is only read here, as any C code that starts a process does.
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
#endif

/// The environment of this process, and the environment of a command.
enum ProcessEnvironment {
    /// The directories in which programs are looked up without a `PATH`.
    static let defaultPath = "/usr/bin:/bin"

    /// Returns the `PATH` in which a command's program is looked up: the one that the command itself will see.
    static func path(for command: Command) -> String {
        if let path = command.environment["PATH"] { return path }
        guard command.inheritsEnvironment, let path = getenv("PATH") else { return defaultPath }
        return String(cString: path)
    }

    /// Calls a closure with the environment with which a command is to be started.
    static func withVariables<Result>(
        of command: Command,
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let secrets = command.inheritsSecrets ? nil : WithheldEnvironment.current
        if command.environment.isEmpty, command.inheritsEnvironment, command.withheldVariables.isEmpty, secrets == nil,
            let inherited = environmentOfThisProcess()
        {
            return body(UnsafePointer(inherited))
        }
        let own = command.environment.map { "\($0.key)=\($0.value)" }
        let others = command.inheritsEnvironment ? inherited(by: command, without: secrets) : []
        let variables = CStringArray(own, others: others)
        return body(variables.pointer)
    }

    /// Returns the entries of this process's environment that a command gets: those that it neither sets itself nor
    /// withholds, without this program's secrets.
    private static func inherited(
        by command: Command, without secrets: WithheldEnvironment.Secrets?
    ) -> [UnsafeMutablePointer<CChar>] {
        guard var entry = environmentOfThisProcess() else { return [] }
        var result: [UnsafeMutablePointer<CChar>] = []
        while let variable = entry.pointee {
            let bytes = UnsafeBufferPointer(start: variable, count: strlen(variable)).lazy.map(UInt8.init(bitPattern:))
            let name = Array(bytes.prefix { $0 != UInt8(ascii: "=") })
            let text = String(decoding: name, as: UTF8.self)
            if command.environment[text] == nil, !command.withheldVariables.contains(text),
                secrets?.contains(name: name, value: bytes.dropFirst(name.count + 1)) != true
            {
                result.append(variable)
            }
            entry += 1
        }
        return result
    }

    private static func environmentOfThisProcess() -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        #if canImport(Darwin)
        _NSGetEnviron().pointee
        #else
        environ
        #endif
    }
}
