import AsyncFlowBase

/// A display on the last lines of a terminal, above which other text can be written.
package protocol ConsoleDisplay: AnyObject, Sendable {
    /// Writes text to the descriptor; if that is the display's terminal, above the display. Returns when the text has
    /// been written, so that nothing is lost if the process ends right after.
    func write(_ text: String, to descriptor: Int32)
    /// Removes the display from the terminal, if that is possible at once, because the process is about to end.
    func leave()
}

/// The common output of log lines and a display on the same terminal, so that neither tears the other.
package enum Console {
    private static let display = Lock<(any ConsoleDisplay)?>(nil)

    /// Makes a display take part in everything that is written from now on.
    ///
    /// - Returns: whether it does; false if another one already does.
    package static func show(_ new: any ConsoleDisplay) -> Bool {
        display.withLock { display in
            if display == nil { display = new }
            return display === new
        }
    }

    package static func remove(_ old: any ConsoleDisplay) {
        display.withLock { if $0 === old { $0 = nil } }
    }

    /// Writes text, which should consist of whole lines, without tearing a display.
    package static func write(_ text: String, to descriptor: Int32) {
        if let display = display.withLock({ $0 }) {
            display.write(text, to: descriptor)
        } else {
            writeDirectly(text, to: descriptor)
        }
    }

    /// Removes the display, because the process is about to end without the engines having ended.
    package static func leave() { display.withLock { $0 }?.leave() }

    /// Writes until everything is written, or until the descriptor accepts no more, when nothing sensible can be done.
    package static func writeDirectly(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN {  // somebody made the descriptor a non-blocking one
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                    continue
                }
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
