"""The four shapes with Parsl and its threads.

usage: parsl_threads.py TASKS [ROUNDS]
"""

import os
import tempfile

import parsl
import shapes
from parsl.config import Config
from parsl.executors.threads import ThreadPoolExecutor


@parsl.python_app(cache=False)
def call(*values):
    return sum(values) + 1


def main():
    tasks, rounds = shapes.arguments()
    figures = shapes.Figures("parsl_threads")
    with tempfile.TemporaryDirectory() as directory:
        config = Config(
            executors=[ThreadPoolExecutor(max_threads=os.cpu_count())],
            run_dir=directory,
            initialize_logging=False,
            usage_tracking=0,
        )
        with parsl.load(config):
            for _ in range(rounds):
                for shape in ["W1", "W2", "W3", "W4"]:
                    watch = shapes.Stopwatch()
                    result = sum(future.result() for future in shapes.build(shape, tasks, call))
                    figures.add(shape, *watch.read(), shapes.task_count(shape, tasks))
                    shapes.check(shape, tasks, result)
    figures.print()


if __name__ == "__main__":
    main()
