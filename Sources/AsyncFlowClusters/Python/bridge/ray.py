

# MARK: - Engines: Ray


class RayAdapter(ExecutorAdapter):
    """A cluster of Ray that runs. Its workers can reach the bridge, as they have to reach every driver, so calls are
    cancelled and report something as on an executor of this machine."""

    capabilities = ("cancels-waiting", "cancels-running", "reports", "resources")

    def start(self):
        try:
            import ray
        except ImportError:
            raise Unusable("there is no 'ray' for Python %s (%s); install the cluster's own version of it, for the same "
                           "version of Python: pip install ray" % (sys.version.split()[0], sys.executable))
        self.ray = ray
        settings = self.settings
        if settings.get("token"):
            os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=settings["token"])
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            ray.init(address=settings["address"], log_to_driver=False, configure_logging=False, include_dashboard=None)
            own = ray.util.get_node_ip_address()
            self.nodes = [dict(node["Resources"]) for node in ray.nodes() if node.get("Alive", True)]
        except BaseException as error:
            raise Unusable("no cluster of Ray can be used at '%s': %s" % (settings["address"], short(error)))
        if not settings.get("token") and not own.startswith("127.") and not os.environ.get("RAY_USE_TLS"):
            say("this cluster of Ray has neither a token nor TLS: whoever can reach it can run code on it")
        self.listener = Listener(self, own)
        self.bridge.link(address=self.listener.address, token=self.listener.token.hex())
        self.has_begun = True               # every worker asks before it begins
        self.slots = int(sum(node.get("CPU", 0) for node in self.nodes)) or None
        loader = self.bridge.loader
        expression, space = loader.EXPRESSION, loader.space()

        def asyncflow(text, batch, content):
            return eval(expression, dict(space))(text, batch, content)

        self.function = ray.remote(asyncflow)
        return "ray %s" % ray.__version__

    def wanted(self, needs):
        """The resources of Ray that calls ask for."""
        wanted = dict(needs.get("slots", {}), CPU=needs.get("cores", 1))
        if needs.get("gpus"):
            wanted["GPU"] = needs["gpus"]
        if needs.get("memory"):
            wanted["memory"] = needs["memory"]
        return wanted

    def refusal(self, needs):
        if needs.get("ranks"):
            return "Ray runs tasks of one process; a task of %d ranks needs another backend" % needs["ranks"]
        wanted = self.wanted(needs)
        if self.settings.get("grows") or any(
                all(node.get(name, 0) >= count for name, count in wanted.items()) for node in self.nodes):
            return None
        offered = sorted({"%s=%g" % item for node in self.nodes for item in node.items()
                          if not item[0].startswith("node:") and item[0] != "object_store_memory"})
        return ("no node of this Ray cluster has %s; there is %s; leave the option out, or say that the cluster grows" % (
            ", ".join("%s=%g" % item for item in sorted(wanted.items())), ", ".join(offered)))

    def submit(self, batch):
        wanted = self.wanted(batch.kind.needs)
        reference = self.function.options(
            name="asyncflow", max_retries=0, num_cpus=wanted.pop("CPU"), num_gpus=wanted.pop("GPU", 0),
            memory=wanted.pop("memory", None), resources=wanted or None).remote(
                batch.kind.spec, batch.number, batch.content)
        batch.handle = reference
        reference.future().add_done_callback(lambda future: self._done(batch, future))

    def describe(self, error):
        return {
            "OutOfMemoryError": "Ray ended its worker because the node ran out of memory: ",
            "NodeDiedError": "the node of its worker is gone: ",
            "WorkerCrashedError": "Ray's worker has crashed: ",
        }.get(type(error).__name__, "Ray lost it: ") + short(error)

    def cancel(self, batch, number):
        if batch.place is not None:
            return batch.place.cancel(number)
        # It begins only after it has asked, and then learns that it isn't wanted.
        with self.bridge.lock:
            is_whole = all(call.is_cancelled for call in batch.calls.values())
        if is_whole:
            try:
                self.ray.cancel(batch.handle)
            except Exception:
                pass
        self.bridge.answer(number, failure(number, _CANCELLED))

    def close(self):
        self.listener.close()
        self.ray.shutdown()
