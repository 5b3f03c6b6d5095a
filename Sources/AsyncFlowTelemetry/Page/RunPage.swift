/// The page that shows a run, live or in a report: one HTML document that needs nothing else.
///
/// Its source are the files beside this one; they are part of the program and put together here.
package enum RunPage {
    /// In the order in which they need each other.
    private static var scripts: [[UInt8]] {
        [
            PackageResources.base_js, PackageResources.source_js, PackageResources.panels_js,
            PackageResources.timeline_js, PackageResources.graph_js, PackageResources.curves_js,
            PackageResources.tasks_js, PackageResources.main_js,
        ]
    }

    /// Everything but what depends on the nonce, and the data.
    private static let document: String = {
        let script =
            "const AsyncFlowPage = (() => {\n'use strict';\n"
            + scripts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n") + "return page;\n})();"
        return String(decoding: PackageResources.page_html, as: UTF8.self)
            .replacing("{{style}}", with: String(decoding: PackageResources.page_css, as: UTF8.self))
            .replacing("{{script}}", with: script)
    }()

    /// The page without data: that goes where ``HTMLReport/placeholder`` is.
    ///
    /// - Parameter nonce: what the page's own script and style are known by; letters and digits that nobody can guess.
    package static func template(nonce: String = randomNonce()) -> String {
        document.replacing("{{policy}}", with: policy(nonce: nonce)).replacing("{{nonce}}", with: nonce)
    }

    /// The page of a server, which asks that server for the data.
    package static func live(nonce: String) -> String {
        template(nonce: nonce).replacing(HTMLReport.placeholder, with: "null")
    }

    /// What the page may load and run: itself, and data from where it is from.
    package static func policy(nonce: String) -> String {
        "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'"
    }

    /// 128 random bits in hexadecimal digits.
    package static func randomNonce() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
