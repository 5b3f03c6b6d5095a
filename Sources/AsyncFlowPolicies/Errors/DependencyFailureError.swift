/// The error of a task that never ran because a task that it depends on failed.
public struct DependencyFailureError: WorkflowError, NestedFailure {
    /// A task in the chain from this one to the task where the failure began.
    public struct FailedTask: Sendable, Hashable, CustomStringConvertible {
        public let name: String
        public let id: TaskID

        package init(name: String, id: TaskID) {
            self.name = name
            self.id = id
        }
        public var description: String { "\(name) (\(id))" }
    }

    public var code: WorkflowErrorCode { .dependencyFailed }
    public let taskID: TaskID?
    public let taskName: String?
    /// The direct dependencies that had failed when this task gave up: all those that had failed before it was called,
    /// or else the one that failed first.
    public let dependencies: [FailedTask]
    /// The error of the task where the failure began; that task is the last of ``chain``.
    public let rootCause: any Error
    private let link: Link

    /// The failed tasks, from the direct dependency to the task where the failure began. Computed on each access.
    public var chain: [FailedTask] { Array(sequence(first: link, next: \.next).map(\.task)) }

    public var cause: (any Error)? { rootCause }

    package var origin: FailureOrigin? { FailureOrigin(of: rootCause) }

    public var message: String {
        let root = FailureOrigin(of: rootCause).text(of: rootCause)
        let names = ShortList.text(dependencies.lazy.map(\.description), count: dependencies.count)
        guard link.count > 1 else { return "not run, because its dependency \(names) failed: \(root)" }
        return "not run, because its dependency \(names) failed; chain: \(shownChain); root cause: \(root)"
    }

    /// The names of a short chain's tasks; of a long chain, the beginning and the end.
    private var shownChain: String {
        let names =
            link.count <= 6
            ? chain.map(\.name)
            : sequence(first: link, next: \.next).prefix(3).map(\.task.name) + ["… \(link.count - 5) more …"]
                + link.end.map(\.name)
        return names.joined(separator: " ← ")
    }

    /// - Parameters:
    ///   - task: the task that never ran.
    ///   - dependencies: the direct dependencies that have failed so far, at least one.
    ///   - error: the error of the first of them.
    package init(of task: FailedTask, because dependencies: [FailedTask], error: any Error) {
        taskID = task.id
        taskName = task.name
        self.dependencies = dependencies
        let dependencyFailure = error as? DependencyFailureError
        rootCause = dependencyFailure?.rootCause ?? error
        link = Link(dependencies[0], next: dependencyFailure?.link)
    }

    /// A link of a chain that dependents share instead of copying it. Releasing a chain of a million links doesn't
    /// overflow the stack.
    private final class Link: @unchecked Sendable {  // only its own deinit changes it
        let task: FailedTask
        private(set) var next: Link?
        /// The length of the chain from here on.
        let count: Int
        /// The last two tasks of the chain, or the only one.
        let end: [FailedTask]

        init(_ task: FailedTask, next: Link?) {
            self.task = task
            self.next = next
            count = (next?.count ?? 0) + 1
            end = next.map { $0.count > 1 ? $0.end : [task] + $0.end } ?? [task]
        }

        deinit {
            var rest = next.take()
            while rest != nil, isKnownUniquelyReferenced(&rest) { rest = rest!.next.take() }
        }
    }
}
