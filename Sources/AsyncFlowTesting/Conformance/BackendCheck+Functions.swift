import AsyncFlow
import AsyncFlowBase

/// The error that the bodies of checks throw.
struct CheckError: Error, Equatable {
    let number: Int
}

extension BackendCheck {
    /// The checks of function tasks.
    static let functions = [
        BackendCheck(.functions, "a function's value comes back, and it is called once") { run in
            let calls = Lock(0)
            let value = try await run.withEngine { flow in
                let double = flow.functionTask("double") { (number: Int) async in
                    calls.withLock { $0 += 1 }
                    return number * 2
                }
                return try await run.value(of: double(21), "the function")
            }
            try run.expect(value, is: 42, "its value")
            try run.expect(calls.withLock { $0 }, is: 1, "the number of calls")
        },
        BackendCheck(.functions, "what a function throws comes back unchanged") { run in
            try await run.withEngine { flow in
                let fail = flow.functionTask("fail") { () async throws -> Int in throw CheckError(number: 7) }
                let error = try await run.cause(of: fail(), "the function")
                try run.expect(error as? CheckError == CheckError(number: 7), "the error is \(error)")
            }
        },
        BackendCheck(.functions, "a cancelled function is interrupted, and ends cancelled") { run in
            let hasBegun = AtomicFlag()
            try await run.withEngine { flow in
                let sleep = flow.functionTask("sleep") { () async throws in
                    hasBegun.raise()
                    try await Task.sleep(for: .seconds(600))
                }
                let future = sleep()
                try await run.until { hasBegun.isRaised }
                try run.expect(future.cancel(), "the first cancellation isn't the first")
                try await run.expectCancelled(future, "the function")
            }
        },
        BackendCheck(.functions, "many functions at once all end") { run in
            let values = try await run.withEngine { flow in
                let square = flow.functionTask("square") { (number: Int) async in
                    await Task.yield()
                    return number * number
                }
                return try await (0..<200).map { square($0) }.values()
            }
            try run.expect(values, is: (0..<200).map { $0 * $0 }, "the values")
        },
    ]
}
