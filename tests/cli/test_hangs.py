"""A training whose data can no longer be read, as on a file server that does not answer, does not wait for ever."""
import socket

from harness import main
from pictures import GALAXY_CONFIG, catalogue, make_images
from trouble import TroubledCase


class Hangs(TroubledCase):
    def setUp(self):
        super().setUp()
        make_images(self.folder / "im")
        (self.folder / "im" / "labels.csv").write_text(catalogue(["elliptical", "spiral"] * 4))
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        self.stalled = self.folder / "stalled"

    def test_a_rank_alone_that_reads_for_ever_ends_with_80(self):
        settings = ("training.epochs=1000000", "training.log_every_steps=1", f"data.folder={self.folder / 'im'}", "data.cache_mb=0",
                    "distributed.timeout_s=0.5")
        process = self.start("--config", "f.yaml", "--run-dir", "r", *(word for setting in settings for word in ("--set", setting)),
                             env=self.trouble("im", stall_while_exists=self.stalled))
        self.addCleanup(process.kill)
        self.wait_for_step("r", 5, process)
        self.stalled.touch()
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 80, err)
        self.assertRegex(err, rf"rank 0 \(host {socket.gethostname()}, process {process.pid}\), in the wait for input of step \d+, has made no progress "
                              r"for \d+ s")
        self.assertIn("raise distributed.timeout_s", err)


if __name__ == "__main__":
    main()
