extension Command: ExpressibleByStringInterpolation {
    /// Creates a command from a literal. A malformed literal is reported when the command runs.
    public init(stringLiteral line: String) {
        var splitter = CommandLineSplitter()
        splitter.append(text: line)
        self.init(splitter)
    }

    /// Creates a command from a literal with interpolated values. A malformed literal is reported when the command
    /// runs.
    public init(stringInterpolation: StringInterpolation) {
        self.init(stringInterpolation.splitter)
    }

    /// The words of a command literal, collected piece by piece.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var splitter = CommandLineSplitter()

        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Appends literal text, in which blanks, quotes and backslashes have their meaning.
        public mutating func appendLiteral(_ literal: String) {
            splitter.append(text: literal)
        }

        /// Appends a value. It stays inside the current word whatever it contains; alone it is one word, even if it is
        /// empty.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            splitter.append(value: value.description)
        }

        /// Appends a list of values, each of which becomes one word. It must stand alone, with blanks around it; a list
        /// that touches other text makes the command malformed. An empty list adds no word.
        public mutating func appendInterpolation(_ values: [some CustomStringConvertible]) {
            splitter.append(list: values.map(\.description))
        }

        /// Appends a slice of a list of values, each of which becomes one word, as for an array.
        public mutating func appendInterpolation(_ values: ArraySlice<some CustomStringConvertible>) {
            splitter.append(list: values.map(\.description))
        }

        /// Appends a value that doesn't affect the command's result, such as a number of threads or a port: a recorded
        /// call is found by the other words.
        public mutating func appendInterpolation(notInKey value: some CustomStringConvertible) {
            splitter.append(value: value.description, isInKey: false)
        }

        /// Appends a secret value: messages and records show `***` in its place. A recorded call is found by a hash of
        /// it.
        public mutating func appendInterpolation(secret value: some CustomStringConvertible) {
            splitter.append(secret: value.description)
        }

        @available(*, unavailable, message: "unwrap the optional first: \"nil\" is hardly meant as an argument")
        public mutating func appendInterpolation<Value>(_ value: Value?) {}

        @available(*, unavailable, message: "a set has no order: write \\(values.sorted())")
        public mutating func appendInterpolation<Value>(_ values: Set<Value>) {}

        @available(*, unavailable, message: "write an array with the words that are meant")
        public mutating func appendInterpolation<Key, Value>(_ values: [Key: Value]) {}
    }
}
