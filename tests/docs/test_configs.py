"""`check --quick` accepts every shipped config whose data exist. The others are listed with what they need; they say so."""
import os
import subprocess
import unittest

from pages import SOURCE

PROGRAM = os.environ["HPCAI_TRAIN"]
PARTS = ("generate_", "tree_", "search_")  # no trainings
NEEDS = {
    "galaxy/image_folder.yaml": "../shared/realdata/sdss_gz1",
    "galaxy/image_folder_pretrained.yaml": "runs/galaxy-simulated-to-sdss",  # and the same images
    "galaxy/paper.yaml": "data/galaxy",
    "galaxy/paper_64gpu.yaml": "data/galaxy",
    "galaxy/sdss_to_des_thumbnails.yaml": "../shared/realdata/des_sdss_pairs",
    "galaxy/simulated_to_sdss.yaml": "../shared/realdata/sdss_gz1",
    "own/molecules.yaml": "molecules.csv",
    "own/plasma_disruption.yaml": "shots",
    "own/turbulence_subgrid.yaml": "turbulence",
    "resnet50/hal.yaml": "data/imagenet",
    "resnet50/lars_4k.yaml": "data/imagenet",
    "resnet50/lars_32k.yaml": "data/imagenet",
    "resnet50/lars_64k.yaml": "data/imagenet",
    "waveform/paper.yaml": "data/waveform",
    "waveform/paper_64gpu.yaml": "data/waveform",
}


class Configs(unittest.TestCase):
    def test_the_list_names_configs(self):
        self.assertEqual([name for name in NEEDS if not (SOURCE / "configs" / name).exists()], [])

    def test_the_readme_lists_all_trainings(self):
        readme = (SOURCE / "README.md").read_text()
        names = [path.name for path in (SOURCE / "configs").rglob("*.yaml") if not path.name.startswith(PARTS)]
        self.assertEqual(sorted(name for name in names if name not in readme), [])

    def test_a_quick_check_passes(self):
        for path in sorted((SOURCE / "configs").rglob("*.yaml")):
            name = str(path.relative_to(SOURCE / "configs"))
            if path.name.startswith(PARTS):
                continue
            with self.subTest(name):
                done = subprocess.run([PROGRAM, "check", "--quick", "--config", str(path)], cwd=SOURCE, capture_output=True, text=True, timeout=120)
                needed = NEEDS.get(name)
                if needed and not (SOURCE / needed).exists():
                    self.assertEqual(done.returncode, 66, done.stderr)
                    self.assertRegex(done.stderr, f"{needed}|shared/realdata/sdss_gz1")
                else:
                    self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
