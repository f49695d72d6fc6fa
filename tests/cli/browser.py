"""Opens a page in Chromium without a window, over its DevTools protocol."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class Browser:
    """One page. `faults` has every error and warning of its console, `requests` every address that it has asked for."""

    def __init__(self, folder, width=1280, height=900, dark=False):
        self.faults, self.requests, self.replies, self.loaded, self.number, self.session = [], [], {}, 0, 0, None
        self.buffer = b""
        ours_out, theirs_in = self._pipe()
        theirs_out, ours_in = self._pipe()
        # The protocol speaks over the descriptors 3 and 4.
        shell = f'exec "$@" 3<&{theirs_out} 4>&{theirs_in}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={folder}/browser",
             "--host-resolver-rules=MAP * ~NOTFOUND", "--force-color-profile=srgb"],
            pass_fds=(theirs_out, theirs_in), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.input, self.output = ours_out, ours_in
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    @staticmethod
    def _pipe():
        """Both ends have numbers above those that the shell redirects."""
        ends = os.pipe()
        moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
        for end in ends:
            os.close(end)
        return moved

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.input)
        os.close(self.output)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        number = self.number
        self._read_until(lambda: number in self.replies, method)
        reply = self.replies.pop(number)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]

    def _read_until(self, done, what, timeout=60):
        end = time.monotonic() + timeout
        while not done():
            if not select.select([self.input], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no answer of the browser to {what}")
            data = os.read(self.input, 1 << 16)
            if not data:
                raise RuntimeError(f"the browser has ended during {what}")
            *messages, self.buffer = (self.buffer + data).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if "id" in message:
            self.replies[message["id"]] = message
        elif method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Runtime.exceptionThrown":
            self.faults.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.faults.append(json.dumps(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.faults.append(json.dumps(parameters["entry"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, path):
        before = self.loaded
        self.call("Page.navigate", url=path.as_uri())
        self._read_until(lambda: self.loaded > before, f"opening {path}")

    def wait_for_load(self, count, timeout=60):
        self._read_until(lambda: self.loaded >= count, "waiting for a new load", timeout)

    def value(self, expression):
        """The value of a JavaScript expression."""
        reply = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(f"{expression}: {reply['exceptionDetails']}")
        return reply["result"].get("value")

    def press(self, key):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key], code="Space" if key == " " else key,
                      **(text if kind == "keyDown" else {}))

    def screenshot(self, path):
        """The whole page."""
        height = self.value("document.documentElement.scrollHeight")
        width = self.value("document.documentElement.clientWidth")
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                            clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        path.write_bytes(base64.b64decode(picture["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])
