"""`hpcai-train report`: the pages in a real browser, their numbers against the files, and TensorBoard's own reader."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import browser
from harness import SOURCE, Case, main

CONFIG = SOURCE / "configs" / "own" / "redshifts.yaml"
DATA = ("--set", f"data.file={SOURCE / 'configs' / 'own' / 'redshifts.csv'}")
TENSORBOARD = SOURCE / ".deps" / "tensorboard"
MOST_BYTES = 2_000_000
FIGURE = ('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" viewBox="0 0 200 100"><title>A calibration</title>'
          '<rect width="200" height="100" fill="#0072B2"/></svg>')
NUMBERS = """(id => {
  const table = document.querySelector('#' + CSS.escape(id) + ' table');
  const names = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
  return [...table.tBodies[0].rows].map(row => Object.fromEntries([...row.cells].map((cell, i) => [names[i], cell.textContent.trim()])));
})"""
DRAWN = """[...document.querySelectorAll('figure.chart')].map(figure => {
  const canvas = figure.querySelector('canvas'), chart = canvas && Chart.getChart(canvas);
  if (!chart) return figure.id + ': not drawn';
  const copy = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height});
  const context = copy.getContext('2d', {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  const ink = context.getImageData(0, 0, copy.width, copy.height).data.some(value => value > 0);
  return ink && chart.data.datasets.some(set => set.data.length > 0) ? '' : figure.id + ': empty';
}).filter(text => text)"""
# What a screen reader needs, as far as a program can check it.
ACCESSIBILITY = """(() => {
  const faults = [], say = (text, list) => [...list].forEach(one => faults.push(text + ': ' + one.outerHTML.slice(0, 120)));
  if (document.documentElement.lang !== 'en') faults.push('no language');
  say('image without a description', document.querySelectorAll('img:not([alt]), img[alt=""], canvas:not([aria-label])'));
  say('table without a caption', [...document.querySelectorAll('table')].filter(table => !table.caption));
  say('column without a scope', document.querySelectorAll('thead th:not([scope])'));
  say('control without a name', [...document.querySelectorAll('button, select, input')].filter(one =>
    !(one.textContent.trim() || one.closest('label')?.textContent.trim() || one.getAttribute('aria-label'))));
  say('scrolls, but not with the keyboard', [...document.querySelectorAll('.scroll, pre')].filter(one => one.tabIndex !== 0));
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(heading => Number(heading.tagName[1]));
  levels.forEach((level, i) => { if (level > (levels[i - 1] ?? 0) + 1) faults.push('heading ' + i + ' skips a level'); });
  if (levels.filter(level => level === 1).length !== 1) faults.push('not one h1');
  const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
  if (new Set(ids).size !== ids.length) faults.push('an id is used twice');
  return faults;
})()"""


class ReportCase(Case):
    """All tests share two finished runs and one browser."""
    shared = browser_process = None

    def report(self, *arguments, **options):
        return self.run_program("report", *arguments, **options)

    def copy_run(self, name="copy"):
        run = self.folder / name
        shutil.copytree(self.shared / "first", run)
        return run

    def open(self, path, **options):
        if not browser.PROGRAM:
            self.skipTest("SKIPPED: Chromium is not installed")
        if ReportCase.browser_process is None:
            ReportCase.browser_process = browser.Browser(self.shared / "browser")
            unittest.addModuleCleanup(ReportCase.browser_process.close)
        page = browser.Page(self.browser_process, **options)
        self.addCleanup(page.close)
        page.open(path)
        return page

    def check_page(self, page, path):
        self.assertEqual(page.faults, [])
        self.assertEqual([url for url in page.requests if url != path.as_uri() and not url.startswith("data:")], [])
        end = time.monotonic() + 30
        while page.value(DRAWN) and time.monotonic() < end:  # the browser draws after the load
            time.sleep(0.05)
        self.assertEqual(page.value(DRAWN), [])
        self.assertEqual(page.value(ACCESSIBILITY), [])
        self.assertLess(path.stat().st_size, MOST_BYTES)


def setUpModule():
    ReportCase.shared = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-report-"))
    unittest.addModuleCleanup(shutil.rmtree, ReportCase.shared, ignore_errors=True)
    case = ReportCase()
    case.folder = ReportCase.shared
    for name, seed in (("first", 1), ("second", 2)):
        case.train(CONFIG, name, *DATA, "--set", "training.epochs=6", "--set", f"training.seed={seed}", "--set", "training.log_every_steps=5")
    quality = ReportCase.shared / "first" / "quality"
    quality.mkdir()
    (quality / "calibration.svg").write_text(FIGURE)
    (quality / "report.md").write_text("| target | RMSE |\n|---|---|\n| redshift | <b>0.1</b> |\n")


class OneRun(ReportCase):
    @classmethod
    def setUpClass(cls):
        case = cls()
        case.folder = cls.shared
        case.report("first")
        cls.path = cls.shared / "first" / "report.html"

    def test_the_numbers_are_those_of_the_files(self):
        page = self.open(self.path)
        self.check_page(page, self.path)
        lines = [json.loads(line) for line in (self.shared / "first" / "metrics.jsonl").read_text().splitlines()]
        steps = [line for line in lines if line["event"] == "step"]
        evaluations = [line for line in lines if line["event"] == "evaluation"]
        rows = page.value(NUMBERS + "('loss')")
        training = [(int(row["step"]), float(row["time (s)"]), float(row["training loss"])) for row in rows if row["training loss"]]
        self.assertEqual(training, [(line["step"], line["time_s"], line["loss"]) for line in steps])
        validation = [(int(row["step"]), float(row["validation loss"])) for row in rows if row["validation loss"]]
        self.assertEqual(validation, [(line["step"], line["loss"]) for line in evaluations])
        self.assertEqual([float(row["RMSE"]) for row in page.value(NUMBERS + "('metric-rmse')")], [line["rmse_all"] for line in evaluations])
        self.assertEqual([float(row["learning rate"]) for row in page.value(NUMBERS + "('learning-rate')")], [line["lr"] for line in steps])
        self.assertEqual([float(row["samples per second"]) for row in page.value(NUMBERS + "('throughput')")],
                         [line["samples_per_second"] for line in steps if line["samples_per_second"] > 0])
        summary = json.loads((self.shared / "first" / "summary.json").read_text())
        split = page.value(NUMBERS + "('step-time')")[0]
        self.assertEqual({name: float(split[name]) for name in ("computing", "input", "imbalance", "exposed communication")},
                         {name: summary["step_time"][key] for name, key in (("computing", "compute_s"), ("input", "input_s"), (
                             "imbalance", "imbalance_s"), ("exposed communication", "exposed_communication_s"))})

    def test_the_chart_shows_what_its_table_has(self):
        page = self.open(self.path)
        drawn = page.value("Chart.getChart(document.querySelector('#loss canvas')).data.datasets.map(set => [set.label, set.data])")
        rows = page.value(NUMBERS + "('loss')")
        self.assertEqual([name for name, _ in drawn], ["training loss", "validation loss"])
        for name, points in drawn:
            self.assertEqual([(point["x"], point["y"]) for point in points],
                             [(float(row["step"]), float(row[name])) for row in rows if row[name]])

    def test_quality_and_provenance(self):
        page = self.open(self.path)
        run = self.shared / "first"
        summary = json.loads((run / "summary.json").read_text())
        quality = page.value("[...document.querySelectorAll('#quality table tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))")
        metrics = {name: (float(validation), float(test)) for name, validation, test in quality}
        self.assertEqual(metrics["RMSE"], (summary["validation"]["rmse_all"], summary["test"]["rmse_all"]))
        self.assertEqual(metrics["loss"], (summary["validation"]["loss"], summary["test"]["loss"]))
        provenance = page.value("document.querySelector('#provenance').textContent")
        environment = json.loads((run / "environment.json").read_text())
        for text in (summary["weights_sha256"], summary["config_digest"], environment["commit"], environment["cpu"], environment["host"],
                     environment["started"], (run / "config.yaml").read_text(), (run / "command.txt").read_text()):
            self.assertIn(text, provenance)
        self.assertEqual(page.value("document.querySelector('#quality img').alt"), "A calibration")
        self.assertEqual(page.value("document.querySelector('#quality img').naturalWidth"), 200)
        self.assertIn("| redshift | <b>0.1</b> |", page.value("document.querySelector('#quality details').textContent"))

    def test_the_commands_repeat_the_run(self):
        page = self.open(self.path)
        commands = page.value("[...document.querySelectorAll('#repeat pre')].map(one => one.textContent)")
        self.assertEqual([" ".join(command.split()[:2]) for command in commands],
                         ["hpcai-train --config", "hpcai-train evaluate", "hpcai-train report"])
        for command in commands:
            subprocess.run([os.environ["HPCAI_TRAIN"], *command.split()[1:]], cwd=self.shared, check=True, capture_output=True,
                           env={**os.environ, "OMP_NUM_THREADS": "1"})
        digest = json.loads((self.shared / "first-repeat" / "summary.json").read_text())["weights_sha256"]
        self.assertIn(digest, page.value("document.querySelector('#repeat').textContent"))

    def test_the_keyboard_reaches_everything(self):
        page = self.open(self.path)
        reachable = page.value("[...document.querySelectorAll('a, button, select, input, summary, canvas, pre, .scroll')]"
                               ".filter(one => one.checkVisibility()).length")
        seen = []
        for _ in range(reachable + 5):
            page.press("Tab")
            seen.append(page.value("(() => { const one = document.activeElement; window.ids ??= new Map();"
                                   "if (!ids.has(one)) ids.set(one, ids.size); return [ids.get(one), one.tagName]; })()"))
            if seen[-1][1] == "BODY":
                break
        self.assertEqual(len({number for number, name in seen if name != "BODY"}), reachable)
        self.assertEqual(seen[0][1], "A")  # the link that skips the contents
        self.assertEqual({name for _, name in seen} - {"BODY"}, {"A", "BUTTON", "SELECT", "INPUT", "SUMMARY", "CANVAS", "PRE", "DIV"})

    def test_arrow_keys_read_the_values(self):
        page = self.open(self.path)
        page.value("document.querySelector('#learning-rate canvas').focus()")
        rows = page.value(NUMBERS + "('learning-rate')")
        for key, row in (("ArrowRight", rows[0]), ("ArrowRight", rows[1]), ("End", rows[-1]), ("Home", rows[0])):
            page.press(key)
            said = page.value("document.querySelector('#learning-rate output').textContent")
            self.assertIn(f"learning rate {row['learning rate']} at {row['step']}", said)

    def test_the_controls_change_the_chart(self):
        page = self.open(self.path)
        chart = "Chart.getChart(document.querySelector('#learning-rate canvas'))"
        page.value("(() => { const select = document.querySelector('#learning-rate select'); select.value = 2;"
                   "select.dispatchEvent(new Event('change')); })()")
        self.assertEqual(page.value(chart + ".options.scales.x.title.text"), "time (s)")
        page.value("document.querySelector('#learning-rate input').click()")
        self.assertEqual(page.value(chart + ".options.scales.y.type"), "logarithmic")
        page.value("document.querySelector('#loss button').focus()")
        page.press("Enter")
        self.assertEqual(page.value("document.querySelector('#loss button').getAttribute('aria-pressed')"), "false")
        self.assertFalse(page.value("Chart.getChart(document.querySelector('#loss canvas')).isDatasetVisible(0)"))
        self.assertEqual(page.faults, [])

    def test_a_telephone_in_the_dark_and_paper(self):
        light = self.open(self.path, width=1280)
        dark = self.open(self.path, width=390, dark=True)
        for page in (light, dark):
            self.check_page(page, self.path)
            self.assertTrue(page.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
        colours = [page.value("getComputedStyle(document.body).backgroundColor") for page in (light, dark)]
        self.assertEqual(colours, ["rgb(255, 255, 255)", "rgb(19, 23, 28)"])
        self.assertTrue(dark.pdf().startswith(b"%PDF-"))
        self.assertEqual(dark.faults, [])


class Comparison(ReportCase):
    def test_two_runs_over_each_other(self):
        output = self.folder / "comparison.html"
        self.report(self.shared / "first", self.shared / "second", "--output", output)
        page = self.open(output)
        self.check_page(page, output)
        settings = page.value("[...document.querySelectorAll('#settings tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))")
        self.assertEqual(settings, [["training.seed", "1", "2"]])
        rows = page.value(NUMBERS + "('training-loss')")
        for name in ("first", "second"):
            lines = [json.loads(line) for line in (self.shared / name / "metrics.jsonl").read_text().splitlines()]
            self.assertEqual([float(row["training loss"]) for row in rows if row["run"] == name],
                             [line["loss"] for line in lines if line["event"] == "step"])
        self.assertEqual(page.value("Chart.getChart(document.querySelector('#training-loss canvas')).data.datasets.map(set => set.label)"),
                         ["first", "second"])

    def test_the_place_must_be_named(self):
        _, err = self.report(self.shared / "first", self.shared / "second", status=2)
        self.assertIn("--output", err)


class Damage(ReportCase):
    def test_a_run_that_was_killed(self):
        run = self.copy_run()
        (run / "summary.json").unlink()
        status = json.loads((run / "status.json").read_text())
        (run / "status.json").write_text(json.dumps({**status, "status": "running", "process": 2**22 + 1}))
        with open(run / "metrics.jsonl", "a") as file:
            file.write('garbage\n{"event": "step", "step": 7')
        self.report(run)
        page = self.open(run / "report.html")
        self.check_page(page, run / "report.html")
        notices = page.value("document.querySelector('.notices').textContent")
        self.assertIn("There is no summary.json", notices)
        self.assertIn("metrics.jsonl: 1 line is no JSON object", notices)
        self.assertEqual(page.value("document.querySelector('.badge').textContent"), "killed")
        self.assertIn("--resume auto", page.value("document.querySelector('#repeat').textContent"))

    def test_a_run_with_hardly_a_file(self):
        run = self.folder / "bare"
        run.mkdir()
        (run / "config.yaml").write_text("name: bare\n")
        (run / "summary.json").write_text("[]")
        self.report(run)
        page = self.open(run / "report.html")
        self.assertEqual(page.faults, [])
        self.assertIn("metrics.jsonl has no lines", page.value("document.querySelector('.notices').textContent"))

    def test_hostile_texts_stay_texts(self):
        run = self.copy_run("<img src=x onerror=alert(1)>")
        attack = "</script></table><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
        with open(run / "metrics.jsonl", "a") as file:
            file.write(json.dumps({"event": "skipped", "step": 9, "epoch": 0, "reason": attack}) + "\n")
            file.write(json.dumps({"event": "evaluation", "step": 9, attack: 1.5, "loss": 1}) + "\n")
        with open(run / "log.txt", "a") as file:
            file.write(attack)
        (run / "quality" / "attack.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"><title>&lt;img src=x onerror=hit=1></title><script>window.hit = 1</script></svg>')
        self.report(run)
        path = run / "report.html"
        page = self.open(path)
        self.check_page(page, path)
        self.assertIsNone(page.value("window.hit"))
        self.assertEqual(page.value("document.querySelectorAll('script').length"), 2)
        self.assertIn(attack, page.value("document.querySelector('#curves').textContent"))

    def test_folders_without_a_run(self):
        self.report("nothing", status=66)
        (self.folder / "empty").mkdir()
        _, err = self.report("empty", status=66)
        self.assertIn("holds no run", err)
        self.report(self.shared / "first", "--output", self.folder / "config.yaml", status=2)
        self.report(self.shared / "first", "--output", self.folder / "nowhere" / "x.html", status=74)

    def test_a_long_run_is_thinned_and_keeps_its_spikes(self):
        run = self.copy_run()
        with open(run / "metrics.jsonl", "w") as file:
            for step in range(1, 100_001):
                loss = 1e6 if step == 61_803 else 1 / step
                file.write(f'{{"event":"step","step":{step},"epoch":0,"loss":{loss!r},"lr":0.1,"samples_per_second":10.5,"time_s":{step}}}\n')
        self.report(run)
        path = run / "report.html"
        page = self.open(path)
        self.check_page(page, path)
        rows = page.value(NUMBERS + "('loss')")
        self.assertLess(len(rows), 2000)
        self.assertIn(("61803", 1e6), [(row["step"], float(row["training loss"])) for row in rows])
        self.assertIn("of 100,000 points", page.value("document.querySelector('#loss .note').textContent"))

    def test_figures_that_are_too_large_are_named(self):
        run = self.copy_run()
        (run / "quality" / "large.svg").write_text(FIGURE.replace("</svg>", "<!--" + "x" * 1_500_000 + "--></svg>"))
        self.report(run)
        path = run / "report.html"
        page = self.open(path)
        self.check_page(page, path)
        self.assertIn("quality/large.svg is left out", page.value("document.querySelector('.notices').textContent"))


class Live(ReportCase):
    def test_the_page_follows_the_training(self):
        run = self.folder / "live"
        training = self.start("--config", CONFIG, "--run-dir", run, *DATA, "--set", "training.epochs=100000")
        self.addCleanup(training.kill)
        self.wait_for_step("live", 100, training)
        follower = self.start("report", run, "--follow", "--every", "1")
        self.addCleanup(follower.kill)
        path = run / "report.html"
        end = time.monotonic() + 60
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.05)
        page = self.open(path)
        self.assertEqual(page.value("document.querySelector('.badge').textContent"), "running")
        steps = "Number(document.querySelector('dl.cards dd').textContent.split(' ')[0].replaceAll(',', ''))"
        first = page.value(steps)
        page.wait_for_load(page.loaded + 3)
        self.assertGreater(page.value(steps), first)
        page.value("document.querySelector('#refresh input').click()")  # the reader stops it
        training.send_signal(signal.SIGTERM)
        self.assertEqual(training.wait(timeout=60), 75)
        _, err = follower.communicate(timeout=60)
        self.assertEqual(follower.returncode, 0, err)
        self.assertIn("the training has ended", err)
        page.open(path)
        self.assertEqual(page.value("document.querySelector('.badge').textContent"), "stopped")
        self.assertIsNone(page.value("document.querySelector('#refresh')"))
        self.assertEqual(page.faults, [])


class StudiesAndSearches(ReportCase):
    def test_a_scaling_study(self):
        study = self.folder / "study"
        study.mkdir()
        step = {"mean_s": 0.4, "compute_s": 0.3, "exposed_communication_s": 0.05, "input_s": 0.03, "imbalance_s": 0.02}
        points = [{"world": world, "global_batch": 64, "time_to_target_s": {"median": 100 / world + 1, "min": 1, "max": 200},
                   "time_per_epoch_s": 10 / world, "epochs": 10, "quality": 0.9, "samples_per_second": 100 * world, "efficiency": 0.9,
                   "throughput_efficiency": 0.95, "step_time": step, "runs_that_reached_the_target": 1, "runs": [{}]} for world in (1, 2, 4)]
        (study / "scaling.json").write_text(json.dumps({
            "version": "0.1.0", "commit": "abc", "host": "h", "date": "2026-01-01T00:00:00Z", "command": "hpcai-train scaling --world 1,2,4",
            "scaling": "strong", "repeats": 1, "environment": {"cpu": "c"}, "experiments": [
                {"name": "waveform", "model": "wavenet", "config_digest": "d", "target": {"metric": "overlap_median", "value": 0.9},
                 "input_warning": "", "points": points, "prediction": [{"world": 8, "time_to_target_s": 15.5}], "published": []}]}))
        self.report(study)
        path = study / "report.html"
        page = self.open(path)
        self.check_page(page, path)
        rows = page.value(NUMBERS + "('experiment-1-time_to_target_s')")
        self.assertEqual([(row["ranks"], row["measured"], row["ideal"], row["predicted"]) for row in rows],
                         [("1", "101", "101", ""), ("2", "51", "50.5", ""), ("4", "26", "25.25", ""), ("8", "", "", "15.5")])
        self.assertEqual(page.value("Chart.getChart(document.querySelector('#experiment-1-time_to_target_s canvas')).options.scales.x.type"),
                         "logarithmic")
        (study / "scaling.json").write_text("{}")
        self.report(study, status=65)

    def test_a_search(self):
        search = self.folder / "search"
        search.mkdir()
        (search / "trials.csv").write_text("trial,state,epochs,steps,validation.loss,optimizer.lr,optimizer.type,failure\n"
                                           "1,finished,4,8,0.5,0.001,adam,\n2,stopped early,2,4,0.7,0.01,sgd,\n"
                                           "3,failed,0,0,,0.1,sgd,diverged\n")
        (search / "best.yaml").write_text("optimizer:\n  lr: 0.001\n")
        (search / "search.svg").write_text(FIGURE)
        self.report(search)
        path = search / "report.html"
        page = self.open(path)
        self.check_page(page, path)
        rows = page.value(NUMBERS + "('trial-values')")
        self.assertEqual([(row["state"], row["trial"], row["optimizer.lr"], row["validation.loss"]) for row in rows],
                         [("finished", "1", "0.001", "0.5"), ("stopped early", "2", "0.01", "0.7")])
        self.assertIn("lr: 0.001", page.value("document.querySelector('#best').textContent"))
        self.report(self.shared / "first", search, "--output", "x.html", status=2)


class TensorBoard(ReportCase):
    def test_its_own_reader_reads_the_numbers(self):
        self.report(self.shared / "first", "--output", self.folder / "report.html", "--tensorboard", self.folder / "events")
        files = list((self.folder / "events" / "first").glob("events.out.tfevents.*"))
        self.assertEqual(len(files), 1)
        reader = ("import json, sys; from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as A\n"
                  "a = A(sys.argv[1], size_guidance={'scalars': 0}); a.Reload()\n"
                  "print(json.dumps({t: [(e.step, e.value, e.wall_time) for e in a.Scalars(t)] for t in a.Tags()['scalars']}))")
        found = subprocess.run([sys.executable, "-c", reader, files[0]], text=True, capture_output=True,
                               env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TENSORBOARD), os.environ.get("PYTHONPATH", "")])})
        if re.search(r"No module named 'tensorboard'", found.stderr):
            self.skipTest("SKIPPED: TensorBoard is not installed; scripts/setup.sh --tests installs it")
        self.assertEqual(found.returncode, 0, found.stderr)
        scalars = json.loads(found.stdout)
        lines = [json.loads(line) for line in (self.shared / "first" / "metrics.jsonl").read_text().splitlines()]
        for tag, event, key in (("training/loss", "step", "loss"), ("training/lr", "step", "lr"), ("validation/rmse_all", "evaluation", "rmse_all")):
            expected = [(line["step"], line[key]) for line in lines if line["event"] == event]
            self.assertEqual([step for step, _, _ in scalars[tag]], [step for step, _ in expected])
            for (_, value, _), (_, exact) in zip(scalars[tag], expected):
                self.assertAlmostEqual(value, exact, delta=1e-6 * abs(exact))  # float32
        self.assertIn("validation/rmse.redshift", scalars)
        times = [wall for _, _, wall in scalars["training/loss"]]
        self.assertEqual(times, sorted(times))

    def test_the_folder_has_the_name_of_the_run(self):
        run = self.copy_run("first")
        self.report("first/.", "--tensorboard", self.folder / "events")
        self.assertTrue((self.folder / "events" / "first" / "events.out.tfevents.first").is_file())
        _, err = self.report(self.shared / "first", run, "--output", "x.html", "--tensorboard", self.folder / "events", status=2)
        self.assertIn("two runs are called first", err)


if __name__ == "__main__":
    main()
