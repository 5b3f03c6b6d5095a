import AsyncFlow

/// The words of a command line as they come, some of which don't belong to what the command is known by.
struct CommandLineBuilder {
    private var line = Command.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
    private var isEmpty = true

    /// The command with these words.
    var command: Command { Command(stringInterpolation: line) }

    /// Appends whole words.
    mutating func append(_ words: [String]) {
        for word in words { append(word: word, isInKey: true) }
    }

    /// Appends one whole word.
    mutating func append(word: String, isInKey: Bool) {
        separate()
        append(part: word, isInKey: isInKey)
        separate()
    }

    /// Appends a part of a word.
    mutating func append(part: String, isInKey: Bool) {
        if isInKey { line.appendInterpolation(part) } else { line.appendInterpolation(notInKey: part) }
        isEmpty = false
    }

    /// Appends a text that is split into words.
    mutating func append(literal: String) {
        line.appendLiteral(literal)
        isEmpty = false
    }

    /// Appends a word for each element, or makes parts of words with what stands beside.
    mutating func append(list: [String]) {
        line.appendInterpolation(list)
        isEmpty = false
    }

    private mutating func separate() { if !isEmpty { line.appendLiteral(" ") } }
}
