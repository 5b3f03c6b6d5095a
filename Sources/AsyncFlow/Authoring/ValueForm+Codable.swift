extension ValueForm where Value: Codable {
    /// The form in which the values of portable tasks are sent.
    ///
    /// - Parameter owner: the owner of the value, for errors.
    package static func codable(of owner: String) -> ValueForm {
        ValueForm { value in
            var encoder = PortableEncoder(of: owner)
            try encoder.append(value)
            return encoder.bytes
        } decode: { bytes in
            var decoder = PortableDecoder(bytes, of: owner)
            let value = try decoder.next(Value.self)
            try decoder.finish()
            return value
        } files: {
            FilesWithin.collect($0)
        }
    }
}

extension ValueForm {
    /// The same for a type that is only known at run time to be `Codable`; nil if it isn't.
    package static func codable(ifPossibleOf owner: String) -> ValueForm? {
        func open<Known: Codable & Sendable>(_: Known.Type) -> ValueForm? {
            ValueForm<Known>.codable(of: owner) as? ValueForm
        }
        guard let type = Value.self as? any (Codable & Sendable).Type else { return nil }
        return open(type)
    }
}
