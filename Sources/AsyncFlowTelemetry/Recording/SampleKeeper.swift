import AsyncFlow
import AsyncFlowBase

/// A keeper that takes and records samples, and writes the recording while nothing happens, until the engine ends.
final class SampleKeeper: Sendable {
    private let sampler: ResourceSampler
    private let recorder: Recorder
    private let configuration: TelemetryConfiguration
    private let state = Lock(State())

    private struct State {
        var registration: Int?
        var writing: Task<Void, Never>?
        var isStopped = false
    }

    init(_ sampler: ResourceSampler, _ recorder: Recorder, _ configuration: TelemetryConfiguration) {
        self.sampler = sampler
        self.recorder = recorder
        self.configuration = configuration
    }

    func start() {
        let recorder = recorder
        let interval = configuration.flushInterval
        state.withLock { state in
            guard !state.isStopped else { return }
            state.writing = Task.detached {
                while !Task.isCancelled {
                    try? await Task.sleep(for: interval)
                    recorder.write()
                }
            }
            if let interval = configuration.sampleInterval {
                state.registration = sampler.add(every: interval) { recorder.add($0) }
            }
        }
    }

    func stop() {
        let (registration, writing) = state.withLock { state in
            state.isStopped = true
            return (state.registration.take(), state.writing.take())
        }
        if let registration { sampler.remove(registration) }
        writing?.cancel()
    }
}
