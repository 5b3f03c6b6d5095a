import AsyncFlow
import AsyncFlowSlurm
import Foundation
import Testing

@testable import AsyncFlowSlurmREST

@Suite("What slurmrestd says")
struct ServiceAnswerTests {
    @Test("jobs of arrays, as v0.0.38 writes them")
    func oldRows() throws {
        let rows = try rows(
            """
            {"errors": [], "jobs": [
              {"array_job_id": 1, "array_task_id": 0, "array_task_string": "", "batch_host": "node1", "exit_code": 1792,
               "job_id": 2, "job_state": "FAILED", "name": "asyncflow-1"},
              {"array_job_id": 1, "array_task_id": 1, "array_task_string": "", "batch_host": "node2", "exit_code": 9,
               "job_id": 3, "job_state": "RUNNING", "name": "asyncflow-1"},
              {"array_job_id": 1, "array_task_id": null, "array_task_string": "2-3,5", "batch_host": "", "exit_code": 0,
               "job_id": 1, "job_state": "PENDING", "name": "asyncflow-1"},
              {"array_job_id": 0, "array_task_id": null, "job_id": 7, "job_state": "RUNNING", "name": "asyncflow-alone"},
              {"array_job_id": 8, "array_task_id": 0, "job_id": 8, "job_state": "STRANGE", "name": "another"}
            ]}
            """)
        #expect(
            rows == [
                row(1, 0, .failed, 1792, "node1"), row(1, 1, .running, 9, "node2"), row(1, 2, .waiting, 0, nil),
                row(1, 3, .waiting, 0, nil), row(1, 5, .waiting, 0, nil),
            ])
    }

    @Test("jobs of arrays, as they are written since v0.0.40")
    func newRows() throws {
        let rows = try rows(
            """
            {"errors": [], "warnings": [], "jobs": [
              {"array_job_id": {"set": true, "infinite": false, "number": 1},
               "array_task_id": {"set": true, "infinite": false, "number": 0}, "array_task_string": "",
               "batch_host": "node1", "job_id": 2, "job_state": ["FAILED"], "name": "asyncflow-1",
               "exit_code": {"status": ["ERROR"], "return_code": {"set": true, "infinite": false, "number": 7},
                             "signal": {"id": {"set": false, "infinite": false, "number": 0}, "name": ""}}},
              {"array_job_id": {"set": true, "infinite": false, "number": 1},
               "array_task_id": {"set": true, "infinite": false, "number": 1}, "batch_host": "node2", "job_id": 3,
               "job_state": ["COMPLETED", "COMPLETING"], "name": "asyncflow-1",
               "exit_code": {"status": ["SIGNALED"], "return_code": {"set": false, "infinite": false, "number": 0},
                             "signal": {"id": {"set": true, "infinite": false, "number": 11}, "name": "SEGV"}}},
              {"array_job_id": {"set": true, "infinite": false, "number": 1},
               "array_task_id": {"set": false, "infinite": false, "number": 0}, "array_task_string": "2-3%1",
               "batch_host": "", "job_id": 1, "job_state": ["PENDING"], "name": "asyncflow-1"}
            ]}
            """)
        #expect(
            rows == [
                row(1, 0, .failed, 7 << 8, "node1"), row(1, 1, .running, 11, "node2"), row(1, 2, .waiting, nil, nil),
                row(1, 3, .waiting, nil, nil),
            ])
    }

    @Test(
        "a state that isn't known is no end",
        arguments: [
            (#""LOST""#, JobState.unknown), (#"["RUNNING", "BEAMED_UP"]"#, .running), (#"["BEAMED_UP"]"#, .unknown),
            ("[]", .unknown), (#"["BEAMED_UP", "PENDING"]"#, .waiting),
        ])
    func unknownState(_ text: String, _ state: JobState) throws {
        let rows = try rows(
            """
            {"jobs": [{"job_id": 4, "array_job_id": 4, "array_task_id": 2, "job_state": \(text), "name": "asyncflow-1"}]}
            """)
        #expect(rows == [row(4, 2, state, nil, nil)])
    }

    @Test("a node's name does nothing to a terminal")
    func node() throws {
        let rows = try rows(
            #"""
            {"jobs": [{"array_job_id": 1, "array_task_id": 0, "batch_host": "n\u001b[2J", "job_state": "RUNNING",
                       "name": "asyncflow-1"}]}
            """#)
        #expect(rows.map(\.node) == ["n?[2J"])
    }

    @Test("jobs of others may be written in any form")
    func strangers() throws {
        let rows = try rows(
            """
            {"jobs": [null, 7, {}, [], {"name": 5}, {"name": "x", "array_job_id": 1e300, "job_state": 7},
              {"job_id": 4, "array_job_id": 4, "array_task_id": 2, "job_state": "RUNNING", "name": "asyncflow-1"}]}
            """)
        #expect(rows == [row(4, 2, .running, nil, nil)])
    }

    @Test(
        "a number of ours that can't be one isn't taken for another one",
        arguments: [
            #""array_job_id": 9223372036854775807, "array_task_id": 0"#, #""array_job_id": -4, "array_task_id": 0"#,
            #""array_job_id": 4, "array_task_id": 9223372036854775807"#, #""array_job_id": 4, "array_task_id": -1"#,
            #""array_job_id": 1e300, "array_task_id": 0"#, #""array_job_id": "4", "array_task_id": 0"#,
        ])
    func numbers(_ text: String) {
        #expect(throws: (any Error).self) {
            try rows(#"{"jobs": [{"job_state": "RUNNING", "name": "asyncflow-1", \#(text)}]}"#)
        }
    }

    @Test(
        "an exit that can't be one is none",
        arguments: [
            "9223372036854775807", "-1", "65536", "1e300", #""x""#, "null",
            #"{"return_code": {"set": true, "number": 9223372036854775807}}"#,
            #"{"signal": {"id": {"set": true, "number": 4294967296}}}"#,
        ])
    func exits(_ text: String) throws {
        let rows = try rows(
            """
            {"jobs": [{"array_job_id": 4, "array_task_id": 2, "job_state": "FAILED", "exit_code": \(text),
                       "name": "asyncflow-1"}]}
            """)
        #expect(rows == [row(4, 2, .failed, nil, nil)])
    }

    @Test(
        "the jobs of an array that wait",
        arguments: [
            ("", []), ("3", [3]), ("0-3", [0, 1, 2, 3]), ("1,3-4,5-9:2%5", [1, 3, 4, 5, 7, 9]), ("?,2", [2]),
            // Cut off in the midst of a number: whoever isn't seen otherwise waits.
            ("0,2,55...", [0, 2, 3, 4, 5, 6, 7, 8, 9]), ("1...", Array(0..<10)), ("9-8,4", [4]),
            ("0-99999999999", Array(0..<10)), ("0-9223372036854775807:9223372036854775807", Array(0..<10)),
            ("9223372036854775807...", Array(0..<10)), ("-5,3", [3, 5]), ("5-", [5]), ("3,1-2,3", [1, 2, 3]),
            ("9223372036854775807,2", [2]),
        ] as [(String, [Int])])
    func indices(_ text: String, _ expected: [Int]) {
        #expect(QueueAnswer.indices(text, limit: 10) == expected)
    }

    @Test("those of a list that was cut off that run already don't wait")
    func cutOff() throws {
        let rows = try rows(
            """
            {"jobs": [
              {"array_job_id": 1, "array_task_id": 8, "job_id": 2, "job_state": "RUNNING", "name": "asyncflow-1"},
              {"array_job_id": 1, "array_task_id": null, "array_task_string": "5,6,1...", "job_id": 1, "job_state": "PENDING",
               "name": "asyncflow-1"}
            ]}
            """, limit: 10)
        #expect(rows.map(\.index) == [8, 5, 6, 7, 9])
    }

    @Test(
        "complaints",
        arguments: [
            (#"{"errors": []}"#, nil, nil), (#"{"errors": null}"#, nil, nil), ("{}", nil, nil),
            (#"{"errors": [{}]}"#, "an error without a message", nil),
            (
                #"{"errors": [{"error_code": 2000, "error": "Invalid partition name specified"}]}"#,
                "Invalid partition name specified", 2000
            ),
            (
                #"{"errors": [{"description": "Batch job submission failed", "error_number": 2000, "error": "Invalid partition"}]}"#,
                "Batch job submission failed: Invalid partition", 2000
            ),
        ] as [(String, String?, Int?)])
    func complaints(_ text: String, _ description: String?, _ code: Int?) throws {
        let failure = try JSONDecoder().decode(ServiceErrors.self, from: Data(text.utf8)).failure
        #expect(failure?.description == description)
        #expect(failure?.code == code)
    }

    @Test(
        "the version that is spoken",
        arguments: [
            (["/slurm/v0.0.37/jobs", "/slurm/v0.0.38/jobs", "/slurmdb/v0.0.38/jobs"], 38),
            (["/slurm/v0.0.40/jobs/", "/slurm/v0.0.42/jobs/", "/slurm/v0.0.41/jobs/"], 42),
            (["/slurm/v0.0.44/jobs/", "/slurm/v0.0.43/jobs/"], 43),
            (["/slurm/v0.0.39/jobs", "/slurm/v0.0.40/nodes"], nil),
            ([], nil),
        ] as [([String], Int?)])
    func version(_ paths: [String], _ expected: Int?) {
        #expect(RESTVersion.best(among: paths)?.number == expected)
    }

    private func rows(_ text: String, limit: Int = 1000) throws -> [JobRow] {
        try JSONDecoder().decode(QueueAnswer.self, from: Data(text.utf8)).rows(
            named: JobSubmission.namePrefix, limit: limit)
    }

    private func row(_ array: Int, _ index: Int, _ state: JobState, _ status: Int32?, _ node: String?) -> JobRow {
        JobRow(
            arrayID: "\(array)", index: index, name: "asyncflow-1", state: state, waitStatus: status, node: node)
    }
}
