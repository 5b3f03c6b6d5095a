import NIOSSL

/// The files of trusted authorities and of the client's certificate; nil for the system's defaults.
package struct TLSFiles: Sendable, Hashable {
    /// The PEM file with certificates of the authorities that are trusted instead of the system's.
    package var authorities: String?
    /// The PEM file with the client's certificate, followed by those that lead to an authority.
    package var certificate: String?
    /// The PEM file with the client's private key.
    package var key: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }

    var isEmpty: Bool { self == TLSFiles() }

    /// Reads the files.
    ///
    /// - Returns: nil for the defaults.
    /// - Throws: ``WebClientError`` that names the unusable file.
    func configuration() throws(WebClientError) -> TLSConfiguration? {
        guard !isEmpty else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorities {
            configuration.trustRoots = .certificates(try Self.certificates(authorities, "of authorities"))
        }
        if let certificate {
            guard key != nil else {
                throw WebClientError("the client's certificate \(certificate) needs its private key")
            }
            configuration.certificateChain = try Self.certificates(certificate, "of the client").map {
                .certificate($0)
            }
        }
        if let key {
            guard certificate != nil else {
                throw WebClientError("the client's private key \(key) needs its certificate")
            }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            } catch {
                throw WebClientError("the private key of the client in \(key) can't be read as PEM: \(error)")
            }
        }
        return configuration
    }

    /// Checks the files before they are needed.
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
