"""The four shapes with dask.delayed and its threads.

usage: dask_threads.py TASKS [ROUNDS]
"""

import dask
import shapes


def main():
    tasks, rounds = shapes.arguments()
    figures = shapes.Figures("dask_threads")
    call = dask.delayed(shapes.body, pure=False)
    for _ in range(rounds):
        for shape in ["W1", "W2", "W3", "W4"]:
            watch = shapes.Stopwatch()
            values = dask.compute(*shapes.build(shape, tasks, call), scheduler="threads", optimize_graph=False)
            figures.add(shape, *watch.read(), shapes.task_count(shape, tasks))
            shapes.check(shape, tasks, sum(values))
    figures.print()


if __name__ == "__main__":
    main()
