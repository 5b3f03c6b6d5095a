/// A refusal or other failure in place of an answer.
struct RESTFailure: Error, CustomStringConvertible {
    var description: String
    /// The HTTP status; nil if there was no answer.
    var status: Int?
    /// Slurm's error code (`slurm/slurm_errno.h`); nil if there is none.
    var code: Int?

    /// The codes of Slurm's own refusals. Smaller and greater numbers concern transport and protocol, which may work
    /// later.
    private static let refusals = 2000..<3000
    private static let unauthenticated = 1007
    private static let invalidJobID = 2017
    private static let alreadyDone = 2021

    /// Whether the same request may succeed later.
    var isTransient: Bool {
        if isAboutToken { return false }
        if let status, (300..<500).contains(status) { return status == 429 }
        guard let code, Self.refusals.contains(code) else { return true }
        return description.contains("temporarily")
    }

    /// Whether the job that was to be cancelled no longer exists.
    var isAboutEndedJob: Bool { code == Self.invalidJobID || code == Self.alreadyDone }

    /// Whether the token wasn't accepted, so that nothing was done. Slurm 22.05 doesn't distinguish that from an
    /// unreachable controller.
    var isAboutToken: Bool { status == 401 || status == 511 || code == Self.unauthenticated }

    /// Whether another token might help.
    var mayBeAboutToken: Bool { isAboutToken || (status ?? 0) >= 500 && isTransient }
}
