"""Finds faults of a command without running it: programs, scripts, options, configs and settings that do not exist."""
import fnmatch
import functools
import json
import re
import shlex
import subprocess

from pages import LEADING_PROGRAM, SOURCE
from workspace import PROGRAM

# Programs that are not ours, with the options that take a value behind a space: what follows may be a command of ours.
FOREIGN = {"srun": ("-n", "-N"), "mpirun": ("-np", "-n", "-H", "-x"), "mpiexec": ("-n", "-np", "-H"), "torchrun": (), "apptainer": (),
           "sbatch": (), "cmake": ("--build", "--preset"), "tensorboard": ("--logdir",), "docker": (), "python3": (), "bash": ()}


def ask(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, cwd=SOURCE)


@functools.cache
def help_of(*command):
    done = ask(*command, "--help")
    return done.stdout if done.returncode == 0 else ""


@functools.cache
def subcommands(*command):
    """The words that may follow a command, from its help."""
    listed = help_of(*command).partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\w[\w-]*)", listed, re.M)


def options_in(text):
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text))


def is_placeholder(word):
    """FILE, DIR, RUN, KEY=VALUE, ..., or what a shell puts there."""
    return bool(re.search(r"\b[A-Z]{2,}\b|\$|\.\.\.", word))


def used_options(words):
    return [word.partition("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)]


def faults_of_settings(words):
    settings = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--set" and not is_placeholder(words[i + 1])]
    config = next((words[i + 1] for i, word in enumerate(words[:-1]) if word == "--config"), None)
    if config and config.startswith("configs/") and not is_placeholder(config) and not (SOURCE / config).exists():
        return [f"there is no {config}"]
    return [f"there is no setting {setting}" for setting in settings
            if "=" not in setting or ask("explain", setting.partition("=")[0].rpartition(":")[2]).returncode != 0]


def faults_of_program(words):
    command = []
    while words and words[0] in subcommands(*command):
        command.append(words.pop(0))
    if words and not command and not words[0].startswith("-") and not is_placeholder(words[0]):
        return [f"there is no command {words[0]}"]
    known = options_in(help_of(*command))
    return [f"{' '.join(command) or 'the program'} has no option {option}" for option in used_options(words) if option not in known] + \
        faults_of_settings(words)


def faults_of_script(path, words):
    file = SOURCE / path
    if not file.exists():
        return [f"there is no {path}"]
    known = options_in(file.read_text()) | {"--help"}
    if path == "scripts/test.sh":  # its arguments go to ctest
        known |= {"-L", "-R"}
    if path == "scripts/figure1.sh":  # and these to scaling
        known |= options_in(help_of("scaling"))
    return [f"{path} has no option {option}" for option in used_options(words) if option not in known]


def faults_of_presets(words):
    presets = json.loads((SOURCE / "CMakePresets.json").read_text())
    kind = "buildPresets" if "--build" in words else "configurePresets"
    names = {preset["name"] for preset in presets[kind]}
    return [f"there is no preset {words[i + 1]}" for i, word in enumerate(words[:-1]) if word == "--preset" and words[i + 1] not in names]


def faults_of_test(program, words):
    """Of test programs: a pattern of test cases that exist, or a scenario of ranks."""
    folder = SOURCE / "tests" / (f"unit/{program.removeprefix('test_')}" if program.startswith("test_") else "distributed")
    text = "\n".join(path.read_text() for path in folder.rglob("*.cpp"))
    names = re.findall(r'TEST_CASE\("([^"]*)"', text) if program.startswith("test_") else re.findall(r'scenarios\["(\w+)"\]', text)
    # Catch2 takes upper and lower case alike.
    return [] if any(fnmatch.fnmatchcase(name.lower(), word.lower()) for word in words for name in names) else [f"{program} has no test {words}"]


def faults_of_simple(words):
    """The faults of one command without pipes."""
    while words and re.match(r"[A-Z_]+=", words[0]):
        name = words.pop(0).partition("=")[0]
        if "sbatch" in words and name not in (SOURCE / "scripts/slurm/README.md").read_text():
            return [f"the batch scripts have no variable {name}"]
    if not words:
        return []
    first, rest = words[0], words[1:]
    if LEADING_PROGRAM.match(first):
        return faults_of_program(rest)
    if first.startswith("build/tests/"):
        return faults_of_test(first.rpartition("/")[2], rest)
    if first == "cmake":
        return faults_of_presets(rest)
    if re.match(r"(?:scripts|tests|configs)/", first):
        return faults_of_script(first, rest)
    if first in FOREIGN:
        while rest and (rest[0].startswith("-") or rest[0] in ("run", "exec")):
            rest = rest[2:] if rest[0] in FOREIGN[first] else rest[1:]
        ours = rest and (LEADING_PROGRAM.match(rest[0]) or re.match(r"(?:scripts|tests|configs)/", rest[0]))
        if not ours:
            return []
        if rest[0].endswith(".sbatch"):  # words behind it go to the program
            return ([] if (SOURCE / rest[0]).exists() else [f"there is no {rest[0]}"]) + faults_of_program(rest[1:])
        return faults_of_simple(rest)
    return [f"nobody knows the program {first}"]


def faults(text):
    """The faults of a command of the shell."""
    found = []
    text = re.sub(r"<(\w+)>", "NAME", text.replace("\\\n", " "))
    for part in re.split(r"&&|\|\||\||;", text):
        words = shlex.split(re.sub(r"\d?>>?\s*\S+|<\(|\)$", " ", part))
        found += faults_of_simple(words)
    return found
