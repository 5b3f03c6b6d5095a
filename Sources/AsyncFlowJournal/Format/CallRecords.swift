/// The parts that all records of an ended or started call have in common.
package struct CallHeader: Sendable, Equatable {
    package var definition: DefinitionNumber
    package var scope: ScopeID
    /// How many calls with the same key the scope has started before this one.
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

/// One part of a call's key, so that an explanation can say which of them changed.
package struct KeyPart: Sendable, Hashable {
    /// What the part is; a number, so that later versions can add some.
    package struct Kind: Sendable, Hashable, RawRepresentable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let version = Kind(rawValue: 1)
        /// An argument; its position is in ``KeyPart/name`` where there are several.
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
    /// The name of the argument, variable or file; empty where the kind says it all.
    package var name: String
    /// The first eight bytes of the part's hash.
    package var digest: UInt64
    /// The value for people, at most 64 bytes of it (``maximumPreview``); empty for secrets.
    package var preview: String

    /// The bytes of a preview that are kept; the rest is cut off when it is written.
    package static let maximumPreview = 64

    package init(_ kind: Kind, name: String = "", digest: UInt64, preview: String) {
        self.kind = kind
        self.name = name
        self.digest = digest
        self.preview = preview
    }
}

/// A recorded value, in an encoding that is its owner's affair.
package enum JournalValue: Sendable, Equatable {
    /// No value: the call returns `Void`, or its value is made of its files alone.
    case none
    /// The bytes themselves; at most ``maximumInline``.
    case inline([UInt8])
    /// A file of the journal's object store.
    case object(ObjectID, size: UInt64)

    /// Larger values go to the object store.
    package static let maximumInline = 16 << 10
}

/// A file that a call made, as it was when the call had ended.
package struct RecordedFile: Sendable, Equatable {
    /// The declared output's name.
    package var name: String
    /// Relative to the journal's directory where the file is in it, else absolute.
    package var path: String
    package var size: UInt64
    /// Nanoseconds since 1970.
    package var modified: Int64
    package var inode: UInt64
    package var isDirectory: Bool
    /// Nil until it is known; a ``NamedRecord`` adds it later.
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
    /// In microseconds.
    package var duration: UInt64
    /// 1 for the first attempt.
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

/// An error as it is recorded.
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
    /// In microseconds.
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

/// A call that was cancelled, refused, or never began.
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
    /// The call whose record answered; another one than ``call`` after an adoption.
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
    /// What the backend finds its job or process by.
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

/// A content digest that became known.
package struct NamedRecord: Sendable, Equatable {
    package var call: CallID
    package var execution: ExecutionID
    /// The output's name; empty for the call's value.
    package var output: String
    package var content: ObjectID
    package var size: UInt64
    /// Nanoseconds since 1970; 0 for a value.
    package var modified: Int64
    /// The key by content, if the call had one by quick names.
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
