"""Functions of one number whose results are recorded, and answered when the program runs again: DBOS with SQLite, and
Parsl with checkpoints.

usage: recorded_tasks.py [TASKS]

Prints a figure for the time per recorded task and per answered task. What isn't installed is reported in a line and left
out.
"""

import os
import subprocess
import sys
import tempfile
import time

TASKS = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000


def times_three(number):
    return number * 3


def report(name, recorded, answered):
    print(f"figure journal.{name}.recorded_us {recorded / TASKS * 1e6:.1f} us")
    print(f"figure journal.{name}.answered_us {answered / TASKS * 1e6:.1f} us", flush=True)


def dbos_once(folder, identity):
    """A workflow whose steps are the tasks; with an identity that has ended already, its steps are answered."""
    from dbos import DBOS, SetWorkflowID

    DBOS(config={"name": "benchmark", "system_database_url": f"sqlite:///{folder}/dbos.sqlite", "log_level": "ERROR"})
    step = DBOS.step(name="times_three")(times_three)

    @DBOS.workflow(name="tasks")
    def tasks(count):
        return sum(step(number) for number in range(count))

    DBOS.launch()
    try:
        start = time.perf_counter()
        if identity == "recorded":
            with SetWorkflowID("recorded"):
                value = tasks(TASKS)
        else:
            # A fork behind the last step runs the workflow again, with the recorded steps as answers.
            value = DBOS.fork_workflow("recorded", TASKS + 1).get_result()
        taken = time.perf_counter() - start
    finally:
        DBOS.destroy()
    assert value == 3 * TASKS * (TASKS - 1) // 2
    return taken


def parsl_once(folder, identity):
    import parsl
    from parsl.config import Config
    from parsl.dataflow.memoization import BasicMemoizer
    from parsl.executors.threads import ThreadPoolExecutor
    from parsl.utils import get_all_checkpoints

    earlier = get_all_checkpoints(f"{folder}/parsl") if identity == "answered" else []
    config = Config(
        executors=[ThreadPoolExecutor(max_threads=os.cpu_count())],
        run_dir=f"{folder}/parsl",
        memoizer=BasicMemoizer(checkpoint_mode="task_exit", checkpoint_files=earlier),
        initialize_logging=False,
        usage_tracking=0,
    )
    with parsl.load(config):
        call = parsl.python_app(times_three, cache=True)
        start = time.perf_counter()
        value = sum(future.result() for future in [call(number) for number in range(TASKS)])
        taken = time.perf_counter() - start
    assert value == 3 * TASKS * (TASKS - 1) // 2
    return taken


def main():
    if len(sys.argv) > 4:
        name, folder, identity = sys.argv[2:5]
        print({"dbos_sqlite": dbos_once, "parsl_checkpoints": parsl_once}[name](folder, identity))
        return
    for name, module in [("dbos_sqlite", "dbos"), ("parsl_checkpoints", "parsl")]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                # Each in a process of its own, as a program that is started again.
                times = []
                for identity in ["recorded", "answered"]:
                    command = [sys.executable, __file__, str(TASKS), name, folder, identity]
                    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
                    times.append(float(done.stdout.split()[-1]))
                report(name, *times)
            except (subprocess.SubprocessError, ValueError, IndexError) as error:
                lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
                print(f"no figures for {name} ({module}): {lines[-1] if lines else error}", flush=True)


if __name__ == "__main__":
    main()
