/// An error that tests throw from bodies.
package struct TestError: Error, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String = "test error") { self.description = description }
}
