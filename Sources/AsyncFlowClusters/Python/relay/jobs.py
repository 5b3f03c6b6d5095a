

# MARK: - Batches


_HELD = 10000                           # how many reports are kept for the end of a batch
_jobs = {}                              # by the number of a call: the job that has it
_batches = {}                           # by their numbers
_early = collections.OrderedDict()      # numbers of calls that were cancelled before their batch came


class Job:
    """A batch of calls while it runs. Its calls run one after the other."""

    def __init__(self, spec, batch, content, channel):
        self.spec, self.batch, self.channel = spec, batch, channel
        self.session = spec["session"]
        self.calls = collections.OrderedDict()      # those that aren't answered, in their order: number -> frame
        self.outcomes = []
        self.held = []                              # reports on their way
        self.began = time.monotonic()
        self.deadlines = {}                         # of cancelled calls
        self.sent = set()
        self.process = None
        self.is_released = False                    # whether nobody wants it any more
        self.lock = threading.RLock()
        position = 0
        while position < len(content):
            size, kind = _head.unpack_from(content, position)
            number, _ = _place.unpack_from(content, position + 5)
            self.calls[number] = content[position:position + size + 4]
            position += size + 4
        self.numbers = list(self.calls)

    def cancel(self, number, grace=None):
        """Has a call stopped; what doesn't stop within its grace period is killed. On any thread."""
        grace = self.spec["grace"] if grace is None else grace
        with self.lock:
            if number not in self.calls or number in self.deadlines:
                return
            self.deadlines[number] = time.monotonic() + grace
            process = self.process if number in self.sent else None
        if process is not None:
            process.send(_frame(_CANCEL, _number.pack(number)))

    def release(self, grace):
        """Has all calls stopped, because the program that wants them is most likely gone."""
        self.is_released = True
        for number in list(self.calls):
            self.cancel(number, grace)

    def run(self):
        """Runs the calls, and returns what each ended with."""
        with _lock:
            _batches[self.session, self.batch] = self
            for number in self.numbers:
                _jobs[self.session, number] = self
            early = [number for number in self.calls if _early.pop((self.session, number), None)]
        for number in early:
            self.cancel(number)
        try:
            if self.channel is not None:
                for number in self.channel.begin(self.batch):
                    self.cancel(number)
            while self.calls:
                self._answer_cancelled()
                if not self.calls:
                    break
                try:
                    process = _take(self.spec)
                except Unstartable as error:
                    for number in list(self.calls):
                        self._answer(number, _failure(number, _REFUSED, [("asyncflow.Refused", str(error))]))
                    break
                if not self._serve(process):
                    break
        finally:
            with _lock:
                _batches.pop((self.session, self.batch), None)
                for number in self.numbers:
                    _jobs.pop((self.session, number), None)
        return b"".join(self.outcomes)

    def _answer(self, number, frame):
        with self.lock:
            if self.calls.pop(number, None) is None:
                return
            self.deadlines.pop(number, None)
            self.outcomes += self.held      # what is reported by a call comes before its end
            self.held = []
            self.outcomes.append(frame)

    def _answer_cancelled(self):
        """Answers those that were cancelled before a process got them."""
        for number in list(self.deadlines):
            if number not in self.sent:
                self._answer(number, _failure(number, _CANCELLED))

    def _serve(self, process):
        """Has a process run the calls.

        Returns whether there are some left, which another process has to run."""
        with self.lock:
            self.process = process
            numbers = [number for number in self.calls if number not in self.deadlines]
            self.sent = set(numbers)
            parts = []
            for number in numbers:
                parts += self._parts(process, number)
            process.send(*parts)    # with the lock: a cancellation comes behind its call
        while any(number in self.calls for number in numbers):
            self._answer_cancelled()
            now = time.monotonic()
            limit = min(self.deadlines.values(), default=now + _SLICE)
            if limit <= now:
                process.kill()
                return self._lose(process)
            self._take_frames(process)
            if not any(number in self.calls for number in numbers):
                break
            if not process.is_open:
                process.close(1.0)
                return self._lose(process)
            process.wait(min(_SLICE, limit - now))
        with self.lock:
            self.process = None
        if self.is_released:
            process.close(0.2)
        else:
            _give_back(process)
        return True

    def _parts(self, process, number):
        """What is written for a call: its frame, behind the definition of its function if that is new there."""
        frame = self.calls[number]
        index = self.spec["index"]
        if self.spec["language"] == "python":
            if index in process.defined:
                return [frame]
            process.defined.add(index)
            return [_frame(_DEFINE, struct.pack("<I", index), self.spec["function"].encode("utf-8")), frame]
        place, signature = process.tasks.get(self.spec["task"], (None, None))
        if place is None or signature != self.spec["signature"]:
            there = "there it is " + signature if signature else "it knows only: " + ", ".join(sorted(process.tasks))
            self._answer(number, _failure(number, _REFUSED, [("asyncflow.Refused", (
                "the worker on %s can't run the portable task %s: %s; name it in the list for "
                "WorkflowWorker.serveIfLaunchedAsOne, and use the same program at both ends") % (
                    process.host, self.spec["signature"], there))]))
            return []
        return [frame[:13], struct.pack("<I", place), memoryview(frame)[17:]]

    def _take_frames(self, process):
        while True:
            frame = process.next()
            if frame is None:
                break
            kind = frame[4]
            if kind in (_RESULT, _FAILURE):
                if len(frame) < 21:
                    process.is_open = False
                    break
                if kind == _FAILURE:        # with the place where it happened, which only the relay knows
                    place = process.place()
                    frame = _head.pack(len(frame) - 4 + len(place), kind) + frame[5:] + place
                self._answer(_number.unpack_from(frame, 5)[0], frame)
            elif kind in (_STARTED, _PROGRESS, _CUSTOM, _LOG):
                self.held.append(frame)
            elif kind != _PONG:
                process.is_open = False     # garbage
                break
        channel = self.channel
        if not self.held:
            return
        if channel is not None and time.monotonic() - self.began >= channel.delay:
            data, self.held = b"".join(self.held), []
            channel.report(data)
        elif len(self.held) > _HELD:
            del self.held[:_HELD // 2]      # nobody reads so many at the end

    def _lose(self, process):
        """The process has ended: the first call that it had isn't answered was running, others hadn't begun."""
        self._take_frames(process)
        with self.lock:
            self.process = None
            left = [number for number in self.calls if number in self.sent]
            self.sent = set()
        for number in left[:1]:
            if number in self.deadlines:
                self._answer(number, _failure(number, _CANCELLED))
            else:
                code = process.child.returncode
                self._answer(number, _failure(number, _LOST, [], json.dumps({
                    "worker": process.name, "host": process.host, "processID": process.id, "reason": process.end(),
                    "signal": -code if code is not None and code < 0 else None,
                    "exitCode": code if code is not None and code >= 0 else None,
                    "crashMessage": process.crash(), "standardErrorTail": process.tail()}).encode("utf-8")))
        return bool(self.calls)


def cancel(session, number):
    """Cancels a call, whether its batch has come or not. Returns whether it has."""
    with _lock:
        job = _jobs.get((session, number))
        if job is None:
            _early[session, number] = True
            while len(_early) > 10000:
                _early.popitem(last=False)
    if job is not None:
        job.cancel(number)
    return job is not None


_specs = {}


def spec_of(text):
    """What is to be known of a kind of calls, read once."""
    spec = _specs.get(text)
    if spec is None:
        if len(_specs) > 1000:
            _specs.clear()
        spec = _specs[text] = json.loads(text)
    return spec
