extension ServiceMachine.End {
    /// Whether it was asked for.
    var isWanted: Bool {
        switch self {
        case .stopped(.dependencyFailed), .died, .neverReady: false
        case .stopped: true
        }
    }

    func reason(startupTimeout: Duration) -> ServiceFailure.Reason {
        switch self {
        case .stopped(.dependencyFailed): .dependencyFailed
        case .stopped: .stopped
        case .died(wasReady: true): .ended
        case .died(wasReady: false): .endedBeforeReady
        case .neverReady: .notReadyInTime(startupTimeout)
        }
    }
}
