#!/usr/bin/env python3
"""Writes the Dirichlet-multinomial losses of votes, their gradients, expected fractions and Beta quantiles with mpmath.

The loss is computed in 50 digits from beta functions, not from differences of the logarithms of gamma functions:

    p = n! / (x_1! ... x_k!) * B(a + x) / B(a),    B(a) = G(a_1) ... G(a_k) / G(a_1 + ... + a_k),    a_i = 1 + 100 / (1 + exp(-s_i))

Its gradient by the scores is a difference quotient of those digits. This is the mass function of scipy.stats.dirichlet_multinomial
and of pyro.distributions.DirichletMultinomial, which Zoobot uses (pyro's log_prob with is_sparse=False, labels and concentrations of
one question).

Needs Python's mpmath. Usage: export_vote_fixtures.py > tests/fixtures/votes.json
"""

import json

from mpmath import betainc, exp, gamma, log, mp, mpf

mp.dps = 50

QUESTIONS = [3, 2, 4]  # answers of each


def concentration(score):
    return 1 + 100 / (1 + exp(-mpf(score)))


def beta(a):
    product = mpf(1)
    for value in a:
        product *= gamma(value)
    return product / gamma(sum(a))


def question_loss(scores, votes):
    a = [concentration(score) for score in scores]
    x = [mpf(vote) for vote in votes]
    ways = gamma(sum(x) + 1)
    for vote in x:
        ways /= gamma(vote + 1)
    return -log(ways * beta([c + v for c, v in zip(a, x)]) / beta(a))


def parts(row):
    first = 0
    for count in QUESTIONS:
        yield row[first:first + count]
        first += count


def galaxy_loss(scores, votes):
    return sum(question_loss(s, v) for s, v in zip(parts(scores), parts(votes)))


def gradient(scores, votes):
    step = mpf(10) ** -15
    values = []
    for i in range(len(scores)):
        up, down = [mpf(s) for s in scores], [mpf(s) for s in scores]
        up[i] += step
        down[i] -= step
        values.append((galaxy_loss(up, votes) - galaxy_loss(down, votes)) / (2 * step))
    return values


def beta_quantile(probability, a, b):
    low, high = mpf(0), mpf(1)
    for _ in range(70):
        middle = (low + high) / 2
        if betainc(a, b, 0, middle, regularized=True) < probability:
            low = middle
        else:
            high = middle
    return middle


def prediction(scores):
    fractions, low, high = [], [], []
    for part in parts(scores):
        a = [concentration(score) for score in part]
        for value in a:
            fractions.append(value / sum(a))
            low.append(beta_quantile(mpf("0.05"), value, sum(a) - value))
            high.append(beta_quantile(mpf("0.95"), value, sum(a) - value))
    return fractions, low, high


def case(name, scores, votes):
    fractions, low, high = prediction(scores)
    return {"name": name, "scores": scores, "votes": votes,
            "losses": [float(question_loss(s, v)) for s, v in zip(parts(scores), parts(votes))],
            "gradient": [float(value) for value in gradient(scores, votes)],
            "fraction": [float(value) for value in fractions],
            "low": [float(value) for value in low], "high": [float(value) for value in high]}


def main():
    small = [0.3, -1.2, 0.8, -0.4, 2.1, 0.0, -0.7, 1.4, -2.5]
    cases = [
        case("a galaxy as others", small, [31, 8, 1, 2, 6, 0, 3, 2, 1]),
        case("no votes at all", small, [0] * 9),
        case("one question without votes", small, [12, 25, 3, 0, 0, 1, 1, 0, 5]),
        case("one vote", small, [0, 0, 1, 0, 0, 0, 0, 0, 0]),
        case("a thousand votes", small, [1000, 0, 0, 999, 1, 250, 250, 250, 250]),
        case("fractions of votes", small, [30.25, 8.5, 0.25, 1.75, 6.125, 0.0, 2.5, 2.0, 0.5]),
        case("large scores", [30.0, -30.0, 8.0, 20.0, -20.0, 50.0, -50.0, 0.0, 12.0], [3, 40, 2, 0, 17, 5, 1000, 2, 0]),
        case("equal scores", [-5.0] * 9, [4, 4, 4, 6, 6, 3, 3, 3, 3]),
    ]
    print(json.dumps({"made_by": "scripts/export_vote_fixtures.py", "questions": QUESTIONS, "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
