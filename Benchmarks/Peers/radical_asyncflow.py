"""The four shapes, and commands, with RADICAL AsyncFlow: its local backend with threads and its no-op backend.

usage: radical_asyncflow.py TASKS [ROUNDS]
"""

import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import shapes
from radical.asyncflow import LocalExecutionBackend, NoopExecutionBackend, WorkflowEngine

SHAPES = ["W1", "W2", "W3", "W4"]
# Seconds one run may take; a shape that takes longer is left out, and reported.
LIMIT = 60
COMMANDS = 200


async def shape_run(backend, shape, tasks, directory, has_results):
    """Makes an engine for every run: its cost per task grows with all it has ever run."""
    flow = await WorkflowEngine.create(backend=backend, work_dir=directory)
    try:

        @flow.function_task
        async def call(*values):
            return shapes.body(*values)

        watch = shapes.Stopwatch()
        async with asyncio.timeout(LIMIT):
            values = await asyncio.gather(*shapes.build(shape, tasks, call))
        wall, cpu = watch.read()
        if has_results:
            shapes.check(shape, tasks, sum(values))
        return wall, cpu
    finally:
        await flow.shutdown()


async def commands_run(directory):
    """/bin/true, two at a time: two loops side by side, because the engine itself has no limit."""
    flow = await WorkflowEngine.create(
        backend=LocalExecutionBackend(ThreadPoolExecutor(max_workers=2)), work_dir=directory
    )
    try:

        @flow.executable_task
        async def call():
            return "/bin/true"

        async def loop():
            for _ in range(COMMANDS // 2):
                await call()

        watch = shapes.Stopwatch()
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(loop(), loop())
        return watch.read()
    finally:
        await flow.shutdown()


def measured(figures, peer, name, count, rounds, run):
    try:
        for _ in range(rounds):
            figures.add(name, *asyncio.run(run()), count)
    except TimeoutError:
        print(f"{peer} {name}: not finished in {LIMIT} s", flush=True)
    else:
        figures.print(name)


def main():
    tasks, rounds = shapes.arguments()
    with tempfile.TemporaryDirectory() as directory:
        for peer, backend, has_results in [
            ("radical_asyncflow", lambda: LocalExecutionBackend(ThreadPoolExecutor(max_workers=os.cpu_count())), True),
            ("radical_asyncflow_noop", NoopExecutionBackend, False),
        ]:
            figures = shapes.Figures(peer)
            for shape in SHAPES:
                measured(
                    figures,
                    peer,
                    shape,
                    shapes.task_count(shape, tasks),
                    rounds,
                    lambda: shape_run(backend(), shape, tasks, directory, has_results),
                )
        peer = "radical_asyncflow"
        measured(shapes.Figures(peer), peer, "commands", COMMANDS, rounds, lambda: commands_run(directory))


if __name__ == "__main__":
    main()
