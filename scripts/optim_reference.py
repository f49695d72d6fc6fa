"""Large-batch update rules and warm-ups in plain float64 numpy, each written from its publication's equations.

Independent of the program: export_optim_fixtures.py makes the parity fixtures from these, after comparing them with timm's.
"""
import math

import numpy as np


def ratio_of(weight, update, ratio, cap):
    """1 where a norm is 0, else the ratio, at most cap (0: no cap)."""
    if np.linalg.norm(weight) == 0 or np.linalg.norm(update) == 0:
        return 1.0
    return min(ratio, cap) if cap > 0 else ratio


class Keras:
    """v <- m v + lr g, w <- w - v (Goyal et al. 2017, eq. 10), with Horovod's momentum correction: for one step after a change
    of the rate the momentum coefficient is m new/old."""

    def __init__(self, momentum, weight_decay=0.0, nesterov=False, correct=True):
        self.momentum, self.decay, self.nesterov, self.correct = momentum, weight_decay, nesterov, correct
        self.velocity, self.last = {}, {}

    def step(self, name, w, g, lr):
        g = g + self.decay * w
        m = self.momentum
        if self.correct and name in self.last:
            m *= lr / self.last[name]
        self.last[name] = lr
        v = self.velocity[name] = m * self.velocity.get(name, 0.0) + lr * g
        return w - (self.momentum * v + lr * g if self.nesterov else v)


class Lars:
    """You, Gitman & Ginsburg 2017, algorithm 1 (form you), and the MLPerf 0.6 reference (form mlperf)."""

    def __init__(self, form="you", eta=1e-3, momentum=0.9, weight_decay=1e-4, epsilon=0.0, cap=0.0, correct=False,
                 adapt_vectors=False, decay_vectors=False):
        self.form, self.eta, self.momentum, self.decay, self.epsilon, self.cap = form, eta, momentum, weight_decay, epsilon, cap
        self.correct, self.adapt_vectors, self.decay_vectors = correct, adapt_vectors, decay_vectors
        self.velocity, self.last = {}, {}

    def step(self, name, w, g, lr):
        decay = self.decay if w.ndim > 1 or self.decay_vectors else 0.0
        ratio = 1.0
        if w.ndim > 1 or self.adapt_vectors:
            below = np.linalg.norm(g) + decay * np.linalg.norm(w) + self.epsilon
            ratio = ratio_of(w, g, self.eta * np.linalg.norm(w) / below, self.cap)
        g = g + decay * w
        v = self.velocity.get(name, np.zeros_like(w))
        if self.form == "you":
            m = self.momentum * (lr / self.last[name] if self.correct and name in self.last else 1.0)
            self.last[name] = lr
            v = m * v + lr * ratio * g
            step = v
        else:
            v = self.momentum * v + g
            step = lr * ratio * v
        self.velocity[name] = v
        return w - step


class Lamb:
    """You et al. 2020, algorithm 2; phi clips |w| to [low, high]."""

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-6, weight_decay=0.01, bias_correction=True, cap=0.0,
                 adapt_vectors=False, decay_vectors=False, low=0.0, high=np.inf):
        self.beta1, self.beta2, self.epsilon, self.decay, self.cap = beta1, beta2, epsilon, weight_decay, cap
        self.low, self.high = low, high
        self.bias_correction, self.adapt_vectors, self.decay_vectors = bias_correction, adapt_vectors, decay_vectors
        self.mean, self.square, self.count = {}, {}, {}

    def step(self, name, w, g, lr):
        t = self.count[name] = self.count.get(name, 0) + 1
        m = self.mean[name] = self.beta1 * self.mean.get(name, 0.0) + (1 - self.beta1) * g
        v = self.square[name] = self.beta2 * self.square.get(name, 0.0) + (1 - self.beta2) * g * g
        if self.bias_correction:
            m, v = m / (1 - self.beta1 ** t), v / (1 - self.beta2 ** t)
        u = m / (np.sqrt(v) + self.epsilon)
        if w.ndim > 1 or self.decay_vectors:
            u = u + self.decay * w
        ratio = 1.0
        if w.ndim > 1 or self.adapt_vectors:
            norm = np.clip(np.linalg.norm(w), self.low, self.high)
            ratio = ratio_of(norm, u, norm / np.linalg.norm(u) if u.any() else 1.0, self.cap)
        return w - lr * ratio * u


def horovod_warmup(rate, workers, warmup_epochs, step, steps_per_epoch):
    """The rate of a step; `rate` is the full one, already multiplied by the number of workers."""
    epoch, batch = divmod(step, steps_per_epoch)
    if epoch + batch / steps_per_epoch >= warmup_epochs:
        return rate
    e = epoch + batch / steps_per_epoch + 1 / steps_per_epoch
    return rate / workers * (e * (workers - 1) / warmup_epochs + 1)


def lars_schedule(rate, end, warmup_steps, step, total):
    """Straight from 0, then a parabola to `end` (TPU and MLPerf ResNet references)."""
    if step < warmup_steps:
        return rate * step / warmup_steps
    return (rate - end) * (1 - (step - warmup_steps) / (total - warmup_steps)) ** 2 + end


def cosine(rate, warmup_steps, step, total):
    return rate * (1 + math.cos(math.pi * max(0, step - warmup_steps) / (total - warmup_steps))) / 2
