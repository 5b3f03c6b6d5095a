import AsyncFlow

@testable import AsyncFlowSlurm

/// What a machine doesn't look into: `["a"]` and `["b"]` ask for something else.
extension JobRequest: ExpressibleByArrayLiteral {
    public init(arrayLiteral arguments: String...) {
        self.init(SlurmOptions(extraArguments: arguments), ResourceRequest(), isParallel: false)
    }
}
