"""What becomes of each command of the pages. The first rule whose pattern matches its beginning counts; no rule is a failure, and so is a
rule that no command needs.

A command is run as it stands on the page, in the workspace of workspace.py, with the words of `smaller` added, and with `instead`: what
the page leaves to the reader, such as FILE. A command with `parsed` is not run, for the reason given: then the scripts, options, configs
and settings in it must exist.
"""
import dataclasses
import re

from workspace import FOLDER, GALAXIES, SEARCH, WAVEFORMS


@dataclasses.dataclass(frozen=True)
class Rule:
    pattern: str
    smaller: str = ""
    instead: tuple = ()
    parsed: str = ""

    def matches(self, command):
        return re.match(self.pattern, command.plain)

    def text_of(self, command):
        text = command.text
        for old, new in self.instead:
            text = text.replace(old, new)
        return text


def training(config, smaller):
    return Rule(rf"hpcai-train --config {re.escape(config)}\b", smaller)


INSTALLS = "installs packages or compiles for minutes; the quick start, the build and the tests themselves use it"
LONG = "takes minutes to hours"
CLUSTER = "needs a cluster; tests/slurm and tests/launch run real jobs"
FILE = (("--config FILE", "--config configs/own/redshifts.yaml"), ("--space FILE", "--space configs/own/search_redshifts.yaml"))
CLUSTER_FILE = (("--config FILE", "--config configs/waveform/quickstart.yaml"),)
FIXTURE = "--set model.width_factor=0.015625 --set model.middle_blocks=1 --set model.head_units=8"  # of the published weights in the workspace
RESNET = ("--set data.image_size=32 --set training.epochs=1 --set training.global_batch=8 --set model.width=8 --set model.blocks=[1]")
STRAIN = ("--set data.train=64 --set data.validation=16 --set data.test=16 --set training.epochs=1 --set training.global_batch=16 "
          "--set model.encoder.examples=64 --set evaluation.batch=16")
PARTS = ("--set data.train=32 --set data.validation=16 --set data.test=16 --set training.epochs=1 --set training.global_batch=8 "
         "--set model.width_factor=0.0625 --set model.head_units=16 --set evaluation.batch=8")

RULES = (
    # --- whole scripts, clusters, other programs
    Rule(r"scripts/(quickstart|setup|build|test|install)\.sh", parsed=INSTALLS),
    Rule(r"hpcai-train --config ~/hpcai-train/", parsed="needs the installed folder; tests/places installs and runs it"),
    Rule(r"cmake --preset", parsed=INSTALLS),
    Rule(r"scripts/(fuzz|reproducible_build)\.sh", parsed=LONG + "; the tests fuzz and reproducible_build are short forms of them"),
    Rule(r"scripts/(soak|bench_peers)\.sh", parsed=LONG),
    Rule(r"(HPCAI_TRAIN=\S+ )?python3 tests/(soak|launch|cli)/\S+\.py", parsed=LONG),
    Rule(r"tests/bench/slow_link\.py", parsed="needs root, iproute2 and an idle machine"),
    Rule(r"build/tests/ranks .* speed", parsed="measures for a minute"),
    Rule(r"build/tests/test_data ", parsed="scripts/test.sh runs it"),
    Rule(r"srun |([A-Z_]+=\S+ )*sbatch |mpirun ", parsed=CLUSTER),
    Rule(r"hpcai-train search .* --submit", instead=FILE, smaller="--dry-run"),
    Rule(r"python3 -m pip |tensorboard ", parsed="programs of others, which use the network or stay open"),
    Rule(r"scripts/optuna_search\.py", parsed="needs Optuna; cli.search drives it where Optuna is installed"),
    Rule(r"scripts/own_references\.py", parsed="needs scikit-learn and PyTorch"),
    Rule(r"scripts/download_galaxies\.py", parsed="asks the servers of surveys; cli.download runs it against a local server"),
    Rule(r"python3 configs/own/simulate_(plasma|turbulence)\.py", parsed="needs numpy; the workspace has small arrays of the same names"),
    Rule(r"python3 configs/own/simulate_molecules\.py"),
    Rule(r"python3 -c |export |\(cd images "),
    # --- answers about the program
    Rule(r"hpcai-train (keys|explain|completion)\b"),
    Rule(r"source <\(hpcai-train completion"),
    Rule(r"hpcai-train man \|", instead=(("man -l -", "cat"),)),
    Rule(r"hpcai-train info --config configs/galaxy/quickstart\.yaml --set model\.type=perceptron",
         parsed="the network is the example of the page; docs.examples compiles it"),
    Rule(r"hpcai-train --config configs/galaxy/quickstart\.yaml --set model\.type=perceptron",
         parsed="the network is the example of the page; docs.examples compiles it"),
    Rule(r"hpcai-train info --config (configs/own/galaxy_network|spectra)\.yaml"),
    # --- trainings of shipped configs
    Rule(r"hpcai-train --config configs/galaxy/quickstart\.yaml .*deterministic_shards=8", GALAXIES + " --set training.global_batch=32"),
    Rule(r"(ATEN_CPU_CAPABILITY=avx2 )?hpcai-train --config configs/galaxy/quickstart\.yaml\b", GALAXIES),
    training("configs/waveform/quickstart.yaml", WAVEFORMS),
    training("configs/waveform/bayesian.yaml", re.sub(r"(data\.\w+)=", r"\1.count=", STRAIN)),
    training("configs/waveform/posterior.yaml", STRAIN),
    Rule(r"for seed in 1 2; do\n +hpcai-train --config configs/galaxy/image_folder\.yaml", FOLDER),
    training("configs/galaxy/simulated_to_sdss.yaml", PARTS),
    training("configs/galaxy/image_folder_pretrained.yaml", "--set training.epochs=1 --set training.global_batch=8 "
             "--set model.width_factor=0.0625 --set model.head_units=16 --set evaluation.batch=8"),
    training("configs/galaxy/sdss_to_des_thumbnails.yaml", "--set training.epochs=1 --set training.global_batch=4 "
             "--set model.width_factor=0.0625 --set model.head_units=16 --set evaluation.batch=8"),
    training("configs/own/galaxy_network.yaml", "--set data.train=32 --set data.validation=16 --set data.test=16 --set training.epochs=1 "
             "--set training.global_batch=8"),
    Rule(r"hpcai-train --config configs/own/(redshifts|molecules|plasma_disruption|turbulence_subgrid)\.yaml", "--set training.epochs=1"),
    # --- trainings of the configs that pages print
    Rule(r"hpcai-train --config (patients|spectra)\.yaml", "--set training.epochs=1"),
    Rule(r"hpcai-train check --config my\.yaml --set model\.weights=xception", FIXTURE),
    Rule(r"hpcai-train --config my\.yaml --set model\.weights=runs/first",
         "--set model.width_factor=0.0625 --set model.middle_blocks=1 --set model.head_units=16"),
    Rule(r"hpcai-train info --config galaxies\.yaml"),
    Rule(r"hpcai-train (--config|check --config) galaxies\.yaml(?! --full)$", FIXTURE + " --set training.global_batch=8 "
         '--set training.stages=[{"trainable_from":"head","epochs":1},{"trainable_from":"all","epochs":1}] --set data.image_size=75'),
    Rule(r"hpcai-train check --config imagenet\.yaml", RESNET),
    Rule(r"hpcai-train --config imagenet\.yaml --nproc 8", RESNET, instead=(("--nproc 8", "--nproc 2"),)),
    Rule(r"hpcai-train --config imagenet\.yaml --set model\.weights=checkpoint-90\.pth", RESNET + " --set training.max_steps=1",
         instead=(("checkpoint-90.pth", "runs/imagenet"),)),
    # --- checks
    Rule(r"hpcai-train check --config"),
    Rule(r"hpcai-train convert --config"),
    Rule(r"hpcai-train crossmatch"),
    # --- trained networks
    Rule(r"hpcai-train predict .* --strain", parsed="needs detector data and a network that was trained for an hour; cli.posteriors runs it"),
    Rule(r"hpcai-train evaluate .*--most-certain 150", instead=(("--most-certain 150", "--most-certain 15"),)),
    Rule(r"hpcai-train (evaluate|predict|embed|saliency|export)\b"),
    Rule(r"hpcai-train generate galaxies", instead=(("--count 300", "--count 24"),)),
    Rule(r"hpcai-train generate waveforms --config", parsed="writes 1.28 TB; cli.generate runs the config on a coarse grid"),
    Rule(r"hpcai-train self-train", instead=(("--config FILE", "--config configs/galaxy/sdss_to_des.yaml"), ("--per-class 500", "--per-class 4")),
         smaller=PARTS),
    # --- runs
    Rule(r"hpcai-train runs list runs /scratch/me", instead=(("/scratch/me", "../home"),)),
    Rule(r"hpcai-train runs rerun"),
    Rule(r"hpcai-train (runs|status)\b"),
    Rule(r"hpcai-train report runs/scaling", parsed="needs a study; cli.report writes one"),
    Rule(r"hpcai-train report\b"),
    # --- speed, plans, searches
    Rule(r"(\w+=\S+ )*hpcai-train bench --config configs/resnet50", "--set data.image_size=32"),
    Rule(r"hpcai-train bench --config configs/galaxy/image_folder\.yaml --input", "--steps 1 --warmup 1 --set training.global_batch=8"),
    Rule(r"hpcai-train bench --config configs/waveform/quickstart", WAVEFORMS),
    Rule(r"hpcai-train calibrate", instead=CLUSTER_FILE, smaller=WAVEFORMS + " --set training.global_batch=64 --seconds 2"),
    Rule(r"hpcai-train plan .*--calibration", smaller=WAVEFORMS + " --set training.global_batch=64",
         instead=(*CLUSTER_FILE, ("--gpus-per-node", "--ranks-per-node"))),  # the workspace has a calibration of CPUs
    Rule(r"hpcai-train plan", instead=CLUSTER_FILE, smaller=WAVEFORMS + " --set training.global_batch=64"),
    Rule(r"hpcai-train scaling", parsed=LONG + "; cli.scaling runs small studies"),
    Rule(r"hpcai-train search .* --trials 32", SEARCH),
    Rule(r"hpcai-train search .* --collect", instead=(*FILE, ("$SCRATCH/search", "runs/redshifts-search")), smaller=SEARCH),
)
