"""A service of images on this machine that answers each object as a test wants it."""
import base64
import collections
import http.server
import struct
import threading
import time
import urllib.parse
import zlib

JPEG = base64.b64decode(  # 16 x 16 pixels, made with Pillow
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/wAALCAAQ"
    "ABABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAAEF/8QAHhAAAgICAgMAAAAAAAAAAAAABREAAQIEFCGBofH/2gAIAQEAAD8Axxo69zNV9kJjctK7ptdeYFkr07agkR5e"
    "T7Xuf//Z")


def noise(side=16):
    """A PNG image whose rows differ."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = b"".join(b"\0" + bytes((7 * x * y + x) % 256 for x in range(side)) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def flipped(content, at):
    return content[:at] + bytes((content[at] ^ 1,)) + content[at + 1:]


# An answer is (status, headers, body). A Content-Length that is not given is that of the body.
GOOD, GOOD_PNG = (200, {}, JPEG), (200, {}, noise())
WEB_PAGE = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Maintenance</title>")


class Service(http.server.ThreadingHTTPServer):
    """Gives each object its answers in turn, the last one again and again."""
    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.times, self.lock = answers, collections.defaultdict(list), threading.Lock()
        self.paths, self.open, self.held = [], threading.Event(), 1 << 30
        self.open.set()

    def requests(self):
        return {name: len(times) for name, times in self.times.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)["id"][0]
        service = self.server
        with service.lock:
            service.times[name].append(time.monotonic())
            service.paths.append(self.path)
            answers = service.answers.get(name, [GOOD])
            answer = answers[min(len(service.times[name]), len(answers)) - 1]
            held = len(service.paths) > service.held
        if held:
            service.open.wait(60)
        if answer == "slow":
            time.sleep(3)
            return
        status, headers, body = answer
        self.send_response(status)
        for key, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
