import Foundation
import NIOHTTP1
import Testing

@testable import AsyncFlowHTTP

@Suite("What to ask a server for next")
struct DownloadTests {
    static let patience = Download.Patience(retries: 2, firstDelay: .seconds(1), longestDelay: .seconds(3))

    @Test("a download that breaks goes on where it stopped, if the server's version is known")
    func resume() {
        var download = Download(Self.patience)
        #expect(download.range == nil)
        #expect(download.answered(.init(status: 200, contentLength: 10, version: "\"a\"")) == .receive(from: 0))
        download.received(4)
        #expect(download.broke() == .again(after: .seconds(1)))
        #expect(download.range?.start == 4 && download.range?.version == "\"a\"")
        let part = ContentRange("bytes 4-9/10")
        #expect(download.answered(.init(status: 206, contentRange: part, version: "\"a\"")) == .receive(from: 4))
        download.received(6)
        #expect(download.bodyEnded() == .complete)
        #expect(download.isPieced)
    }

    @Test("without a version it begins anew")
    func noVersion() {
        var download = Download(Self.patience)
        _ = download.answered(.init(status: 200, contentLength: 10))
        download.received(4)
        _ = download.broke()
        #expect(download.range == nil)
        #expect(Download(Self.patience, offset: 4).range == nil)
        #expect(download.answered(.init(status: 200)) == .receive(from: 0))
        #expect(download.offset == 0)
    }

    @Test("what an earlier download has left is asked for, and dropped when the file has changed")
    func earlier() {
        var download = Download(Self.patience, offset: 4, version: "v")
        #expect(download.range?.start == 4)
        #expect(download.answered(.init(status: 200, contentLength: 5, version: "w")) == .receive(from: 0))
        #expect(download.offset == 0 && !download.isPieced)
    }

    @Test("numbers that no file has are bounded, and a file that is too large is given up as early as that is known")
    func bounds() {
        var download = Download(Self.patience, offset: 4, version: "v")
        let endless = Download.Answer(status: 206, contentLength: .max, contentRange: ContentRange("bytes 4-9/*"))
        #expect(download.answered(endless) == .receive(from: 4))
        #expect(download.total == .max)
        var limited = Download(Self.patience, offset: 4, version: "v", limit: 1000)
        #expect(limited.answered(endless) == .fail(.tooLarge(total: .max)))
        #expect(limited.answered(.init(status: 200, contentLength: 1001)) == .fail(.tooLarge(total: 1001)))
        #expect(limited.answered(.init(status: 200)) == .receive(from: 0))
        #expect(limited.willReceive(1000) == nil)
        limited.received(1000)
        #expect(limited.willReceive(1) == .fail(.tooLarge(total: nil)))
        #expect(limited.willReceive(.max) == .fail(.tooLarge(total: nil)))
    }

    @Test("a server that sends more than it said is asked anew")
    func overlong() {
        var download = Download(Self.patience, offset: 4, version: "v")
        let part = ContentRange("bytes 4-9/10")
        #expect(download.answered(.init(status: 206, contentRange: part)) == .receive(from: 4))
        #expect(download.willReceive(7) == .again(after: .zero))
        #expect(download.offset == 0 && download.range == nil)
    }

    @Test(
        "a range whose numbers contradict each other is none",
        arguments: [
            "bytes 9-4/10", "bytes 4-10/10", "bytes 4-9/9", "bytes -4-9/10", "bytes +4-9/10", "bytes 4-9/-10",
            "bytes 4-9/", "bytes 4-/10", "bytes -9/10", "bytes 4-9/9223372036854775808", "bytes 4-9", "4-9/10",
            "bytes 4-9/10/11", "bytes  ", "bytes 99999999999999999999-9/10",
        ])
    func nonsense(text: String) {
        #expect(ContentRange(text) == nil)
    }

    @Test(
        "an answer that doesn't go on where it should makes it begin anew",
        arguments: [
            Download.Answer(status: 206), .init(status: 206, contentRange: ContentRange("bytes 3-9/10")),
            .init(status: 206, contentRange: ContentRange("bytes */10")),
            .init(status: 206, contentRange: ContentRange("bytes 4-9/10"), version: "w"),
            .init(status: 206, contentRange: ContentRange("bytes 4-4/2")),
            .init(status: 416), .init(status: 416, contentRange: ContentRange("bytes */10")),
        ])
    func wrongRange(answer: Download.Answer) {
        var download = Download(Self.patience, offset: 4, version: "v")
        #expect(download.answered(answer) == .again(after: .zero))
        #expect(download.range == nil && download.offset == 0)
    }

    @Test("a file of which everything is there already is complete")
    func complete() {
        var download = Download(Self.patience, offset: 4, version: "v")
        #expect(download.answered(.init(status: 416, contentRange: ContentRange("bytes */4"))) == .complete)
    }

    @Test("a busy server is asked again, after the time that it names", arguments: [408, 425, 429, 500, 502, 503, 504])
    func busy(status: Int) {
        var download = Download(Self.patience)
        #expect(download.answered(.init(status: status)) == .again(after: .seconds(1)))
        #expect(download.answered(.init(status: status, retryAfter: .seconds(3))) == .again(after: .seconds(3)))
        #expect(download.answered(.init(status: status)) == .fail(.status(status, retryAfter: nil)))
        var other = Download(Self.patience)
        let long = Duration.seconds(4)
        #expect(other.answered(.init(status: status, retryAfter: long)) == .fail(.status(status, retryAfter: long)))
    }

    @Test("other answers are final", arguments: [204, 206, 304, 400, 401, 403, 404, 410, 416, 501])
    func final(status: Int) {
        var download = Download(Self.patience)
        #expect(download.answered(.init(status: status)) == .fail(.status(status, retryAfter: nil)))
    }

    @Test("pauses double up to the longest; failures count as long as nothing new comes")
    func pauses() {
        var download = Download(Download.Patience(retries: 4, firstDelay: .seconds(1), longestDelay: .seconds(3)))
        #expect(
            (1...5).map { _ in download.broke() } == [1, 2, 3, 3].map { .again(after: .seconds($0)) } + [
                .fail(.connection)
            ])
        var long = Download(Self.patience)
        _ = long.answered(.init(status: 200, contentLength: 1000, version: "v"))
        long.received(1)
        for _ in 1...100 {
            #expect(long.broke() == .again(after: .seconds(1)))
            let rest = ContentRange("bytes \(long.offset)-999/1000")
            _ = long.answered(.init(status: 206, contentRange: rest, version: "v"))
            long.received(1)
        }
        // What was there before is nothing new.
        var again = Download(Self.patience)
        for number in 1...3 {
            _ = again.answered(.init(status: 200, contentLength: 10))
            again.received(5)
            let last = Download.Action.fail(.truncated(received: 5, total: 10))
            #expect(again.broke() == (number < 3 ? .again(after: .seconds(number)) : last))
        }
    }

    @Test("fewer bytes than announced are too few")
    func truncated() {
        var download = Download(Download.Patience(retries: 0, firstDelay: .zero, longestDelay: .zero))
        _ = download.answered(.init(status: 200, contentLength: 10))
        download.received(4)
        var other = download
        #expect(download.bodyEnded() == .fail(.truncated(received: 4, total: 10)))
        #expect(other.broke() == .fail(.truncated(received: 4, total: 10)))
    }

    @Test("a wrong checksum is worth another try only for a file in pieces")
    func mismatch() {
        var whole = Download(Self.patience)
        _ = whole.answered(.init(status: 200, contentLength: 1, version: "v"))
        whole.received(1)
        #expect(whole.mismatched() == false)
        var pieced = Download(Self.patience, offset: 1, version: "v")
        #expect(pieced.mismatched() == true)
        #expect(pieced.range == nil)
        #expect(pieced.mismatched() == false)
    }

    @Test("any server: the bytes that are taken for good are those of one version, in order, and it ends")
    func random() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Numbers(state: seed)
        for _ in 0..<1000 {
            var download = Download(Self.patience)
            // The truth: byte i of version v is (v, i). What has been written:
            var written: [(version: Int, index: Int)] = []
            var version = 1
            let size = Int.random(in: 1...30, using: &random)
            var steps = 0
            loop: while true {
                steps += 1
                #expect(steps < 1000, "seed \(seed)")
                if Int.random(in: 0..<6, using: &random) == 0 { version += 1 }
                var answer = Download.Answer(status: 200, contentLength: Int64(size), version: "\(version)")
                var first = 0
                if let range = download.range, range.version == "\(version)", Bool.random(using: &random) {
                    first = Int(range.start)
                    answer.status = first < size ? 206 : 416
                    answer.contentRange = ContentRange(
                        first < size ? "bytes \(first)-\(size - 1)/\(size)" : "bytes */\(size)")
                } else if Int.random(in: 0..<5, using: &random) == 0 {
                    answer.status = 503
                }
                var action = download.answered(answer)
                if case .receive(let from) = action {
                    #expect(Int(from) == first, "seed \(seed)")
                    written.removeSubrange(Int(from)...)
                    let count =
                        Bool.random(using: &random) ? size - first : Int.random(in: 0...(size - first), using: &random)
                    for index in first..<(first + count) {
                        written.append((version, index))
                        download.received(1)
                    }
                    action = first + count == size ? download.bodyEnded() : download.broke()
                }
                switch action {
                case .complete:
                    #expect(written.count == size, "seed \(seed)")
                    #expect(
                        written.enumerated().allSatisfy { $1.index == $0 && $1.version == written[0].version },
                        "seed \(seed)")
                    break loop
                case .fail: break loop
                case .again, .receive: break
                }
            }
        }
    }

    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var mixed = state ^ (state >> 33)
            mixed = mixed &* 0xFF51_AFD7_ED55_8CCD
            return mixed ^ (mixed >> 33)
        }
    }

    @Test(
        "Content-Range",
        arguments: [
            ("bytes 100-199/1000", 100, 1000), ("bytes 0-0/*", 0, nil), ("Bytes */7", nil, 7), ("bytes 1-2", -1, nil),
            ("items 1-2/3", -1, nil), ("", -1, nil), ("bytes x-2/3", -1, nil), ("bytes 5/3", -1, nil),
        ] as [(String, Int64?, Int64?)])
    func contentRange(text: String, start: Int64?, total: Int64?) {
        let range = ContentRange(text)
        #expect(start == -1 ? range == nil : range?.start == start && range?.total == total)
    }

    @Test(
        "what headers say",
        arguments: [
            (["ETag": "\"a\"", "Last-Modified": "x"], "\"a\"", nil),
            (["ETag": "W/\"a\"", "Last-Modified": "x"], "x", nil),
            (["ETag": "W/\"a\""], nil, nil), (["ETag": "\"a\"", "Accept-Ranges": "none"], nil, nil),
            (["Retry-After": "7"], nil, 7), (["Retry-After": "-7"], nil, nil), (["Retry-After": "soon"], nil, nil),
            (["Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"], nil, 90),
        ] as [([String: String], String?, Int?)])
    func headers(headers: [String: String], version: String?, seconds: Int?) {
        let list = HTTPHeaders(headers.map { ($0.key, $0.value) })
        let answer = Download.Answer(status: 200, headers: list, now: Date(timeIntervalSince1970: 10))
        #expect(answer.version == version)
        #expect(answer.retryAfter == seconds.map { .seconds($0) })
    }
}
