

# MARK: - In a worker of Dask


class DaskChannel:
    """The way from a worker of Dask to the bridge: the events that Dask itself passes on."""

    delay = 0.05

    def __init__(self, worker, topic):
        self.worker, self.topic = worker, topic

    def begin(self, batch):
        return ()

    def report(self, frames):
        for start in range(0, len(frames), 1 << 20):
            self.worker.log_event(self.topic, {"worker": self.worker.address, "frames": frames[start:start + (1 << 20)],
                                               "isLast": start + (1 << 20) >= len(frames)})


def dask_run(text, batch, content):
    """Runs a batch of calls in a worker of Dask."""
    from distributed import get_worker
    spec = spec_of(text)
    data = Job(spec, batch, bytes(content), DaskChannel(get_worker(), spec["topic"])).run()
    return data if len(data) < 65536 else bytearray(data)


def dask_cancel(session, number):
    """Cancels a call, in whatever worker it is. Returns whether it is in this one."""
    return cancel(session, number)


def dask_plugin(base, session):
    """A plugin that ends the processes of a batch that Dask has released: it was cancelled, or its program is gone."""
    from distributed import WorkerPlugin

    class AsyncFlowPlugin(WorkerPlugin):
        name = base

        def transition(self, key, start, finish, **_):
            if finish not in ("released", "cancelled", "forgotten") or not isinstance(key, str):
                return
            head, _, batch = key.rpartition("-")
            if head != base:
                return
            job = _batches.get((session, int(batch))) if batch.isdigit() else None
            if job is not None:
                job.release(0.2)
                end_idle(session)

        def teardown(self, worker):
            end_all(session)

    return AsyncFlowPlugin()
