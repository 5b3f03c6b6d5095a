import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowSlurm
@testable import AsyncFlowSlurmREST

@Suite("What is said to slurmrestd")
struct JobDescriptionTests {
    private let everything = JobRequest(
        SlurmOptions(
            partition: "main", account: "a", qos: "q", time: .seconds(61), nodes: 2, constraint: "c", reservation: "r",
            exclusive: true),
        ResourceRequest(cores: 2, memory: .gigabytes(1), gpus: 1.5, ranks: 4, slots: ["b": 1]), isParallel: true)

    @Test("everything that a task can ask for, as v0.0.38 takes it")
    func old() throws {
        #expect(
            try text(everything, 38) == """
                {"job":{"account":"a","array":"0-2","comment":"asyncflow-1","constraints":"c","cpus_per_task":2,\
                "current_working_directory":"/w","environment":{"A":"b=c"},"exclusive":"exclusive","gpus":"2",\
                "licenses":"b:1","memory_per_node":512,"name":"asyncflow-1","no_requeue":true,"nodes":"2",\
                "open_mode":"append","partition":"main","qos":"q","reservation":"r","standard_output":"/w/asyncflow-1.log",\
                "tasks":4,"time_limit":2},"script":"#!/bin/sh"}
                """)
    }

    @Test("everything that a task can ask for, as it is taken since v0.0.40")
    func new() throws {
        #expect(
            try text(everything, 40) == """
                {"job":{"account":"a","array":"0-2","comment":"asyncflow-1","constraints":"c","cpus_per_task":2,\
                "current_working_directory":"/w","environment":["A=b=c"],"licenses":"b:1",\
                "memory_per_node":{"number":512,"set":true},"name":"asyncflow-1","nodes":"2","open_mode":["APPEND"],\
                "partition":"main","qos":"q","requeue":false,"reservation":"r","script":"#!/bin/sh","shared":["none"],\
                "standard_output":"/w/asyncflow-1.log","tasks":4,"time_limit":{"number":2,"set":true},\
                "tres_per_job":"gres/gpu:2"}}
                """)
    }

    @Test("what isn't asked for isn't said")
    func little() throws {
        let request = JobRequest(SlurmOptions(), ResourceRequest(memory: .bytes(1)), isParallel: false)
        #expect(
            try text(request, 38) == """
                {"job":{"array":"0-2","comment":"asyncflow-1","cpus_per_task":1,"current_working_directory":"/w",\
                "environment":{"A":"b=c"},"memory_per_node":1,"name":"asyncflow-1","no_requeue":true,"open_mode":"append",\
                "standard_output":"/w/asyncflow-1.log","tasks":1},"script":"#!/bin/sh"}
                """)
    }

    private func text(_ request: JobRequest, _ version: Int) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let submission = JobSubmission(
            name: "asyncflow-1", request: request, count: 3, folder: "/w", script: "/w/script")
        let description = JobDescription(
            submission: submission, script: "#!/bin/sh", environment: ["A": "b=c"],
            version: RESTVersion(number: version))
        return String(decoding: try encoder.encode(description), as: UTF8.self)
    }
}
