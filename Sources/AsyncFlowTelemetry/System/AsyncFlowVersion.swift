/// The version of this package.
package enum AsyncFlowVersion {
    package static let current = "0.1.0-dev"
}
