#!/usr/bin/env python3
"""Lets Optuna choose the trials of `hpcai-train search`: TPE, or another of its samplers.

    scripts/optuna_search.py --config configs/own/redshifts.yaml --space configs/own/search_redshifts.yaml --trials 32 --parallel 2

Optuna proposes --parallel trials at a time. hpcai-train trains them, keeps the journal, and writes the same table, best.yaml and figure
as for its own samplers. The same command goes on after a kill. Optuna's samplers have the seed of the space file plus the number of
trials so far, so a search that was killed proposes what an undisturbed one does. Needs Python 3.8 and Optuna (made with 5.0).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="YAML file of the experiment")
    parser.add_argument("--space", required=True, help="YAML file of the space; its `sampler` is not used")
    parser.add_argument("--trials", type=int, required=True, help="trials in all")
    parser.add_argument("--parallel", type=int, default=1, help="trainings at the same time")
    parser.add_argument("--out", required=True, help="folder of the search")
    parser.add_argument("--set", action="append", default=[], help="set one key of the experiment; may be repeated")
    parser.add_argument("--nproc", type=int, help="ranks of each training")
    parser.add_argument("--sampler", default="TPESampler", help="a class of optuna.samplers; default TPESampler")
    parser.add_argument("--sampler-options", type=json.loads, default={}, help='JSON, such as {"n_startup_trials": 5}')
    parser.add_argument("--program", default=os.environ.get("HPCAI_TRAIN", str(HERE / "build" / "bin" / "hpcai-train")))
    return parser.parse_args()


class Program:
    """The search of hpcai-train."""

    def __init__(self, options):
        self.words = [options.program, "search", "--config", options.config, "--space", options.space, "--out", options.out]
        for setting in options.set:
            self.words += ["--set", setting]
        if options.nproc:
            self.words += ["--nproc", str(options.nproc)]

    def run(self, *more, stdout=subprocess.PIPE):
        done = subprocess.run([*self.words, *map(str, more)], stdout=stdout, text=True)
        if done.returncode != 0:
            sys.exit(done.returncode if done.returncode > 0 else 128 - done.returncode)
        return done.stdout

    def results(self):
        quiet = subprocess.run([*self.words, "--collect", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if quiet.returncode != 0:
            sys.stderr.write(quiet.stderr)
            sys.exit(quiet.returncode)
        return json.loads(quiet.stdout)


def distribution(optuna, parameter):
    """Optuna's distribution of a parameter. A power of two is its exponent."""
    kind, d = parameter["type"], optuna.distributions
    if kind == "choice":
        return d.CategoricalDistribution(parameter["values"])
    low, high = parameter["low"], parameter["high"]
    if kind == "power_of_two":
        return d.IntDistribution(low.bit_length() - 1, high.bit_length() - 1)
    if kind in ("integer", "log_integer"):
        return d.IntDistribution(low, high, log=kind == "log_integer")
    return d.FloatDistribution(low, high, log=kind == "log_uniform")


def to_optuna(parameter, value):
    return value.bit_length() - 1 if parameter["type"] == "power_of_two" else value


def from_optuna(parameter, value):
    if parameter["type"] == "choice":
        return value
    if parameter["type"] == "power_of_two":
        return 1 << value
    return min(max(value, parameter["low"]), parameter["high"])  # against the rounding of logarithms


def make_sampler(optuna, options, seed):
    settings = {"seed": seed, **options.sampler_options}
    if options.sampler == "TPESampler" and options.parallel > 1:
        settings.setdefault("constant_liar", True)  # trials that are handed out together keep apart
    return getattr(optuna.samplers, options.sampler)(**settings)


def study_of(optuna, options, results):
    """A study that knows the results so far."""
    space = results["space"]
    parameters = space["parameters"]
    distributions = {p["key"]: distribution(optuna, p) for p in parameters}
    sampler = make_sampler(optuna, options, space["seed"] + len(results["trials"]))
    study = optuna.create_study(sampler=sampler, direction="minimize" if space["goal"] == "minimise" else "maximize")
    states = {"finished": optuna.trial.TrialState.COMPLETE, "stopped early": optuna.trial.TrialState.PRUNED}
    for trial in results["trials"]:
        values = {p["key"]: to_optuna(p, trial["parameters"][p["key"]]) for p in parameters}
        state = states.get(trial["state"], optuna.trial.TrialState.FAIL)
        known = trial["value"] if state != optuna.trial.TrialState.FAIL else None
        seen = {trial["epochs"]: known} if state == optuna.trial.TrialState.PRUNED else {}
        study.add_trial(optuna.trial.create_trial(params=values, distributions=distributions, value=known, state=state,
                                                  intermediate_values=seen))
    return study, parameters, distributions


def propose(optuna, options, results, count):
    study, parameters, distributions = study_of(optuna, options, results)
    trials = [study.ask(distributions) for _ in range(count)]
    return [{p["key"]: from_optuna(p, trial.params[p["key"]]) for p in parameters} for trial in trials]


def main():
    options = arguments()
    try:
        import optuna
    except ImportError:
        sys.exit("optuna_search: Optuna is not installed; install it with: python3 -m pip install optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    program = Program(options)
    program.run("--ask", 0)  # makes the folder
    while True:
        results = program.results()
        done = len(results["trials"])
        if any(trial["state"] in ("to train", "waiting") for trial in results["trials"]):
            program.run("--trials", done, "--parallel", options.parallel)
        elif done < options.trials:
            proposed = propose(optuna, options, results, min(options.parallel, options.trials - done))
            program.run("--parameters", json.dumps(proposed))
        else:
            break
    program.run("--collect", stdout=None)


if __name__ == "__main__":
    main()
