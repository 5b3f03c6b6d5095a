/// An error that says with which code a program ends that has nothing more to say.
package protocol ExitCodeError: Error {
    var processExitCode: Int32 { get }
}
