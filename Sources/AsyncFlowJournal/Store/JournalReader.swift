import AsyncFlowBase

/// The reader of all segments of a journal.
enum JournalReader {
    /// Reads a journal. Damage and files that can't be read are losses, not errors.
    ///
    /// - Throws: ``JournalError`` if there is no journal, if it is of a newer format, or if its folders can't be read.
    static func read(_ paths: JournalPaths, _ files: some FileLayer) throws(JournalError) -> JournalContents {
        var attempts = 0
        while true {
            attempts += 1
            let result: Result<JournalContents, JournalError>
            do throws(Vanished) { result = try readOnce(paths, files, isLast: attempts == 10) } catch { continue }
            return try result.get()
        }
    }

    /// An error for a segment that has disappeared because the journal's owner has merged it into another one.
    private struct Vanished: Error {}

    static func segments(of paths: JournalPaths, _ files: some FileLayer) throws(JournalError) -> [SegmentName] {
        do throws(SystemError) {
            return try files.list(paths.segments).compactMap { SegmentName(fileName: $0) }.sorted()
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR:
                var isThere = true
                do throws(SystemError) { _ = try files.list(paths.directory) } catch { isThere = error.code != ENOENT }
                throw isThere ? .notAJournal(paths.directory) : .notFound(paths.directory)
            default: throw .reading(paths.segments, error)
            }
        }
    }

    private static func readOnce(
        _ paths: JournalPaths, _ files: some FileLayer, isLast: Bool
    ) throws(Vanished) -> Result<JournalContents, JournalError> {
        var indexer = JournalIndexer()
        let names: [SegmentName]
        do throws(JournalError) { names = try segments(of: paths, files) } catch { return .failure(error) }
        for name in names {
            do throws(SystemError) {
                var scanner = try SegmentScanner(files, paths.segment(name))
                let header = try scanner.header()
                if let header, header.major > SegmentHeader.currentMajor {
                    return .failure(.newerFormat(paths.segment(name), header.major, header.minor))
                }
                indexer.begin(name, size: scanner.size, header: header)
                try scanner.scan(&indexer)
            } catch {
                if error.code == ENOENT, !isLast { throw Vanished() }
                indexer.begin(name, size: 0, header: nil)
                indexer.lose(.unreadable(error.description), 0, 0)
            }
            indexer.finishSegment()
        }
        indexer.retract(paths, files)
        return .success(JournalContents(indexer, paths, files))
    }
}

extension JournalIndexer {
    /// Drops the records that were forgotten by name, and those in superseded scopes, from the index.
    fileprivate mutating func retract(_ paths: JournalPaths, _ files: some FileLayer) {
        if retraction.isEmpty { return }
        let contents = JournalContents(self, paths, files)
        var scopes = retraction.scopes
        if !scopes.isEmpty {
            // The scopes inside a superseded scope are superseded with it. Parents precede their children.
            contents.forEach([.scope]) { entry in
                if case .scope(let scope) = entry.record, let before = scopes[scope.parent], scopes[scope.id] == nil {
                    scopes[scope.id] = before
                }
                return true
            }
        }
        var dropped: [Int] = []
        contents.forEachOutcome { position, header, region in
            let name = contents.segments[region.segment].definitions[header.definition.value]?.name ?? ""
            let isFailure = contents.index.locations[position].outcome != .result
            if position < retraction.names[name] ?? 0 || position < scopes[header.scope] ?? 0
                || (isFailure && position < retraction.failuresOfNames[name] ?? 0)
            {
                dropped.append(position)
            }
        }
        for position in dropped { drop(position) }
    }
}
