"""The rendezvous serves nobody who does not know the job's secret, and lets nobody disturb it."""
import collections
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


def packed(*fields):
    """The fields of a message, as wire.h packs them."""
    return b"".join(struct.pack("<q", field) if isinstance(field, int) else struct.pack("<q", len(field)) + field for field in fields)


def listening_places(process):
    """Addresses and ports, in hexadecimal, on which a process listens."""
    inodes, places = set(), set()
    for fd in os.listdir(f"/proc/{process}/fd"):
        try:
            link = os.readlink(f"/proc/{process}/fd/{fd}")
        except OSError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    for table in ("tcp", "tcp6"):
        for fields in map(str.split, pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]):
            if fields[3] == "0A" and fields[9] in inodes:
                places.add(tuple(fields[1].split(":")))
    return places


def listening_ports(process):
    return {int(port, 16) for _, port in listening_places(process)}


def cpu_seconds(process):
    """Used so far, by all threads."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Flood:
    """Connections to a port of this machine, as fast as two threads make them, at most 20,000. The last 300 of each stay open."""

    def __init__(self, port):
        self.port, self.count, self.ended = port, 0, threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(2)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        held = collections.deque()
        for i in range(10_000):
            if self.ended.is_set():
                break
            connection = socket.socket()
            connection.settimeout(0.2)
            try:
                connection.connect(("127.0.0.1", self.port))
                if i % 3 == 0:
                    connection.send(b"hello")
            except OSError:
                pass
            self.count += 1
            held.append(connection)
            if len(held) > 300:
                held.popleft().close()
            time.sleep(0.0005)
        for connection in held:
            connection.close()


class Recorder(threading.Thread):
    """A man in the middle that passes everything on, remembers what the client said, and can send messages of its own."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = target
        self.said = []  # one recording for each connection
        self.clients, self.servers = [], []  # the two sockets of each connection

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            recording = bytearray()
            self.said.append(recording)
            self.clients.append(client)
            self.servers.append(server)
            threading.Thread(target=self.pump, args=(client, server, recording), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, None), daemon=True).start()

    @staticmethod
    def inject(sockets, message):
        for end in sockets:
            try:
                end.sendall(struct.pack("<I", len(message)) + message)
            except OSError:  # a connection that has ended
                pass

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

    def start_pair_with_relay(self):
        port = free_port()
        middle = Recorder(port)
        middle.start()
        self.addCleanup(middle.listener.close)
        return self.start_pair(port, middle.port), middle

    def test_a_relayed_greeting_lets_nobody_give_a_reason_to_end(self):
        ranks, middle = self.start_pair_with_relay()
        END_REASON = 1
        middle.inject(middle.clients, packed(END_REASON, 69, b"ALL IS LOST", b"CALL THIS NUMBER"))
        status, out = self.finish(ranks[1])
        self.assertEqual(status, 69, out)
        self.assertNotIn("ALL IS LOST", out)
        self.assertIn("was forged or altered on its way", out)
        self.finish(ranks[0])

    def test_a_relayed_greeting_lets_nobody_speak_for_a_rank(self):
        FAREWELL, SET = 8, 0
        for message in (packed(FAREWELL, 1, 0), packed(SET, b"key", b"value")):
            ranks, middle = self.start_pair_with_relay()
            middle.inject(middle.servers, message)
            status, out = self.finish(ranks[0])
            self.assertEqual(status, 69, out)
            self.assertIn("a message to rank 0 was forged or altered on its way", out)
            self.finish(ranks[1])
            for rank in range(2):
                (self.folder / str(rank)).unlink()

    def test_a_store_of_libtorch_that_anybody_may_use_is_not_there(self):
        port = free_port()
        ranks = self.start_pair(port)
        # What a TCPStore client says first: VALIDATE with its magic number, then PING.
        answer, closed = talk(port, b"\x00" + struct.pack("<I", 0x3C85F7CE) + b"\x0d" + struct.pack("<I", 7), limit=10)
        self.assertTrue(closed)
        self.assertEqual(answer, b"")
        self.end_well(ranks)

    def test_a_flood_of_connections_neither_ends_nor_stalls_a_run(self):
        """Thousands of connections, many of them kept open, while few descriptors are left and rank 1 is still to come."""
        port = free_port()
        few_descriptors = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]
        first = self.start(0, 2, port, ["--timeout", 20, "step-slowly", self.folder], few_descriptors)
        self.wait_for_listener(port)
        with Flood(port) as flood:
            second = self.start(1, 2, port, ["--timeout", 20, "step-slowly", self.folder])
            self.wait_for_files(2)  # the ranks have met and made three steps during the flood
            before = flood.count
            self.wait_for(lambda: flood.count > before + 300, "the flood goes on")
            self.assertLess(len(os.listdir(f"/proc/{first.pid}/fd")), 150)
        for rank in (first, second):
            self.assertIsNone(rank.poll(), "still running")
            rank.terminate()
            self.finish(rank)

    def test_a_flood_does_not_keep_rank_0_busy(self):
        port = free_port()
        ranks = self.start_pair(port)
        with Flood(port) as flood:
            start, used = time.monotonic(), cpu_seconds(ranks[0].pid)
            time.sleep(3)
            share = (cpu_seconds(ranks[0].pid) - used) / (time.monotonic() - start)
        self.assertGreater(flood.count, 100)
        self.assertLess(share, 0.5, "of a core")
        self.end_well(ranks)

    def test_without_descriptors_rank_0_goes_on_and_does_not_spin(self):
        port = free_port()
        prefix = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"]
        first = self.start(0, 2, port, ["wait-for-signal", self.folder], prefix)
        self.wait_for_listener(port)
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        second = self.start(1, 2, port, ["wait-for-signal", self.folder])
        self.wait_for_files(2)
        held += [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        start, used = time.monotonic(), cpu_seconds(first.pid)
        time.sleep(2)
        self.assertLess((cpu_seconds(first.pid) - used) / (time.monotonic() - start), 0.5, "of a core")
        for connection in held:
            connection.close()
        self.end_well([first, second])

    def test_slow_and_half_open_greetings_are_closed(self):
        port = free_port()
        ranks = self.start_pair(port)
        greeting = struct.pack("<I", 200) + b"hpcai"
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
            try:
                for byte in greeting * 20:  # a byte now and then, for ever
                    slow.send(bytes([byte]))
                    time.sleep(0.1)
                self.fail("a greeting without end is taken")
            except OSError:
                pass
        self.assertLess(time.monotonic() - start, 15)
        half_open = socket.create_connection(("127.0.0.1", port), timeout=30)
        half_open.shutdown(socket.SHUT_WR)
        self.assertEqual(half_open.recv(10), b"")
        half_open.close()
        self.end_well(ranks)

    def test_once_the_ranks_are_connected_their_own_sockets_take_no_strangers(self):
        port = free_port()
        ranks = self.start_pair(port)
        others = set().union(*(listening_ports(rank.pid) for rank in ranks)) - {port}
        self.assertGreater(len(others), 0, "Gloo listens, too")
        for other in others:
            with socket.socket() as probe:
                probe.settimeout(0.5)
                self.assertNotEqual(probe.connect_ex(("127.0.0.1", other)), 0)
        self.end_well(ranks)

    def test_only_the_chosen_address_listens(self):
        port = free_port()
        ranks = self.start_pair(port)
        listening = {address for rank in ranks for address, _ in listening_places(rank.pid)}
        self.assertEqual(listening, {"0100007F"}, "only 127.0.0.1, for the rendezvous and for Gloo")
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.2", port)), 0)
        self.end_well(ranks)


if __name__ == "__main__":
    unittest.main()
