"""plan --script kubernetes: manifests that fit the published schemas and start what the plan is for."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import manifests as checks

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["HPCAI_TRAIN"]
GALAXY = SOURCE / "tests/cli/configs/galaxy.yaml"
VERSION = re.search(r"project\(hpcai-train VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)


def run(*arguments, status=0):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=tempfile.gettempdir())
    if done.returncode != status:
        raise AssertionError(f"{arguments} ended with status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout if status == 0 else done.stderr


def plan(*arguments, status=0):
    return run("plan", "--config", GALAXY, "--script", "kubernetes", *arguments, status=status)


@unittest.skipIf(checks.kubernetes_validate is None, checks.WITHOUT_SCHEMAS)
class Manifests(unittest.TestCase):
    def manifest(self, *arguments):
        """The job of a manifest. Checks both documents, and that the config in the first one is the planned one."""
        config_map, job = checks.documents(plan(*arguments))
        for document in (config_map, job):
            checks.require_fit(document)
            self.assertRegex(document["metadata"]["name"], "^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$")
            self.assertEqual(document["metadata"]["labels"]["app.kubernetes.io/version"], VERSION)
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "config.yaml"
            config.write_text(config_map["data"]["config.yaml"])
            self.assertIn("48", json.dumps(json.loads(run("info", "--config", config, "--json"))["global_batch"]))
        for command in checks.commands(job):
            self.assertEqual(command[:2], ["--config", "/config/config.yaml"])
            self.assertIn("--resume auto", " ".join(command))
        return job

    def check_volumes(self, pod, claim):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.assertEqual(volumes["work"]["persistentVolumeClaim"]["claimName"], claim)
        for container in pod["containers"]:
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            self.assertEqual(mounts, {"/config": "config", "/work": "work", "/dev/shm": "memory"})
            self.assertEqual(set(mounts.values()), set(volumes))

    BATCH = "--set", "training.global_batch=48"

    def test_one_node_is_one_pod_with_all_ranks(self):
        job = self.manifest("--ranks-per-node", 2, "--cpus-per-task", 3, "--memory", "3Gi", "--claim", "data", "--set", "name=My Run 1", *self.BATCH)
        self.assertEqual((job["kind"], job["metadata"]["name"]), ("Job", "my-run-1"))
        [pod] = checks.pods(job)
        self.check_volumes(pod, "data")
        [container] = pod["containers"]
        self.assertEqual(container["image"], f"hpcai-train:{VERSION}")
        self.assertEqual(container["resources"]["limits"], {"cpu": "6", "memory": "6144Mi"})
        self.assertEqual(container["args"][-2:], ["--nproc", "2"])
        self.assertEqual(container["args"][container["args"].index("--run-dir") + 1], "/work/runs/My Run 1")

    def test_gpus_of_one_node(self):
        job = self.manifest("--gpus-per-node", 2, "--run-dir", "/work/x", *self.BATCH)
        [container] = checks.pods(job)[0]["containers"]
        self.assertEqual(container["image"], f"hpcai-train:{VERSION}-cuda13")
        self.assertEqual(container["resources"]["limits"]["nvidia.com/gpu"], 2)
        self.assertEqual(container["args"][container["args"].index("--run-dir") + 1], "/work/x")
        memory = json.loads(run("plan", "--config", GALAXY, "--gpus-per-node", 2, "--json", *self.BATCH))["node_memory_per_rank_bytes"]
        limit = int(container["resources"]["limits"]["memory"].removesuffix("Mi"))
        self.assertAlmostEqual(limit * 2**20 / (1.5 * 2 * memory), 1, delta=1e-3)

    def test_several_nodes_are_a_trainjob_with_one_pod_for_each_rank(self):
        job = self.manifest("--nodes", 2, "--gpus-per-node", 4, *self.BATCH)
        self.assertEqual(job["kind"], "TrainJob")
        trainer = job["spec"]["trainer"]
        self.assertEqual((trainer["numNodes"], trainer["numProcPerNode"]), (8, 1))
        self.assertEqual(trainer["resourcesPerNode"]["limits"]["nvidia.com/gpu"], 1)
        self.assertNotIn("--nproc", trainer["args"])
        [patch] = job["spec"]["runtimePatches"]
        [node] = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
        self.check_volumes(node["template"]["spec"]["template"]["spec"], "hpcai-train")

    def test_pytorchjob(self):
        job = self.manifest("--nodes", 2, "--gpus-per-node", 2, "--kind", "pytorchjob", "--image", "registry/train:7", *self.BATCH)
        replicas = job["spec"]["pytorchReplicaSpecs"]
        self.assertEqual((replicas["Master"]["replicas"], replicas["Worker"]["replicas"]), (1, 3))
        for pod in checks.pods(job):
            self.check_volumes(pod, "hpcai-train")
            self.assertEqual([(c["name"], c["image"]) for c in pod["containers"]], [("pytorch", "registry/train:7")])
        alone = self.manifest("--gpus-per-node", 1, "--kind", "pytorchjob", *self.BATCH)
        self.assertEqual(list(alone["spec"]["pytorchReplicaSpecs"]), ["Master"])

    def test_a_config_of_texts_that_yaml_takes_apart_stays_whole(self):
        odd = "a: b #c 'd' \"e\" {f} \u00e9"
        config_map, _ = checks.documents(plan("--gpus-per-node", 1, "--set", "name=" + json.dumps(odd)))
        self.assertEqual(checks.documents(config_map["data"]["config.yaml"])[0]["name"], odd)

    def test_names_and_amounts_of_any_length(self):
        for name in ("7" * 60, "X_" * 40, "-", "\u00e9", "a" * 49 + "-b"):
            self.manifest("--gpus-per-node", 1, "--set", f"name={json.dumps(name)}", "--run-dir", "x", *self.BATCH)
        job = self.manifest("--gpus-per-node", 1, "--memory", "1Ti", *self.BATCH)
        self.assertEqual(checks.pods(job)[0]["containers"][0]["resources"]["limits"]["memory"], f"{2**20}Mi")

    def test_data_that_a_pod_does_not_have_are_told(self):
        def warnings(table):
            words = ("plan", "--config", SOURCE / "configs/own/redshifts.yaml", "--gpus-per-node", 1, "--script", "kubernetes", "--set", f"data.file={table}")
            done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=SOURCE)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [line for line in done.stderr.splitlines() if "a pod does not have" in line]

        self.assertEqual(warnings("configs/own/redshifts.csv"), [])
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(SOURCE / "configs/own/redshifts.csv", folder)
            [line] = warnings(f"{folder}/redshifts.csv")
        self.assertIn(f"names {folder}/redshifts.csv", line)
        self.assertEqual(len(warnings("../" + SOURCE.name + "/configs/own/redshifts.csv")), 1)

    def test_nonsense_is_refused(self):
        self.assertIn("one pod", plan("--nodes", 2, "--gpus-per-node", 1, "--kind", "job", status=2))
        self.assertIn("volume claim", plan("--gpus-per-node", 1, "--run-dir", "../x", status=2))
        self.assertIn("volume claim", plan("--gpus-per-node", 1, "--run-dir", "/scratch/x", status=2))
        for claim in ("My Volume", "a_b", "-a"):
            self.assertIn("volume claim", plan("--gpus-per-node", 1, f"--claim={claim}", status=2))
        for size in ("lots", "0", "-1Gi", "3TiB", "nan", "inf", "1e300Gi"):
            self.assertIn("not an amount of memory", plan("--gpus-per-node", 1, f"--memory={size}", status=2))
        self.assertIn("belongs to --script kubernetes", run("plan", "--config", GALAXY, "--gpus-per-node", 1, "--image", "x", status=2))
        self.assertIn("slurm", run("plan", "--config", GALAXY, "--gpus-per-node", 1, "--script", "pbs", status=2))


if __name__ == "__main__":
    unittest.main()
