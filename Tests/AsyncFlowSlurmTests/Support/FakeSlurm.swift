import Foundation

@testable import AsyncFlowSlurm

/// Stand-ins for Slurm's programs that do what a test tells them to, once for each thing that they are told.
final class FakeSlurm: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "asyncflow-fake-slurm-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
        for program in ["sbatch", "squeue", "scancel", "sacct"] {
            _ = FileManager.default.createFile(
                atPath: "\(path)/\(program)", contents: Data(Self.script.utf8), attributes: [.posixPermissions: 0o755])
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Parameters:
    ///   - texts: the answers of the next calls, in this order; each is given by a call that does nothing else.
    ///     `@NAME@` in one stands for the name of the last array.
    func tell(_ program: String, answers texts: [[UInt8]]) {
        for (number, text) in texts.enumerated() {
            _ = FileManager.default.createFile(atPath: "\(path)/\(program).text.\(number)", contents: Data(text))
        }
        tell(program, texts.indices.map { "text \($0)" }.joined(separator: "\n"))
    }

    /// - Parameter mode: `garbage`, `down`, `hang`, `refuse`, `late` (submitted, but an error), `forget` (accepted, and
    ///   then unknown), `empty`, `kill-before`, `kill-early` or `kill-after` (the engine is killed, and the job
    ///   submitted never, a second later, or before that), `strangers` (from then on, of `squeue`), or the state that
    ///   jobs end in without having run.
    func tell(_ program: String, _ mode: String) {
        _ = FileManager.default.createFile(atPath: "\(path)/\(program).mode", contents: Data("\(mode)\n".utf8))
    }

    func calls(of program: String) -> [String] {
        String(decoding: FileManager.default.contents(atPath: "\(path)/calls") ?? Data(), as: UTF8.self)
            .split(separator: "\n").map(String.init).filter { $0.hasPrefix(program + " ") }
    }

    func backend(_ change: (inout SlurmBackend.Settings) -> Void = { _ in }) -> SlurmBackend {
        var settings = SlurmBackend.Settings()
        settings.programFolder = path
        settings.shortestPoll = .milliseconds(50)
        settings.longestPoll = .milliseconds(200)
        settings.commandPatience = .seconds(3)
        change(&settings)
        return SlurmBackend(settings: settings)
    }

    private static let script = #"""
        #!/bin/sh
        here=$(dirname "$0")
        program=$(basename "$0")
        if [ "$1" = --version ]; then echo "slurm 22.05"; exit 0; fi
        echo "$program $*" >>"$here/calls"
        mode=
        if [ -e "$here/$program.mode" ]; then
            { read -r mode; cat >"$here/$program.mode.new"; } <"$here/$program.mode"
            if [ -s "$here/$program.mode.new" ]; then
                mv "$here/$program.mode.new" "$here/$program.mode"
            else
                rm -f "$here/$program.mode" "$here/$program.mode.new"
            fi
        fi
        case $mode in
            text*) sed "s/@NAME@/$(cat "$here/name" 2>/dev/null)/g" "$here/$program.text.${mode#text }"; exit 0 ;;
            garbage) echo "@#! rubbish"; exit 0 ;;
            empty) exit 0 ;;
            down) echo "$program: error: Unable to contact slurm controller (connect failure)" >&2; exit 1 ;;
            hang) exec sleep 1000 ;;
            kill-before) kill -KILL $PPID; exit 1 ;;
            kill-early)
                kill -KILL $PPID
                setsid /bin/sh -c 'sleep 1; exec "$0" "$@"' "$0" "$@" </dev/null >/dev/null 2>&1 &
                exit 1
                ;;
            refuse) echo "sbatch: error: invalid partition specified: nowhere" >&2; exit 1 ;;
        esac
        case $program in
            sbatch)
                for argument; do
                    case $argument in
                        --job-name=*) name=${argument#*=} ;;
                        --array=0-*) last=${argument#--array=0-} ;;
                    esac
                    script=$argument
                done
                echo "$name" >"$here/name"
                id=$$
                index=0
                while [ "$mode" != forget ] && [ $index -le $last ]; do
                    job=$here/job.$id.$index
                    case $mode in
                        [A-Z]*) echo "$mode 9" >"$job.end" ;;
                        *)
                            SLURM_ARRAY_TASK_ID=$index setsid /bin/sh -c '
                                echo $$ >"$1.pid"
                                /bin/sh "$2"
                                code=$?
                                state=FAILED
                                [ $code -ne 0 ] || state=COMPLETED
                                echo "$state $((code << 8))" >"$1.end"
                            ' job "$job" "$script" </dev/null >/dev/null 2>&1 &
                            while [ ! -s "$job.pid" ]; do sleep 0.01; done
                            ;;
                    esac
                    echo "$id $index $name" >"$job"
                    index=$((index + 1))
                done
                if [ "$mode" = kill-after ]; then kill -KILL $PPID; exit 1; fi
                if [ "$mode" = late ]; then
                    echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
                    exit 1
                fi
                echo $id
                ;;
            squeue)
                if [ "$mode" = strangers ]; then echo strangers >"$here/squeue.mode"; fi
                for job in "$here"/job.*[0-9]; do
                    [ -s "$job" ] || continue
                    read -r id index name <"$job"
                    state=RUNNING
                    status=0
                    if [ -s "$job.end" ]; then read -r state status <"$job.end"; fi
                    if [ "$mode" = strangers ]; then
                        echo "77 N/A POWER_UP_NODE 0 other node9"
                        state=BEAMED_UP
                    fi
                    echo "$name $id $index $state $status None"
                done
                ;;
            scancel)
                for argument; do
                    case $argument in --name=*) wanted=${argument#*=} ;; esac
                done
                for job in "$here"/job.*[0-9]; do
                    [ -s "$job" ] && [ ! -s "$job.end" ] || continue
                    read -r id index name <"$job"
                    [ "$name" = "$wanted" ] || continue
                    kill -KILL -"$(cat "$job.pid")" 2>/dev/null
                    echo "CANCELLED 15" >"$job.end"
                done
                ;;
            sacct) echo "Slurm accounting storage is disabled" >&2; exit 1 ;;
        esac
        """#
}
