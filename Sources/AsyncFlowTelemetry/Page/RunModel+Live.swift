package import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A model that follows a running engine.
extension RunModel {
    /// Returns a model of a run that is observed from now on.
    ///
    /// - Parameter cores: the number of cores of the engine's backends; if it is nil or 0, that of the computer.
    package static func following(engineID: String, cores: Int? = nil, at time: EventTime) -> RunModel {
        var model = RunModel()
        var event = RunEvent(kind: .sessionStarted, time: time.secondsSince1970)
        var session = RunSessionFacts()
        let process = ProcessInfo.processInfo
        session.id = engineID
        session.host = process.hostName
        session.arguments = CommandLine.arguments.maskingSecrets
        session.cores = Double(cores.flatMap { $0 > 0 ? $0 : nil } ?? process.activeProcessorCount)
        session.memoryBytes = Double(process.physicalMemory)
        session.processID = Int(process.processIdentifier)
        event.session = session
        model.apply(event)
        return model
    }

    /// Applies an event of the engine.
    package mutating func apply(_ event: WorkflowEvent) {
        guard let kind = RunEvent.Kind(event.type) else { return }
        var fact = RunEvent(kind: kind, time: event.time.secondsSince1970)
        fact.attempt = max(1, event.attempt)
        if let number = event.taskNumber, let task = event.task {
            fact.task = key(number)
            fact.name = intern(task.name)
            fact.taskKind = RunTaskKind(task.kind)
            if let backend = task.backend { fact.backend = intern(backend) }
            fact.block = task.blockID.map { key($0.number) }
        }
        if let workflow = event.workflowID { fact.workflow = intern(workflow) }
        switch kind {
        case .taskCreated: fact.dependencies = event.dependencies.map { key($0.number) }
        case .taskStarted:
            fact.worker = event.worker
            fact.cores = event.grantedCores.map { Double($0) }
            fact.waitedFor = event.waitCause.flatMap { cause in RunWait.allCases.first { $0.text == cause.description }
            }
        case .eventsDropped: fact.droppedCount = event.droppedCount
        case .custom: if let custom = event.custom { fact.name = intern(custom.name) }
        default: break
        }
        if let error = event.error { fact.failure = RunFailureText(error, secrets: Self.secrets) }
        if let execution = event.execution { fact.execution = intern(execution) }
        if let usage = event.usage {
            fact.cpuSeconds = (usage.userTime + usage.systemTime) / .seconds(1)
            fact.peakMemoryBytes = usage.peakMemory.map { Double($0.bytes) }
        }
        apply(fact)
    }

    /// The redactor that removes secrets from commands.
    private static let secrets = SecretRedactor.ofThisProcess

    /// Interns an execution with the same texts that a recording has.
    private mutating func intern(_ execution: TaskExecution) -> RunExecution {
        var result = RunExecution()
        if let command = execution.command.map({ CommandText($0, secrets: Self.secrets) }) {
            result.program = intern(command.words[0])
            result.command = intern(LineBuffer.bytes { $0.append(list: command.words) })
            if let directory = command.workingDirectory { result.workingDirectory = intern(directory) }
        }
        if let job = execution.place.jobID { result.jobID = intern(job) }
        if let node = execution.place.node { result.node = intern(node) }
        if !execution.inputs.isEmpty { result.inputs = intern(LineBuffer.bytes { $0.append(list: execution.inputs) }) }
        if !execution.outputs.isEmpty {
            result.outputs = intern(LineBuffer.bytes { $0.append(list: execution.outputs) })
        }
        (result.processID, result.exitCode, result.signal) = (
            execution.place.processID, execution.exitCode, execution.signal
        )
        return result
    }

    private mutating func intern(_ bytes: [UInt8]) -> RunText { bytes.withUnsafeBufferPointer { texts.intern($0) } }

    /// Notes that the reader has missed a number of events.
    package mutating func noteDropped(_ count: Int, at time: EventTime) {
        var fact = RunEvent(kind: .eventsDropped, time: time.secondsSince1970)
        fact.droppedCount = count
        apply(fact)
    }

    /// Moves the end of the model's time forward, so that running tasks grow longer while nothing happens.
    package mutating func passTime(to time: EventTime) {
        guard !hasEnded, !origin.isNaN else { return }
        lastTime = max(lastTime, time.secondsSince1970 - origin)
    }

    private mutating func key(_ number: UInt64) -> RunTaskKey { RunTaskKey(prefix: intern("task"), number: number) }
}

extension RunEvent.Kind {
    /// Creates the kind of an event, or nil if the model doesn't keep such events.
    fileprivate init?(_ type: EventType) {
        switch type {
        case .engineStarted: return nil  // it was before the model
        case .engineEnded: self = .sessionEnded
        case .scopeStarted: self = .scopeStarted
        case .scopeEnded: self = .scopeEnded
        case .taskCreated: self = .taskCreated
        case .taskResolved: self = .taskResolved
        case .taskQueued: self = .taskQueued
        case .taskStarted: self = .taskStarted
        case .taskAttemptFailed: self = .taskAttemptFailed
        case .taskCompleted: self = .taskCompleted
        case .taskFailed: self = .taskFailed
        case .taskReused: self = .taskReused
        case .taskCancelled: self = .taskCancelled
        case .serviceReady: self = .serviceReady
        case .serviceRestarted: self = .serviceRestarted
        case .serviceStopped: self = .serviceStopped
        case .custom: self = .custom
        case .eventsDropped: self = .eventsDropped
        default: return nil
        }
    }
}

extension RunTaskKind {
    fileprivate init(_ kind: TaskKind) {
        switch kind {
        case .function: self = .function
        case .executable: self = .executable
        case .portable: self = .portable
        case .prompt: self = .prompt
        case .block: self = .block
        case .service: self = .service
        default: self = .unknown
        }
    }
}
