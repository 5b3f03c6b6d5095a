

# MARK: - Which call is where


class Call:
    __slots__ = ("number", "frame", "batch", "is_cancelled")

    def __init__(self, number, content):
        self.number, self.frame, self.batch, self.is_cancelled = number, content, None, False


class Kind:
    """Calls of one function that ask for the same: only they can be in one batch."""

    def __init__(self, index, definition, common):
        self.index, self.definition = index, definition
        self.priority = int(definition.get("priority", 0))
        self.grace = min(1e9, max(0.0, float(definition.get("grace", 5))))
        self.needs = {name: definition[name] for name in ("cores", "memory", "gpus", "ranks", "slots")
                      if definition.get(name)}
        self.waiting = collections.deque()
        self.estimate = None            # what a call takes, in seconds; None if none has ended
        self.refusal = None
        if definition["kind"] not in common["process"]:
            self.refusal = "this program can't be started as a worker"
            return
        spec = dict(common["process"][definition["kind"]], **common["link"])
        spec.update({name: definition[name] for name in ("function", "task", "signature") if name in definition})
        spec.update(index=index, grace=self.grace)
        self.spec = json.dumps(spec, sort_keys=True)

    def is_waiting(self):
        """Whether a call waits. Those that were cancelled are only left out when their turn comes."""
        while self.waiting and self.waiting[0].is_cancelled:
            self.waiting.popleft()
        return bool(self.waiting)

    def took(self, seconds):
        # What takes longer counts at once; what takes less has to show it for a while.
        old = self.estimate
        self.estimate = seconds if old is None or seconds > old else old * 0.8 + seconds * 0.2


class Batch:
    """Calls that an engine runs as one task of its own."""

    def __init__(self, number, kind, calls):
        self.number, self.kind = number, kind
        self.calls = {call.number: call for call in calls}      # those that aren't answered
        self.content = b"".join(call.frame for call in calls)
        self.handle = None              # the engine's
        self.place = None               # where it has begun, as the engine's adapter knows it
        self.is_over = False


class Machine:
    """Decides which calls go to the engine, together with which others, and what becomes of them. It touches nothing but
    itself; what is to be done is returned, or found in `out` as frames for the program."""

    BATCH = 0.02                        # how long a batch is to take, in seconds
    LARGEST = 1000                      # how many calls a batch has at most

    def __init__(self, slots):
        self.slots = max(1, slots)
        self.kinds, self.calls, self.batches = {}, {}, {}
        self.last = 0
        self.out = []

    @property
    def limit(self):
        """How many batches an engine has at a time: enough for one that grows by what waits, and no more, so that what
        is urgent is never behind everything."""
        return max(16, 4 * self.slots)

    def define(self, index, kind):
        self.kinds[index] = kind

    def add(self, number, index, content):
        kind = self.kinds.get(index)
        if kind is None:
            raise ValueError("the program calls the function %d, which it hasn't defined" % index)
        if number in self.calls:
            raise ValueError("the program uses the number %d twice" % number)
        if kind.refusal:
            self.out.append(refusal(number, kind.refusal))
            return
        call = self.calls[number] = Call(number, content)
        kind.waiting.append(call)

    def next_batch(self):
        """The batch that is to be given to the engine now; None if there is none, or no room for it."""
        if len(self.batches) >= self.limit:
            return None
        waiting = [kind for kind in self.kinds.values() if kind.is_waiting()]
        if not waiting:
            return None
        kind = max(waiting, key=lambda kind: (kind.priority, -kind.waiting[0].number))
        size = 1
        if kind.estimate is not None:
            size = int(min(self.LARGEST, self.BATCH / max(kind.estimate, 1e-6)))
            # What waits is shared by all workers.
            size = max(1, min(size, -(-len(kind.waiting) // self.slots)))
        calls = []
        while len(calls) < size and kind.is_waiting():
            calls.append(kind.waiting.popleft())
        self.last += 1
        batch = self.batches[self.last] = Batch(self.last, kind, calls)
        for call in calls:
            call.batch = batch
        return batch

    def cancel(self, number):
        """The batch that has to be told; None if the call has ended, or hadn't begun."""
        call = self.calls.get(number)
        if call is None or call.is_cancelled:
            return None
        call.is_cancelled = True
        if call.batch is not None:
            return call.batch
        self.answer(number, failure(number, _CANCELLED))
        return None

    def answer(self, number, content):
        """The outcome of a call, of which only the first counts."""
        call = self.calls.pop(number, None)
        if call is None:
            return False
        if call.batch is not None:
            call.batch.calls.pop(number, None)
        self.out.append(content)
        return True

    def came(self, data, batch=None):
        """Frames have come from a relay: outcomes and reports."""
        for kind, number, content in frames_of(data):
            call = self.calls.get(number)
            if call is None or (batch is not None and call.batch is not batch):
                continue
            if kind in (_RESULT, _FAILURE) and len(content) >= 21:
                if kind == _RESULT and call.batch is not None:
                    call.batch.kind.took(_outcome_head.unpack_from(content, 5)[1] / 1e9)
                self.answer(number, content)
            elif kind in (_STARTED, _PROGRESS, _CUSTOM, _LOG):
                self.out.append(content)

    def ended(self, batch, data=b"", error=None, worker="a worker of the engine"):
        """The engine is done with a batch. Each call is answered now, if it wasn't before."""
        if batch.is_over:
            return
        batch.is_over = True
        self.batches.pop(batch.number, None)
        self.came(data, batch)
        for number, call in list(batch.calls.items()):
            if call.is_cancelled:
                self.answer(number, failure(number, _CANCELLED))
            elif isinstance(error, Refused):
                self.answer(number, refusal(number, str(error)))
            else:
                self.answer(number, loss(number, worker, error or "it gave no answer for the call"))
        batch.content = b""
