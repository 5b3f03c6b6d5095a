import NIOSSL

/// The files that say whom to trust, and who the client is; nil for what is usual on this system.
package struct TLSFiles: Sendable, Hashable {
    /// Certificates of the authorities that are trusted instead of the system's, in PEM form.
    package var authorities: String?
    /// The client's certificate, followed by those that lead to an authority, in PEM form.
    package var certificate: String?
    /// The client's private key, in PEM form.
    package var key: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }

    var isEmpty: Bool { self == TLSFiles() }

    /// Reads the files.
    ///
    /// - Returns: nil for what is usual.
    /// - Throws: ``WebClientError`` that names the file which can't be used.
    func configuration() throws(WebClientError) -> TLSConfiguration? {
        guard !isEmpty else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorities {
            configuration.trustRoots = .certificates(try Self.certificates(authorities, "of authorities"))
        }
        if let certificate {
            guard key != nil else {
                throw WebClientError("the client's certificate \(certificate) is of no use without its private key")
            }
            configuration.certificateChain = try Self.certificates(certificate, "of the client").map {
                .certificate($0)
            }
        }
        if let key {
            guard certificate != nil else {
                throw WebClientError("the client's private key \(key) is of no use without its certificate")
            }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            } catch {
                throw WebClientError("the private key of the client in \(key) can't be read as PEM: \(error)")
            }
        }
        return configuration
    }

    /// Says what is wrong with the files before they are needed.
    package func check() throws(WebClientError) { _ = try configuration() }

    private static func certificates(_ path: String, _ whose: String) throws(WebClientError) -> [NIOSSLCertificate] {
        do {
            let found = try NIOSSLCertificate.fromPEMFile(path)
            if !found.isEmpty { return found }
        } catch {
            throw WebClientError("the certificates \(whose) in \(path) can't be read as PEM: \(error)")
        }
        throw WebClientError("there are no certificates \(whose) in \(path)")
    }
}
