"""Drives a headless Chromium through its DevTools protocol: a JSON object a line in, a JSON object a line out.

usage: driver.py <chromium> <profile folder>

Steps: {"do": "open", "url"}, {"do": "evaluate", "script"}, {"do": "wait", "script"} (until it is true),
{"do": "press", "key", "shift"?}, {"do": "media", "name", "value"}, {"do": "size", "width", "height"},
{"do": "screenshot", "path"}, {"do": "errors"} (what the page's console said since the last time).
Answers: {"value": …} or {"error": "…"}. Ends with its input.
"""

import base64
import json
import os
import subprocess
import sys
import time

WAIT_SECONDS = 60
KEY_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


class Chromium:
    def __init__(self, program, profile):
        to_browser, self.commands = os.pipe()
        self.messages, from_browser = os.pipe()
        # Above the numbers that they get in the child.
        ends = [os.dup2(end, 50 + index) for index, end in enumerate((to_browser, from_browser))]

        def take_places():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=take_places, pass_fds=(3, 4))
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self.rest = b""
        self.number = 0
        self.errors = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def read(self):
        while b"\0" not in self.rest:
            part = os.read(self.messages, 1 << 16)
            if not part:
                raise RuntimeError("the browser has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.note(answer)

    def note(self, event):
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])

    def evaluate(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def step(self, step):
        what = step["do"]
        if what == "open":
            self.call("Page.navigate", url=step["url"])
        elif what == "evaluate":
            return self.evaluate(step["script"])
        elif what == "wait":
            end = time.monotonic() + WAIT_SECONDS
            while True:
                try:
                    if self.evaluate(step["script"]):
                        break
                    trouble = None
                except RuntimeError as error:  # a page that isn't there yet has no elements
                    trouble = error
                if time.monotonic() > end:
                    raise RuntimeError(f"still not so: {step['script']}; {trouble or ''} the page said {self.errors}")
                time.sleep(0.02)
        elif what == "press":
            key = step["key"]
            parameters = {"key": key, "modifiers": 8 if step.get("shift") else 0,
                          "windowsVirtualKeyCode": KEY_CODES.get(key, ord(key[0]))}
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else None)
            self.call("Input.dispatchKeyEvent", type="keyDown", **parameters, **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)
        elif what == "media":
            self.call("Emulation.setEmulatedMedia", features=[{"name": step["name"], "value": step["value"]}])
        elif what == "size":
            self.call("Emulation.setDeviceMetricsOverride", width=step["width"], height=step["height"],
                      deviceScaleFactor=1, mobile=False)
        elif what == "screenshot":
            data = self.call("Page.captureScreenshot", format="png")["data"]
            with open(step["path"], "wb") as file:
                file.write(base64.b64decode(data))
        elif what == "errors":
            errors, self.errors = self.errors, []
            return errors
        else:
            raise RuntimeError(f"there is no step '{what}'")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    browser = Chromium(sys.argv[1], sys.argv[2])
    try:
        for line in sys.stdin:
            try:
                answer = {"value": browser.step(json.loads(line))}
            except Exception as error:  # whatever it is, the test is told
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)
    finally:
        browser.close()


main()
