"""The rendezvous serves nobody who does not know the job's secret, and lets nobody disturb it."""
import os
import pathlib
import signal
import socket
import struct
import threading
import time
import unittest

from processes import Case, free_port

WELCOME = b"welcome"


def talk(port, data, limit=10):
    """Sends bytes to the port; what comes back until the other side closes, and whether it did."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=limit) as connection:
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            return answer, False
        except OSError:
            pass
    return answer, True


class Recorder(threading.Thread):
    """A man in the middle that passes everything on and remembers what the client said."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = target
        self.said = []  # one recording for each connection

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            recording = bytearray()
            self.said.append(recording)
            threading.Thread(target=self.pump, args=(client, server, recording), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, None), daemon=True).start()

    @staticmethod
    def pump(source, sink, recording):
        try:
            while piece := source.recv(65536):
                if recording is not None:
                    recording.extend(piece)
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Strangers(Case):
    def start_pair(self, port, second_port=None, **variables):
        ranks = [self.start(0, 2, port, ["wait-for-signal", self.folder], **variables)]
        self.wait_for_listener(port)
        ranks.append(self.start(1, 2, second_port or port, ["wait-for-signal", self.folder], **variables))
        self.wait_for_files(2)
        return ranks

    def end_well(self, ranks):
        for rank in ranks:
            rank.send_signal(signal.SIGTERM)
        for rank in ranks:
            status, out = self.finish(rank)
            self.assertEqual(status, 75, out)

    def test_another_secret_is_refused_at_once_and_the_run_waits_for_the_right_one(self):
        port = free_port()
        first = self.start(0, 2, port, ["collectives"], HPCAI_SECRET="correct horse")
        self.wait_for_listener(port)
        start = time.monotonic()
        status, out = self.finish(self.start(1, 2, port, ["collectives"], HPCAI_SECRET="battery staple"))
        refused_after = time.monotonic() - start
        self.assertEqual(status, 69, out)
        self.assertIn("with another secret", out)
        self.assertIn("HPCAI_SECRET must be the same for all ranks", out)
        right = self.start(1, 2, port, ["collectives"], HPCAI_SECRET="correct horse")
        start = time.monotonic()
        status, out = self.finish(right)
        self.assertEqual(status, 0, out)
        self.assertEqual(self.finish(first)[0], 0)
        # Refusal waits for nothing: neither for the 15 s that an answer may take nor for the end of connect_timeout.
        self.assertLess(refused_after, time.monotonic() - start + 10)

    def test_a_secret_file_must_be_private(self):
        secret = self.folder / "secret"
        secret.write_text("from a file\n")
        port = free_port()
        for mode, words in ((0o644, "chmod 600"), (0o666, "chmod 600")):
            secret.chmod(mode)
            status, out = self.finish(self.start(0, 2, port, ["collectives"], HPCAI_SECRET_FILE=secret))
            self.assertEqual(status, 2, out)
            self.assertIn(words, out)
        secret.chmod(0o600)
        ranks = [self.start(0, 2, port, ["collectives"], HPCAI_SECRET_FILE=secret),
                 self.start(1, 2, port, ["collectives"], HPCAI_SECRET="from a file")]
        for rank in ranks:
            status, out = self.finish(rank)
            self.assertEqual(status, 0, out)
        status, out = self.finish(self.start(0, 2, port, ["collectives"], HPCAI_SECRET_FILE=self.folder / "none"))
        self.assertEqual(status, 66, out)

    def test_garbage_silence_and_scans_do_not_disturb_a_run(self):
        port = free_port()
        ranks = self.start_pair(port)
        garbage = [b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", os.urandom(100_000), b"\0" * 4096, b"\xff" * 4096,
                   struct.pack("<I", 64 << 20), struct.pack("<I", 8) + b"\0" * 8, struct.pack("<I", 20) + struct.pack("<q", -1) + b"x" * 12]
        for data in garbage:
            answer, closed = talk(port, data)
            self.assertTrue(closed, f"{data[:20]!r} is not shown the door")
            self.assertNotIn(WELCOME, answer)
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for connection in silent:
            connection.settimeout(30)
            self.assertEqual(connection.recv(10), b"", "who says nothing is shown the door")
            connection.close()
        for _ in range(200):  # a port scan
            socket.create_connection(("127.0.0.1", port)).close()
        self.end_well(ranks)

    def test_a_recorded_greeting_is_worth_nothing(self):
        port = free_port()
        middle = Recorder(port)
        middle.start()
        self.addCleanup(middle.listener.close)
        ranks = self.start_pair(port, middle.port)
        recordings = [bytes(said) for said in middle.said if b"hpcai-train ranks" in said]
        self.assertGreater(len(recordings), 0, "nothing was recorded")
        for recording in recordings:
            answer, closed = talk(port, recording)
            self.assertTrue(closed)
            self.assertNotIn(WELCOME, answer)
        self.end_well(ranks)

    def test_a_store_of_libtorch_that_anybody_may_use_is_not_there(self):
        port = free_port()
        ranks = self.start_pair(port)
        # What a TCPStore client says first: VALIDATE with its magic number, then PING.
        answer, closed = talk(port, b"\x00" + struct.pack("<I", 0x3C85F7CE) + b"\x0d" + struct.pack("<I", 7), limit=10)
        self.assertTrue(closed)
        self.assertEqual(answer, b"")
        self.end_well(ranks)

    def test_only_the_chosen_address_listens(self):
        port = free_port()
        ranks = self.start_pair(port)
        listening = set()
        for rank in ranks:
            inodes = set()
            for fd in os.listdir(f"/proc/{rank.pid}/fd"):
                try:
                    link = os.readlink(f"/proc/{rank.pid}/fd/{fd}")
                except OSError:
                    continue
                if link.startswith("socket:["):
                    inodes.add(link[8:-1])
            for table in ("tcp", "tcp6"):
                for fields in map(str.split, pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]):
                    if fields[3] == "0A" and fields[9] in inodes:
                        listening.add(fields[1].split(":")[0])
        self.assertEqual(listening, {"0100007F"}, "only 127.0.0.1, for the rendezvous and for Gloo")
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.2", port)), 0)
        self.end_well(ranks)


if __name__ == "__main__":
    unittest.main()
