extension Command: ExpressibleByStringInterpolation {
    /// Makes a command from a literal. A malformed one is reported when the command runs.
    public init(stringLiteral line: String) {
        var splitter = CommandLineSplitter()
        splitter.append(text: line)
        self.init(splitter)
    }

    /// Makes a command from a literal with values in it. A malformed one is reported when the command runs.
    public init(stringInterpolation: StringInterpolation) {
        self.init(stringInterpolation.splitter)
    }

    /// Collects the words of a command literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var splitter = CommandLineSplitter()

        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Takes a part of the literal's own text, in which blanks, quotes and backslashes have their meaning.
        public mutating func appendLiteral(_ literal: String) {
            splitter.append(text: literal)
        }

        /// Takes a value. It stays inside the current word whatever it contains; alone it is one word, even if empty.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            splitter.append(value: value.description)
        }

        /// Takes a list of values, each of which becomes one word. It has to stand alone, with blanks around it; a
        /// list that touches other text makes the command malformed. An empty list gives no word.
        public mutating func appendInterpolation(_ values: [some CustomStringConvertible]) {
            splitter.append(list: values.map(\.description))
        }

        /// Takes a slice of a list of values, each of which becomes one word, as for an array.
        public mutating func appendInterpolation(_ values: ArraySlice<some CustomStringConvertible>) {
            splitter.append(list: values.map(\.description))
        }

        /// Takes a value that doesn't decide what the command gives, such as a number of threads or a port: a recorded
        /// call is found by the other words.
        public mutating func appendInterpolation(notInKey value: some CustomStringConvertible) {
            splitter.append(value: value.description, isInKey: false)
        }

        /// Takes a value that nobody is shown: messages and records have `***` in its place. A recorded call is found
        /// by a hash of it.
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
