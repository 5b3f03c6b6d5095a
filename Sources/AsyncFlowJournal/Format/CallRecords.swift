/// The part that all records of started and ended calls have in common.
package struct CallHeader: Sendable, Equatable {
    package var definition: DefinitionNumber
    package var scope: ScopeID
    /// The number of calls with the same key that the scope has started before this one.
    package var occurrence: UInt64
    package var call: CallID
    package var key: CallKey

    package init(
        definition: DefinitionNumber, scope: ScopeID = .program, occurrence: UInt64 = 0, call: CallID, key: CallKey
    ) {
        self.definition = definition
        self.scope = scope
        self.occurrence = occurrence
        self.call = call
        self.key = key
    }
}

/// A part of a call's key, recorded so that an explanation can name the parts that have changed.
package struct KeyPart: Sendable, Hashable {
    /// The kind of a part; a number, so that later versions can add kinds.
    package struct Kind: Sendable, Hashable, RawRepresentable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let version = Kind(rawValue: 1)
        /// An argument; ``KeyPart/name`` is its position where there are several.
        package static let argument = Kind(rawValue: 2)
        package static let words = Kind(rawValue: 3)
        package static let environment = Kind(rawValue: 4)
        package static let standardInput = Kind(rawValue: 5)
        package static let directory = Kind(rawValue: 6)
        package static let inputFile = Kind(rawValue: 7)
        package static let outputFile = Kind(rawValue: 8)
        package static let ranks = Kind(rawValue: 9)
        package static let request = Kind(rawValue: 10)
        package static let other = Kind(rawValue: 255)
    }
    package var kind: Kind
    /// The name of the argument, variable or file; empty where the kind is sufficient.
    package var name: String
    /// The first eight bytes of the part's hash.
    package var digest: UInt64
    /// The value for display, at most 64 bytes (``maximumPreview``); empty for secrets.
    package var preview: String

    /// The maximum number of bytes of a preview; the rest is cut off when it is written.
    package static let maximumPreview = 64

    package init(_ kind: Kind, name: String = "", digest: UInt64, preview: String) {
        self.kind = kind
        self.name = name
        self.digest = digest
        self.preview = preview
    }
}

/// A recorded value, in an encoding that its owner chooses.
package enum JournalValue: Sendable, Equatable {
    /// No value: the call returns `Void`, or its value consists of its files alone.
    case none
    /// The bytes themselves, at most ``maximumInline`` of them.
    case inline([UInt8])
    /// A file of the journal's object store.
    case object(ObjectID, size: UInt64)

    /// The maximum number of bytes of an inline value; larger values are written to the object store.
    package static let maximumInline = 16 << 10
}

/// A file that a call made, as it was at the end of the call.
package struct RecordedFile: Sendable, Equatable {
    /// The declared output's name.
    package var name: String
    /// The file's path: relative to the journal's directory if it is in it, else absolute.
    package var path: String
    package var size: UInt64
    /// Nanoseconds since 1970.
    package var modified: Int64
    package var inode: UInt64
    package var isDirectory: Bool
    /// The digest of the content; nil until it is known. A ``NamedRecord`` adds it later.
    package var content: ObjectID?

    package init(
        name: String, path: String, size: UInt64, modified: Int64, inode: UInt64 = 0, isDirectory: Bool = false,
        content: ObjectID? = nil
    ) {
        self.name = name
        self.path = path
        self.size = size
        self.modified = modified
        self.inode = inode
        self.isDirectory = isDirectory
        self.content = content
    }
}

/// A call that ended with a value.
package struct ResultRecord: Sendable, Equatable {
    package var header: CallHeader
    /// Nil for calls that made neither files nor large values.
    package var execution: ExecutionID?
    package var began: JournalTime
    /// The duration in microseconds.
    package var duration: UInt64
    /// The number of the attempt, from 1.
    package var attempt: UInt32
    package var value: JournalValue
    package var files: [RecordedFile]
    package var parts: [KeyPart]

    package init(
        header: CallHeader, execution: ExecutionID? = nil, began: JournalTime, duration: UInt64, attempt: UInt32 = 1,
        value: JournalValue, files: [RecordedFile] = [], parts: [KeyPart] = []
    ) {
        self.header = header
        self.execution = execution
        self.began = began
        self.duration = duration
        self.attempt = attempt
        self.value = value
        self.files = files
        self.parts = parts
    }
}

/// An error in its recorded form.
package struct RecordedError: Sendable, Equatable {
    package var type: String
    /// The code of a `WorkflowError`; empty without one.
    package var code: String
    package var message: String
    /// The error itself, where it is `Codable`.
    package var encoded: [UInt8]?

    package init(type: String, code: String = "", message: String, encoded: [UInt8]? = nil) {
        self.type = type
        self.code = code
        self.message = message
        self.encoded = encoded
    }
}

/// A call that ended with an error.
package struct FailureRecord: Sendable, Equatable {
    package var header: CallHeader
    package var began: JournalTime
    /// The duration in microseconds.
    package var duration: UInt64
    package var attempt: UInt32
    package var error: RecordedError
    package var parts: [KeyPart]

    package init(
        header: CallHeader, began: JournalTime, duration: UInt64, attempt: UInt32 = 1, error: RecordedError,
        parts: [KeyPart] = []
    ) {
        self.header = header
        self.began = began
        self.duration = duration
        self.attempt = attempt
        self.error = error
        self.parts = parts
    }
}

/// A call that was cancelled, refused, or never started.
package struct CancelledRecord: Sendable, Equatable {
    package var header: CallHeader
    package var time: JournalTime
    package var reason: String

    package init(header: CallHeader, time: JournalTime, reason: String) {
        self.header = header
        self.time = time
        self.reason = reason
    }
}

/// A call that was answered from the journal.
package struct ReusedRecord: Sendable, Equatable {
    package var call: CallID
    /// The call whose record provided the value; different from ``call`` after an adoption.
    package var source: CallID

    package init(call: CallID, source: CallID) {
        self.call = call
        self.source = source
    }
}

/// A call that is about to run.
package struct StartedRecord: Sendable, Equatable {
    package var header: CallHeader
    package var attempt: UInt32
    package var time: JournalTime
    /// The backend's name; empty for functions.
    package var backend: String
    /// The information by which the backend finds its job or process.
    package var ticket: [UInt8]

    package init(header: CallHeader, attempt: UInt32 = 1, time: JournalTime, backend: String = "", ticket: [UInt8] = [])
    {
        self.header = header
        self.attempt = attempt
        self.time = time
        self.backend = backend
        self.ticket = ticket
    }
}

/// An attempt that failed.
package struct AttemptRecord: Sendable, Equatable {
    package var call: CallID
    package var attempt: UInt32
    package var time: JournalTime
    package var error: RecordedError

    package init(call: CallID, attempt: UInt32, time: JournalTime, error: RecordedError) {
        self.call = call
        self.attempt = attempt
        self.time = time
        self.error = error
    }
}

/// A content digest that was computed after its call was recorded.
package struct NamedRecord: Sendable, Equatable {
    package var call: CallID
    package var execution: ExecutionID
    /// The output's name; empty for the call's value.
    package var output: String
    package var content: ObjectID
    package var size: UInt64
    /// Nanoseconds since 1970; 0 for a value.
    package var modified: Int64
    /// The key by content, if the call's key was made of quick names.
    package var contentKey: CallKey?

    package init(
        call: CallID, execution: ExecutionID, output: String, content: ObjectID, size: UInt64, modified: Int64 = 0,
        contentKey: CallKey? = nil
    ) {
        self.call = call
        self.execution = execution
        self.output = output
        self.content = content
        self.size = size
        self.modified = modified
        self.contentKey = contentKey
    }
}
