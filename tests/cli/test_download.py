"""scripts/download_galaxies.py against a service that misbehaves: each object is fetched, or the manifest tells why not."""
import contextlib
import csv
import email.utils
import gzip
import io
import json
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest.mock
import urllib.parse

from cutout_service import GOOD, GOOD_PNG, JPEG, WEB_PAGE, Service, flipped, noise
from harness import SOURCE, Case, environment, free_port, main
from pictures import png

SCRIPT = SOURCE / "scripts" / "download_galaxies.py"
sys.path.insert(0, str(SCRIPT.parent))
import download_galaxies  # noqa: E402
from cutouts.fetch import retry_after_s  # noqa: E402


class Download(Case):
    def serve(self, answers=()):
        service = Service(dict(answers))
        threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        self.addCleanup(service.open.set)
        self.url = f"http://127.0.0.1:{service.server_port}/cut?ra={{ra}}&dec={{dec}}&id={{id}}"
        return service

    def catalogue(self, names, file="g.csv"):
        rows = [f"{name},{i % 360}.5,{-i % 90},{('spiral', 'elliptical')[i % 2]}" for i, name in enumerate(names)]
        (self.folder / file).write_text("\n".join(["objID,ra,dec,label", *rows, ""]))

    def start_download(self, *arguments, env=None, catalogue="g.csv", url=None, **options):
        variables = environment(no_proxy="*", PYTHONDONTWRITEBYTECODE="1")
        variables.update(env or {})
        command = [sys.executable, SCRIPT, "--catalogue", catalogue, "--out", "im", "--rate", "500", "--backoff", "0.01"]
        if "--survey" not in arguments:
            command += ["--url", url or self.url]
        return subprocess.Popen([*map(str, command), *map(str, arguments)], cwd=self.folder, env=variables, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def download(self, *arguments, status=0, **options):
        process = self.start_download(*arguments, **options)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, out + err)
        self.assertNotIn("Traceback", err)
        if status:
            self.assertIn("error:", err)
        return out, err

    def refused(self, status, *arguments, catalogue="g.csv", url=None):
        """What the script tells, without a process of its own, of a call that fetches nothing."""
        command = [str(SCRIPT), "--catalogue", str(self.folder / catalogue), "--out", str(self.folder / "im")]
        if "--survey" not in arguments:
            command += ["--url", url or self.url]
        told = io.StringIO()
        with unittest.mock.patch.object(sys, "argv", [*command, *map(str, arguments)]), contextlib.redirect_stderr(told):
            try:
                found = download_galaxies.main()
            except SystemExit as error:  # of argparse
                found = error.code
        self.assertEqual(found, status, told.getvalue())
        self.assertIn("error:", told.getvalue())
        return told.getvalue()

    def counts(self, *arguments, **options):
        return json.loads(self.download("--json", *arguments, **options)[0])

    def rows(self, name):
        with open(self.folder / "im" / name, newline="") as file:
            return list(csv.DictReader(file))

    def states(self):
        return {row["id"]: row["status"] for row in self.rows("manifest.csv")}

    def check_folder(self):
        """Checksums hold, the labels name the images that are there, and no temporary file is left."""
        images = {row["file"] for row in self.rows("labels.csv")}
        self.assertEqual({p.name for p in (self.folder / "im").iterdir()}, images | {"manifest.csv", "labels.csv", "SHA256SUMS"})
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=self.folder / "im", check=True)

    def test_every_answer_has_its_outcome(self):
        damaged = {
            "cut": (200, {"Content-Length": len(JPEG)}, JPEG[:90]), "longer": (200, {"Content-Length": len(JPEG) + 10}, JPEG),
            "shorter": (200, {"Content-Length": len(JPEG) - 10}, JPEG), "page": WEB_PAGE, "empty": (200, {}, b""),
            "half jpeg": (200, {}, JPEG[:-40]), "marker": (200, {}, flipped(JPEG, 20)), "half png": (200, {}, noise()[:-20]),
            "pixels": (200, {}, flipped(noise(), 60)), "sum": (200, {}, flipped(noise(), len(noise()) - 1)),
            "text": (200, {}, b"no such plate"), "small": (200, {}, noise(4)),
            "busy": (503, {}, b""), "later": (429, {"Retry-After": "1"}, b"")}
        final = {"none": 404, "bad": 400, "denied": 403}
        answers = {name: [answer, GOOD] for name, answer in damaged.items()}
        answers |= {name: [(status, {}, b"")] for name, status in final.items()}
        answers |= {"twice": [(500, {}, b""), (500, {}, b""), GOOD_PNG], "never": [(500, {}, b"")], "page again": [WEB_PAGE],
                    "away": [(302, {"Location": "/cut?id=target"}, b"")], "loop": [(302, {"Location": "/cut?id=loop"}, b"")],
                    "grey": [(200, {}, png(9, 9, 9))]}
        service = self.serve(answers)
        self.catalogue([*answers, "plain", "587722984435351614", "a/../b"])
        out, err = self.download("--json", "--retries", 3, status=69)
        summary = json.loads(out)
        self.assertRegex(err, r"\d+ of 26 fetched, 7 without an image, [\d.]+ a second, 0 min left")

        images = {*damaged, "twice", "away", "plain", "587722984435351614", "a/../b"}
        expected = {name: "ok" for name in images} | {name: f"no image: HTTP {status}" for name, status in final.items()}
        expected |= {"never": "failed: HTTP 500", "page again": "failed: a web page instead of an image", "loop": "no image: HTTP 302",
                     "grey": "no image: an image of one colour"}
        self.assertEqual(self.states(), expected)
        self.assertEqual((summary["status"], summary["images"], summary["no_image"], summary["failed"], summary["not_tried"]),
                         (69, len(images), 5, 2, 0))
        tries = service.requests()
        loops = tries.pop("loop")
        self.assertGreater(loops, 1)
        self.assertEqual(tries, {name: 2 for name in damaged} | {name: 1 for name in final} | {
            "twice": 3, "never": 4, "page again": 4, "away": 1, "target": 1, "grey": 1, "plain": 1, "587722984435351614": 1, "a/../b": 1})
        self.assertGreaterEqual(service.times["later"][1] - service.times["later"][0], 0.99, "Retry-After")
        self.check_folder()
        rows = {row["objID"]: row for row in self.rows("labels.csv")}
        self.assertEqual(rows["twice"]["file"], "twice.png")
        self.assertEqual((self.folder / "im" / "twice.png").read_bytes(), noise())
        self.assertEqual(rows["a/../b"]["file"], "a%2F..%2Fb.jpg")

        service.times.clear()
        self.download("--retries", 0, status=69)
        self.assertEqual(set(service.requests()), {"never", "page again"}, "what may pass is tried again")
        service.times.clear()
        service.answers = {}
        self.download("--retry-failed")
        self.assertEqual(set(service.requests()), {"never", "page again", "loop", "grey", *final})
        self.assertEqual(set(self.states().values()), {"ok"})
        self.check_folder()

    def test_retry_after_is_seconds_or_a_date(self):
        later = email.utils.formatdate(time.time() + 900, usegmt=True)
        self.assertAlmostEqual(retry_after_s(later), 900, delta=100)
        for text, seconds in (("120", 120), ("99999999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("-3", None), (None, None)):
            self.assertEqual(retry_after_s(text), seconds, text)

    def test_a_slow_answer_is_given_up(self):
        service = self.serve({"g0": ["slow", GOOD]})
        self.catalogue(["g0", "g1"])
        self.download("--timeout", 0.5, "--retries", 9)
        self.assertGreaterEqual(service.requests()["g0"], 2)
        self.check_folder()

    def test_all_workers_share_the_rate(self):
        service = self.serve({"g3": [(302, {"Location": "/cut?id=g3b"}, b"")]})
        self.catalogue([f"g{i}" for i in range(20)])
        begin = time.monotonic()
        self.download("--rate", 20, "--workers", 8)
        times = sorted(t for several in service.times.values() for t in several)
        self.assertEqual(len(times), 21)
        self.assertGreaterEqual(times[-1] - begin, 20 / 20, "21 requests have 20 pauses of 1/20 s")
        self.assertGreater(times[-1] - times[0], 0.5, "with slack: a request may reach the server late")

    def test_redirects_take_their_turn(self):
        self.catalogue(["a"])
        service = self.serve({name: [(302, {"Location": f"/cut?id={to}"}, b"")] for name, to in (("a", "b"), ("b", "c"), ("c", "d"))})
        begin = time.monotonic()
        self.download("--rate", 4)
        self.assertGreaterEqual(service.times["d"][0] - begin, 3 / 4)

    def test_it_stops_at_a_signal_and_goes_on(self):
        for kind in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(kind):
                service = self.serve()
                service.held = 10
                service.open.clear()
                names = [f"{kind.name}{i}" for i in range(40)]
                self.catalogue(names)
                process = self.start_download("--workers", 3)
                while len(service.paths) < 13:
                    self.assertIsNone(process.poll())
                    time.sleep(0.005)
                _, err = self.download(status=74)
                self.assertIn("another download", err)
                process.send_signal(kind)
                while "stopping" not in process.stderr.readline():
                    self.assertIsNone(process.poll())
                service.open.set()
                out, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 75, out + err)
                self.assertIn("27 were not tried", out)
                self.assertIn("stopped by a signal with 27 objects left", err)
                self.assertEqual(len(self.rows("labels.csv")), 13, "those in flight are kept")
                service.held = 1 << 30
                summary = self.counts()
                self.assertEqual((summary["fetched"], summary["images"]), (27, 40))
                self.assertEqual(service.requests(), {name: 1 for name in names})
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=self.folder / "im", check=True)

    def test_what_changed_is_fetched_again(self):
        service = self.serve()
        self.catalogue([f"g{i}" for i in range(6)])
        self.assertEqual(self.counts("--limit", 5)["fetched"], 5)
        images = self.folder / "im"
        (images / "g1.jpg").write_bytes(flipped(JPEG, 120))
        (images / "g2.jpg").unlink()
        (images / "g3.jpg.tmp-12345").write_bytes(b"of a killed process")
        manifest = (images / "manifest.csv").read_text()
        (images / "manifest.csv").write_text(manifest[:-30])  # a kill cut the last line
        service.times.clear()
        service.answers = {"g2": [GOOD_PNG]}
        cut = csv.reader(manifest.splitlines()[-1:]).__next__()[0]
        self.assertEqual(self.counts()["images"], 6)
        self.assertEqual(set(service.requests()), {"g1", "g2", "g5", cut})
        self.check_folder()
        self.assertEqual(self.counts()["fetched"], 0)
        self.assertEqual(self.counts(url=self.url + "&dr=19")["fetched"], 6, "another address may give another image")
        self.check_folder()

    def test_the_program_reads_the_folder(self):
        self.serve()
        self.catalogue([f"g{i}" for i in range(8)])
        self.download()
        config = "name: f\ndata: {type: image_folder, folder: im, image_size: 16, validation_fraction: 0, split_column: ''}\n"
        (self.folder / "f.yaml").write_text(config + "model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}\n"
                                            "loss: {type: cross_entropy}\ntraining: {epochs: 1, global_batch: 4, threads: 1}\n"
                                            "loader: {threads: 1}\nschedule: {type: constant}\n")
        out, _ = self.run_program("check", "--config", "f.yaml")
        self.assertIn("8 training", out)

    def test_catalogues_of_many_kinds(self):
        service = self.serve()
        plain = "objID,RA,Dec,size\n587722984435351614,118.0224,18.6689,8.9\n587722984435351615,0.5,-1,2\n"
        tables = {"tabs": plain.replace(",", "\t"), "semicolons": plain.replace(",", ";"), "sep": "sep=;\n" + plain.replace(",", ";"),
                  "skyserver": "#Table1\n" + plain, "comment": "# " + plain, "windows": plain.replace("\n", "\r\n"),
                  "utf-16": plain.encode("utf-16"), "mark": plain.encode("utf-8-sig"), "quoted": plain.replace("8.9", '"8.9\n#"'),
                  "parts": plain.replace("118.0224,18.6689", "07:52:05.376,+18 40 08.04"), "lower": plain.replace("objID", "objid"),
                  "gzip": b"", "others": plain.replace("RA,Dec", "ALPHA_J2000,DELTA_J2000")}
        tables["gzip"] = gzip.compress(plain.encode())
        for name, table in tables.items():
            with self.subTest(name):
                service.paths.clear()
                (self.folder / "t").write_bytes(table if isinstance(table, bytes) else table.encode())
                self.download("--out", f"im-{name}", catalogue="t", url=self.url + f"&table={urllib.parse.quote(name)}")
                self.assertIn("ra=118.0224000&dec=18.6689000&id=587722984435351614&", "".join(service.paths))
        (self.folder / "t").write_text(plain)
        self.download("--scale-column", "SIZE", "--scale-factor", 0.024, "--size", 64, catalogue="t",
                      url=self.url + "&scale={scale}&size={size}")
        self.assertIn("scale=0.213600&size=64", "".join(service.paths))

    def test_bad_catalogues_are_told_with_their_line(self):
        self.url = "http://127.0.0.1:9/{id}"
        head = "objID,ra,dec,size\n1,10,20,3\n"
        for row, says in (("2,370,0,3", "t:3: column ra holds '370'"), ("2,1,-91,3", "t:3: column dec holds '-91'"),
                          ("2,1,,3", "t:3: column dec holds ''"), ("2,1,nan,3", "holds 'nan'"), ("2,1,2", "t:3: 3 cells"),
                          ("1,1,2,3", "t:3: id 1 is also in line 2"), ("5.87723E+17,1,2,3", "lost its digits"), (",1,2,3", "t:3: the id ''"),
                          ("2,1,2,0", "t:3: column size holds '0'"), ("2,1,2,-9999", "column size"), ('2,1,2,"3', "t:3:")):
            with self.subTest(row):
                (self.folder / "t").write_text(head + row + "\n")
                self.assertIn(says, self.refused(65, "--scale-column", "size", "--scale-factor", 1, catalogue="t"))
        for table, says in (("", "no rows"), ("objID,ra,dec\n", "no rows below"), ("objID\n1\n", "no comma"),
                            ("objID,x,dec\n1,2,3\n", "no column ra"),
                            ("objID,RA,Ra,dec\n1,2,3,4\n", "2 columns are called ra"), (b"objID,ra,dec\n1,\xff,3\n", "t:2: no text"),
                            ("objID,ra,dec\n1,2,3\0\n", "t:2: a zero byte"), (b"\x1f\x8b123", "gzip")):
            with self.subTest(table):
                (self.folder / "t").write_bytes(table if isinstance(table, bytes) else table.encode())
                self.assertIn(says, self.refused(65, catalogue="t"))
        self.refused(66, catalogue="nowhere.csv")
        self.download(catalogue=".", status=66)
        self.assertFalse((self.folder / "im").exists())

    def test_wrong_command_lines(self):
        self.url = "http://127.0.0.1:9/{id}"
        self.catalogue(["g0"])
        for arguments in (("--rate", "0"), ("--rate", "nan"), ("--workers", "0"), ("--size", "4"), ("--scale", "-1"), ("--ra", "x"),
                          ("--scale-column", "x"), ("--scale", "1", "--scale-column", "x", "--scale-factor", "1"), ("--limit", "0"),
                          ("--survey", "hst"), ("--survey", "sdss", "--url", self.url), ("--survey", "sdss", "--size", "4000"),
                          ("--unknown",), ("--catalogue", self.folder / "im" / "labels.csv")):
            with self.subTest(arguments):
                self.refused(2, *arguments)
        for url in ("file:///etc/passwd?{id}", "http://", "ftp://h/{id}", "http://h/{name}", "http://h/{id", "http://h/x", "http://h/ {id}",
                    "http://h/{id}?{scale}"):
            with self.subTest(url):
                self.refused(2, url=url)
        self.download("--rate", 0, status=2)
        self.assertFalse((self.folder / "im").exists())

    def test_a_service_out_of_reach_is_told(self):
        self.catalogue([f"g{i}" for i in range(30)])
        port = free_port()
        _, err = self.download("--retries", 1, url=f"http://127.0.0.1:{port}/{{id}}", status=69)
        self.assertIn("no connection", err)
        self.assertIn("Check the network", err)
        self.assertEqual(self.states(), {}, "nothing is known of the objects")
        for survey, part in (("sdss", "https://skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg?ra=0.5000000&dec=0.0000000&scale=0.396000&"),
                             ("des", "https://www.legacysurvey.org/viewer/jpeg-cutout?ra=0.5000000&dec=0.0000000&pixscale=0.262000&")):
            _, err = self.download("--survey", survey, "--retries", 0, "--limit", 1, status=69,
                                   env={"https_proxy": f"http://127.0.0.1:{port}", "no_proxy": ""})
            self.assertIn(part, err)

    def test_a_broken_service_is_not_asked_for_ever(self):
        service = self.serve({f"g{i}": [(503, {}, b"")] for i in range(60)})
        self.catalogue([f"g{i}" for i in range(60)])
        _, err = self.download("--retries", 1, status=69)
        self.assertIn("20 objects in a row", err)
        self.assertLess(len(service.paths), 60)

    def test_a_wrong_address_is_no_success(self):
        self.serve({f"g{i}": [(404, {}, b"")] for i in range(3)})
        self.catalogue([f"g{i}" for i in range(3)])
        self.assertIn("no image of any object", self.download(status=69)[1])

    def test_a_proxy_is_used(self):
        service = self.serve()
        self.catalogue(["g0"])
        self.download(url="http://survey.invalid/cut?id={id}", env={"http_proxy": f"http://127.0.0.1:{service.server_port}", "no_proxy": ""})
        self.assertEqual(service.paths, ["http://survey.invalid/cut?id=g0"])

    def test_what_cannot_be_written(self):
        self.serve()
        self.catalogue([f"g{i}" for i in range(9)])
        (self.folder / "file").write_text("")
        self.download("--out", "file", status=74)
        for name in ("labels.csv", "manifest.csv"):
            folder = self.folder / f"with-{name}"
            folder.mkdir()
            (folder / name).write_text("file,label\nmine.jpg,spiral\n")
            self.assertIn("not of this program", self.download("--out", folder, status=74)[1])
            self.assertEqual((folder / name).read_text(), "file,label\nmine.jpg,spiral\n")
        for size in (100, 400):  # less than an image, less than the manifest
            _, err = self.download("--workers", 1, status=74, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
            self.assertIn("File too large", err)
            self.assertEqual([p.name for p in (self.folder / "im").iterdir() if ".tmp-" in p.name], [])
        self.download()
        self.check_folder()


if __name__ == "__main__":
    main()
