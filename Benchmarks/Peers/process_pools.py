"""A function that adds 1, in two worker processes, with the process pools of Python, Dask and RADICAL AsyncFlow.

Prints a figure for the median of the round trip of one call and for the rate of many. What isn't installed is reported
in a line and left out.
"""

import asyncio
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

TRIPS = 500
TASKS = 10_000


def increment(number):
    return number + 1


def report(name, trips, rate):
    print(f"figure worker.{name}.roundtrip_p50_us {statistics.median(trips) * 1e6:.1f} us")
    print(f"figure worker.{name}.tasks_per_s {rate:.0f} 1/s", flush=True)


def measure(name, call, gather):
    for number in range(50):
        call(number)
    trips = []
    for number in range(TRIPS):
        start = time.perf_counter()
        assert call(number) == number + 1
        trips.append(time.perf_counter() - start)
    start = time.perf_counter()
    assert gather(TASKS) == TASKS * (TASKS + 1) // 2
    report(name, trips, TASKS / (time.perf_counter() - start))


def process_pool():
    with ProcessPoolExecutor(max_workers=2) as pool:
        measure(
            "ProcessPoolExecutor",
            lambda number: pool.submit(increment, number).result(),
            lambda count: sum(pool.map(increment, range(count), chunksize=256)),
        )


def dask():
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            measure(
                "dask",
                lambda number: client.submit(increment, number, pure=False).result(),
                lambda count: sum(client.gather(client.map(increment, range(count), pure=False))),
            )


async def radical():
    from radical.asyncflow import LocalExecutionBackend, WorkflowEngine

    with tempfile.TemporaryDirectory() as directory:
        backend = await LocalExecutionBackend(ProcessPoolExecutor(max_workers=2))
        flow = await WorkflowEngine.create(backend=backend, work_dir=directory)

        @flow.function_task
        async def call(number):
            return number + 1

        trips = []
        for number in range(100):
            start = time.perf_counter()
            assert await call(number) == number + 1
            trips.append(time.perf_counter() - start)
        count = 1_000
        start = time.perf_counter()
        assert sum(await asyncio.gather(*[call(number) for number in range(count)])) == count * (count + 1) // 2
        report("radical_asyncflow", trips, count / (time.perf_counter() - start))
        await flow.shutdown()


if __name__ == "__main__":
    for name, run in [
        ("ProcessPoolExecutor", process_pool),
        ("dask", dask),
        ("radical_asyncflow", lambda: asyncio.run(asyncio.wait_for(radical(), 120))),
    ]:
        try:
            run()
        except Exception as error:  # another engine's trouble is no reason to stop
            print(f"{name} is left out: {type(error).__name__}: {error}", flush=True)
