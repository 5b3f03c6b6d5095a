/// The page that shows a run, live or in a report: one HTML document that needs nothing else.
///
/// Its sources are the files beside this one, which are embedded in the program and joined here.
package enum RunPage {
    /// The scripts, in the order in which they depend on each other.
    private static var scripts: [[UInt8]] {
        [
            PackageResources.base_js, PackageResources.source_js, PackageResources.panels_js,
            PackageResources.timeline_js, PackageResources.graph_js, PackageResources.curves_js,
            PackageResources.tasks_js, PackageResources.questions_js, PackageResources.main_js,
        ]
    }

    /// The page without its data and the parts that depend on the nonce.
    private static let document: String = {
        let script =
            "const AsyncFlowPage = (() => {\n'use strict';\n"
            + scripts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n") + "return page;\n})();"
        return String(decoding: PackageResources.page_html, as: UTF8.self)
            .replacing("{{style}}", with: String(decoding: PackageResources.page_css, as: UTF8.self))
            .replacing("{{script}}", with: script)
    }()

    /// Returns the page without data, with ``HTMLReport/placeholder`` where the data goes.
    ///
    /// - Parameter nonce: the letters and digits, impossible to guess, that identify the page's own script and style.
    package static func template(nonce: String = randomNonce()) -> String {
        document.replacing("{{policy}}", with: policy(nonce: nonce)).replacing("{{nonce}}", with: nonce)
    }

    /// Returns the page of a server, which requests its data from that server.
    package static func live(nonce: String) -> String {
        template(nonce: nonce).replacing(HTMLReport.placeholder, with: "null")
    }

    /// Returns the content security policy, which allows the page its own script and style, and data from its own
    /// server.
    package static func policy(nonce: String) -> String {
        "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'"
    }

    /// Returns 128 random bits in hexadecimal digits.
    package static func randomNonce() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
