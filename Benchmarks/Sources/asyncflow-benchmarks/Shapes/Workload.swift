/// The four shapes of graph, each of about N trivial tasks on `Int`s whose outcome is known beforehand.
enum Workload: String, CaseIterable, Sendable {
    /// N tasks that depend on nothing: task i returns i + 1, the result is their sum.
    case independent = "W1"
    /// Each task depends on the one before and adds 1.
    case chain = "W2"
    /// A task, 100 tasks that depend on it and add 1, a task that adds up all 100 and 1, and so on.
    case layers = "W3"
    /// A square in which task (i, j) adds up (i-1, j), (i, j-1) and 1.
    case grid = "W4"

    /// How many tasks of a layer stand side by side in ``layers``.
    static let layerWidth = 100

    /// How many layers, each with the task that joins it, follow the first task.
    static func layerCount(for tasks: Int) -> Int { max((tasks - 1) / (layerWidth + 1), 0) }

    /// Rows, and columns, of ``grid``.
    static func gridSide(for tasks: Int) -> Int { max(Int(Double(tasks).squareRoot()), 1) }

    var summary: String {
        switch self {
        case .independent: "independent"
        case .chain: "chain"
        case .layers: "layers 1→100→1"
        case .grid: "grid"
        }
    }

    /// How many tasks the shape really has when N are asked for: layers and squares don't divide evenly.
    func taskCount(for tasks: Int) -> Int {
        switch self {
        case .independent, .chain: tasks
        case .layers: 1 + Self.layerCount(for: tasks) * (Self.layerWidth + 1)
        case .grid: Self.gridSide(for: tasks) * Self.gridSide(for: tasks)
        }
    }

    /// The result, worked out without tasks. All sums wrap around.
    func expectedResult(for tasks: Int) -> Int {
        switch self {
        case .independent:
            return (0..<tasks).reduce(0) { $0 &+ ($1 + 1) }
        case .chain:
            return tasks
        case .layers:
            return (0..<Self.layerCount(for: tasks)).reduce(1) { value, _ in
                (value &+ 1) &* Self.layerWidth &+ 1
            }
        case .grid:
            let side = Self.gridSide(for: tasks)
            var row = [Int](repeating: 0, count: side)
            for _ in 0..<side {
                var left = 0
                for column in 0..<side {
                    left = row[column] &+ left &+ 1
                    row[column] = left
                }
            }
            return row[side - 1]
        }
    }
}

/// Whether the bodies of the tasks are ordinary functions or `async` ones (that never really suspend).
enum BodyKind: String, CaseIterable, Sendable {
    case synchronous = "sync"
    case asynchronous = "async"
}
