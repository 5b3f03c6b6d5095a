/// A refusal or another trouble in the place of an answer.
struct RESTFailure: Error, CustomStringConvertible {
    var description: String
    /// As HTTP has it; nil if there was no answer.
    var status: Int?
    /// As Slurm has it (`slurm/slurm_errno.h`); nil if it gave none.
    var code: Int?

    /// Slurm's own refusals. Smaller and greater numbers are of transport and protocol, which may be better later.
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

    /// Whether the job that was to be cancelled isn't there any more.
    var isAboutEndedJob: Bool { code == Self.invalidJobID || code == Self.alreadyDone }

    /// Whether the token wasn't taken, and nothing was done therefore. Slurm 22.05 doesn't tell that from a controller
    /// that can't be reached.
    var isAboutToken: Bool { status == 401 || status == 511 || code == Self.unauthenticated }

    /// Whether another token might help.
    var mayBeAboutToken: Bool { isAboutToken || (status ?? 0) >= 500 && isTransient }
}
