

# MARK: - Engines: Dask


class DaskAdapter:
    """A cluster of Dask: one that runs, one of this bridge's own, or jobs of a batch system by dask-jobqueue."""

    capabilities = ("cancels-waiting", "cancels-running", "reports", "priorities", "resources", "reruns-by-itself")
    QUEUES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster", "lsf": "LSFCluster",
              "htcondor": "HTCondorCluster"}

    def __init__(self, bridge, settings):
        self.bridge, self.settings = bridge, settings
        self.slots, self.offers = None, []
        self.cluster = self.client = None
        self.waiting, self.finished = [], []
        self.is_closing = False
        self.base = "asyncflow-%s" % bridge.session

    def start(self):
        if self.settings["kind"] != "address":
            # A task may have effects: with another worker lost by it, it isn't run again by itself.
            os.environ.setdefault("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
        try:
            import asyncio
            import distributed
            import dask
        except ImportError as error:
            raise Unusable("there is no '%s' for Python %s (%s); install the cluster's own version of it: "
                           "pip install distributed" % (error.name, sys.version.split()[0], sys.executable))
        self.asyncio, self.distributed = asyncio, distributed
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="asyncflow-dask", daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._start(), self.loop).result()
        return "dask %s" % dask.__version__

    async def _start(self):
        settings, distributed = self.settings, self.distributed
        security = distributed.Security(**settings["security"], require_encryption=True) if settings.get("security") \
            else None
        target = settings.get("address")
        try:
            if settings["kind"] == "local":
                self.cluster = await distributed.LocalCluster(
                    asynchronous=True, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=40,
                    **settings["arguments"])
            elif settings["kind"] == "jobqueue":
                self.cluster = self._job_queue()
                await self.cluster
            self.client = await distributed.Client(
                self.cluster or target, asynchronous=True, set_as_default=False, security=security, name="asyncflow",
                timeout=settings["timeout"])
            if settings["kind"] == "jobqueue":
                low, high = settings["jobs"]
                if low == high:
                    self.cluster.scale(jobs=low)
                else:
                    self.cluster.adapt(minimum_jobs=low, maximum_jobs=high)
            self.bridge.link(topic=self.base)
            self.client.subscribe_topic(self.base, self._event)
            await self.client.register_plugin(self._plugin(), name=self.base)
            await self._look()
        except Unusable:
            raise
        except Exception as error:
            if target:
                raise Unusable("no scheduler of Dask can be used at %s: %s" % (target, short(error)))
            raise Unusable("a cluster of Dask can't be started: %s" % short(error))
        self.loop.create_task(self._keep_looking())

    def _job_queue(self):
        try:
            import dask_jobqueue
        except ImportError:
            raise Unusable("there is no 'dask_jobqueue' for Python %s (%s): pip install dask-jobqueue" % (
                sys.version.split()[0], sys.executable))
        return getattr(dask_jobqueue, self.QUEUES[self.settings["queue"]])(
            asynchronous=True, **self.settings["arguments"])

    def _plugin(self):
        make, base, session = self.bridge.loader.named("dask_plugin"), self.base, self.bridge.session

        class Plugin(self.distributed.WorkerPlugin):
            name = base

            def __reduce__(self):
                return make, (base, session)

        return Plugin()

    async def _look(self):
        """Looks which workers there are, and what they offer."""
        try:
            identity = await self.client.scheduler.identity(n_workers=-1)
        except TypeError:
            identity = await self.client.scheduler.identity()
        workers = identity["workers"].values()
        self.offers = [dict(worker.get("resources") or {}) for worker in workers]
        self.slots = sum(worker["nthreads"] for worker in workers) or None
        with self.bridge.lock:
            self.bridge.machine.slots = max(1, self.slots or 1)

    async def _keep_looking(self):
        while True:
            await self.asyncio.sleep(2)
            try:
                await self._look()
            except Exception:
                pass                        # the futures tell of a scheduler that is gone
            if self.client.status in ("closed", "closing", "connecting"):
                self._lose()

    # MARK: Needs

    def wanted(self, needs):
        """The resources of Dask that calls ask for."""
        wanted = {name: count for name, count in needs.get("slots", {}).items()}
        if needs.get("gpus"):
            wanted["GPU"] = needs["gpus"]
        if needs.get("memory"):
            wanted["MEMORY"] = needs["memory"]
        if needs.get("cores", 1) > 1 or any("CORES" in offer for offer in self.offers):
            wanted["CORES"] = needs.get("cores", 1)
        return wanted

    def refusal(self, needs):
        if needs.get("ranks"):
            return "Dask runs tasks of one process; a task of %d ranks needs another backend" % needs["ranks"]
        wanted = self.wanted(needs)
        if not wanted or not self.offers:
            return None
        if any(all(offer.get(name, 0) >= count for name, count in wanted.items()) for offer in self.offers):
            return None
        offered = sorted({"%s=%g" % item for offer in self.offers for item in offer.items()})
        return ("no worker of this Dask cluster offers %s; the workers offer %s; start them with --resources, or leave "
                "the option out" % (", ".join("%s=%g" % item for item in sorted(wanted.items())),
                                    ", ".join(offered) or "no resources but their threads"))

    # MARK: Calls

    def submit(self, batch):
        self.waiting.append(batch)
        if len(self.waiting) == 1:
            self.loop.call_soon_threadsafe(self._submit)

    def _submit(self):
        """Gives Dask what has come together as one graph for each kind."""
        with self.bridge.lock:
            waiting, self.waiting = self.waiting, []
        groups = {}
        for batch in waiting:
            groups.setdefault(batch.kind.index, []).append(batch)
        for batches in groups.values():
            kind = batches[0].kind
            try:
                # The scheduler makes the function and its arguments as well as the worker, and has no relay.
                futures = self.client.map(
                    eval, ["__import__('sys').modules[N].dask_run(*A)"] * len(batches),
                    [{"N": self.bridge.loader.name, "A": (kind.spec, batch.number, self._content(batch))}
                     for batch in batches],
                    key=["%s-%d" % (self.base, batch.number) for batch in batches], pure=False, retries=0,
                    priority=kind.priority, resources=self.wanted(kind.needs) or None)
            except Exception as error:
                for batch in batches:
                    self.bridge.ended(batch, error="Dask doesn't take tasks: %s" % short(error))
                continue
            for batch, future in zip(batches, futures):
                batch.handle = future
                self.loop.create_task(self._wait(batch, future))

    @staticmethod
    def _content(batch):
        # Dask copies bytes, and leaves a bytearray where it is.
        return batch.content if len(batch.content) < 65536 else bytearray(batch.content)

    async def _wait(self, batch, future):
        await self.distributed.wait(future) if not hasattr(future, "_state") else await future._state.wait()
        self.finished.append((batch, future))
        if len(self.finished) == 1:
            self.loop.call_soon(lambda: self.loop.create_task(self._gather()))

    async def _gather(self):
        """Gets the results of what has ended together."""
        finished, self.finished = self.finished, []
        done = [(batch, future) for batch, future in finished if future.status == "finished"]
        for batch, future in finished:
            if future.status != "finished":
                await self._fail(batch, future)
        if not done:
            return
        try:
            results = await self.client.gather([future for _, future in done], errors="raise", direct=False)
        except Exception:
            results = []
            for _, future in done:
                try:
                    results.append(await future.result())
                except Exception as error:
                    results.append(error)
        for (batch, future), data in zip(done, results):
            if isinstance(data, (bytes, bytearray)):
                self.bridge.ended(batch, bytes(data))
            else:
                self.bridge.ended(batch, error="its result is lost: %s" % short(data), worker=self._worker(batch))
            batch.handle = None

    async def _fail(self, batch, future):
        if future.status in ("cancelled", "lost"):
            if self.client.status != "running" or self.client.scheduler_comm is None \
                    or self.client.scheduler_comm.closed():
                return self._lose()
            return self.bridge.ended(batch, error="Dask has cancelled its task", worker=self._worker(batch))
        try:
            error = await future.exception()
        except BaseException as other:
            error = other
        if type(error).__name__ == "KilledWorker":
            last = getattr(error, "last_worker", None)
            worker = "%s of Dask" % (getattr(last, "address", None) or "a worker")
            self.bridge.ended(batch, error="the worker was lost, and Dask has given up: %s" % short(error), worker=worker)
        else:
            self.bridge.ended(batch, error="Dask lost it: %s" % short(error), worker=self._worker(batch))
        batch.handle = None

    def _worker(self, batch):
        return "%s of Dask" % (batch.place or "a worker")

    def _event(self, event):
        """A report of a relay, as an event that the scheduler has passed on."""
        message = event[1]
        frames, worker = message["frames"], message["worker"]
        with self.bridge.lock:
            for kind, number, _ in frames_of(frames):
                call = self.bridge.machine.calls.get(number)
                if call is None or call.batch is None or kind != _STARTED:
                    continue
                if call.batch.place not in (None, worker):
                    say("Dask has lost the worker %s and runs a task again, on %s" % (call.batch.place, worker))
                call.batch.place = worker
        self.bridge.came(frames)

    # MARK: Ends

    def cancel(self, batch, number):
        self.loop.call_soon_threadsafe(lambda: self.loop.create_task(self._cancel(batch, number)))

    async def _cancel(self, batch, number):
        try:
            places = [batch.place] if batch.place else None
            answers = await self.client.run(
                self.bridge.loader.known("dask_cancel"), self.bridge.session, number, workers=places, on_error="ignore")
            if any(answers.values()):
                return                      # the relay stops it, and answers
            with self.bridge.lock:
                is_whole = all(call.is_cancelled for call in batch.calls.values())
            if is_whole and batch.handle is not None:
                await self.client.cancel([batch.handle], force=True)
                return self.bridge.ended(batch)
        except Exception as error:
            say("a task couldn't be cancelled: %s" % short(error))
        # Should it begin all the same, the relay knows that it isn't wanted.
        self.bridge.answer(number, failure(number, _CANCELLED))

    def _lose(self):
        """The scheduler is gone, and with it everything that it had."""
        if self.is_closing:
            return
        self.is_closing = True
        self.bridge.lose_engine("the scheduler of Dask at %s is gone" % (self.settings.get("address") or "the bridge"))

    def close(self):
        self.is_closing = True
        if self.client is not None:
            self.asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(2.5)

    async def _close(self):
        if self.settings["kind"] == "address":
            # The workers stay; what is ours there goes.
            await self.client.unregister_worker_plugin(self.base)
        await self.client.close(1)
        if self.cluster is not None:
            await self.cluster.close(2)

