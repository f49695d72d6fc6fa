"""The benchmark's networks in plain PyTorch, an independent definition of what hpcai-train computes.

A WaveNet has four forms with the same arithmetic and the same number of parameters:
  conv1d  two Conv1d a layer, for filter and gate: what a user writes from the paper
  merged  one Conv1d with twice the channels for both
  nhwc    merged, as Conv2d of height 1 in channels-last memory
  linear  merged, on [batch, time, channel]; every convolution is a matrix product of the taps side by side
"""
import re

import torch
import torch.nn.functional as F
from torch import nn

KERAS_NORM = {"eps": 1e-3, "momentum": 0.01}  # Keras: epsilon 1e-3, moving average 0.99
FORMS = ("conv1d", "merged", "nhwc", "linear")


class Taps(nn.Linear):
    """A dilated convolution with "same" padding on [batch, time, channel] as one matrix product."""

    def __init__(self, inputs, outputs, width=1, dilation=1):
        super().__init__(width * inputs, outputs)
        self.width, self.dilation = width, dilation

    def forward(self, x):
        if self.width == 2:  # `dilation` zeros in all, the smaller half of them on the left
            steps, left = x.shape[1], self.dilation // 2
            x = F.pad(x, (0, 0, left, self.dilation - left))
            x = torch.cat([x[:, :steps], x[:, self.dilation:self.dilation + steps]], -1)
        return super().forward(x)


class LastNorm(nn.BatchNorm1d):
    """Batch norm of the last dimension of [batch, time, channel]."""

    def forward(self, x):
        return super().forward(x.reshape(-1, x.shape[-1])).view_as(x)


def convolution(form, inputs, outputs, width=1, dilation=1):
    if form == "linear":
        return Taps(inputs, outputs, width, dilation)
    if form == "nhwc":
        return nn.Conv2d(inputs, outputs, (1, width), dilation=(1, dilation), padding="same")
    return nn.Conv1d(inputs, outputs, width, dilation=dilation, padding="same")


def norm(form, channels, wanted):
    if not wanted:
        return nn.Identity()
    return {"linear": LastNorm, "nhwc": nn.BatchNorm2d}.get(form, nn.BatchNorm1d)(channels, **KERAS_NORM)


class GatedLayer(nn.Module):
    def __init__(self, form, inputs, channels, gates, dilation, norms):
        super().__init__()
        self.dim = -1 if form == "linear" else 1
        self.pre, self.pre_norm = convolution(form, inputs, channels), norm(form, channels, norms)
        self.merged = form != "conv1d"
        if self.merged:
            self.gated, self.gated_norm = convolution(form, channels, 2 * gates, 2, dilation), norm(form, 2 * gates, norms)
        else:
            self.filter, self.filter_norm = convolution(form, channels, gates, 2, dilation), norm(form, gates, norms)
            self.gate, self.gate_norm = convolution(form, channels, gates, 2, dilation), norm(form, gates, norms)
        self.post, self.post_norm = convolution(form, gates, channels), norm(form, channels, norms)

    def forward(self, x):
        x = F.relu(self.pre_norm(self.pre(x)))
        if self.merged:
            values, gates = self.gated_norm(self.gated(x)).chunk(2, self.dim)
        else:
            values, gates = self.filter_norm(self.filter(x)), self.gate_norm(self.gate(x))
        z = F.relu(self.post_norm(self.post(torch.tanh(values) * torch.sigmoid(gates))))
        return x + z, z


class WaveNet(nn.Module):
    """Gated dilated layers -> sum of the skips -> 1x1 -> 1x1 -> the last `keep` steps -> branches of q (1) and of the spins (4)."""

    def __init__(self, form, channels, gates, dilations, tail, keep, dense, norms):
        super().__init__()
        self.form, self.keep = form, keep
        self.layers = nn.ModuleList(GatedLayer(form, 1 if i == 0 else channels, channels, gates, dilation, norms)
                                    for i, dilation in enumerate(dilations))
        self.tail1, self.tail1_norm = convolution(form, channels, tail), norm(form, tail, norms)
        self.tail2, self.tail2_norm = convolution(form, tail, 1), norm(form, 1, norms)
        self.q_hidden, self.q = nn.Linear(keep, dense), nn.Linear(dense, 1)
        self.spin_hidden, self.spin = nn.Linear(keep, dense), nn.Linear(dense, 4)

    def forward(self, x):  # [batch, 1, time]
        if self.form == "linear":
            x = x.transpose(1, 2)
        elif self.form == "nhwc":
            x = x.unsqueeze(2).to(memory_format=torch.channels_last)
        skips = 0
        for layer in self.layers:
            x, z = layer(x)
            skips = skips + z
        y = F.relu(self.tail1_norm(self.tail1(F.relu(skips))))
        y = self.tail2_norm(self.tail2(y)).flatten(1)[:, -self.keep:]
        return self.q(F.relu(self.q_hidden(y))), self.spin(F.relu(self.spin_hidden(y)))


class Separable(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs, **KERAS_NORM)

    def forward(self, x):
        return self.bn(self.pointwise(self.depthwise(x)))


class Down(nn.Module):
    """Two separable convolutions and a strided pool, beside a strided 1x1 convolution."""

    def __init__(self, inputs, middle, outputs, first_relu=True):
        super().__init__()
        self.first_relu = first_relu
        self.sepconv1, self.sepconv2 = Separable(inputs, middle), Separable(middle, outputs)
        self.residual, self.residual_bn = nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs, **KERAS_NORM)

    def forward(self, x):
        y = self.sepconv2(F.relu(self.sepconv1(F.relu(x) if self.first_relu else x)))
        odd = y.shape[-1] % 2  # Keras's "same" pads one on each side of an odd size, and only the end of an even one
        return F.max_pool2d(y, 3, 2, padding=odd, ceil_mode=not odd) + self.residual_bn(self.residual(x))


class Middle(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.sepconv1, self.sepconv2, self.sepconv3 = (Separable(channels, channels) for _ in range(3))

    def forward(self, x):
        return x + self.sepconv3(F.relu(self.sepconv2(F.relu(self.sepconv1(F.relu(x))))))


class Xception(nn.Module):
    """Xception as in Keras, and the head of the galaxy classifier, without dropout."""

    def __init__(self, classes=2):
        super().__init__()
        self.block1_conv1, self.block1_conv1_bn = nn.Conv2d(3, 32, 3, stride=2, bias=False), nn.BatchNorm2d(32, **KERAS_NORM)
        self.block1_conv2, self.block1_conv2_bn = nn.Conv2d(32, 64, 3, bias=False), nn.BatchNorm2d(64, **KERAS_NORM)
        self.block2, self.block3, self.block4 = Down(64, 128, 128, False), Down(128, 256, 256), Down(256, 728, 728)
        for block in range(5, 13):
            setattr(self, f"block{block}", Middle(728))
        self.block13 = Down(728, 728, 1024)
        self.block14_sepconv1, self.block14_sepconv2 = Separable(1024, 1536), Separable(1536, 2048)
        self.head_dense1, self.head_dense2, self.predictions = nn.Linear(2048, 1024), nn.Linear(1024, 1024), nn.Linear(1024, classes)

    def forward(self, x):
        x = F.relu(self.block1_conv1_bn(self.block1_conv1(x)))
        x = F.relu(self.block1_conv2_bn(self.block1_conv2(x)))
        for block in range(2, 14):
            x = getattr(self, f"block{block}")(x)
        x = F.relu(self.block14_sepconv2(F.relu(self.block14_sepconv1(x)))).mean((2, 3))
        return self.predictions(F.relu(self.head_dense2(F.relu(self.head_dense1(x)))))


def waveform_loss(output, label):
    """Squared errors of q and of (s1, s2, chi_eff, S_eff); label [batch, 3] holds q, s1, s2."""
    q, s1, s2 = label.unbind(1)
    spins = torch.stack([s1, s2, (q * s1 + s2) / (1 + q), (1 + 3 / (4 * q)) * s1 + (1 + 3 * q / 4) * s2], 1)
    return F.mse_loss(output[0].float(), q[:, None]) + F.mse_loss(output[1].float(), spins)


def cross_entropy(output, label):
    return F.cross_entropy(output.float(), label)


def wavenet(channels, gates, dilations, tail, keep, dense, norms):
    return lambda form: WaveNet(form, channels, gates, dilations, tail, keep, dense, norms)


def resnet50(_form):
    import torchvision
    return torchvision.models.resnet50()


class Workload:
    """make(form), loss(output, target), optimizer(parameters), forms, and GFLOP of a training step of one sample."""

    def __init__(self, make, loss, optimizer, forms, gflop):
        self.make, self.loss, self.optimizer, self.forms, self.gflop = make, loss, optimizer, forms, gflop


def adam(rate):
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, fused=True)


def momentum(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=1e-4, fused=True)


IMAGES = ("nchw", "nhwc")
WORKLOADS = {
    "wavenet_paper": Workload(wavenet(16, 32, [2**i for i in range(8)] * 2, 128, 10000, 512, True), waveform_loss, adam(5e-7), FORMS, 28.8),
    "wavenet_small": Workload(wavenet(16, 32, [2**i for i in range(11)] * 3, 16, 1024, 64, False), waveform_loss, adam(1e-3), FORMS, 2.3),
    "wavenet_medium": Workload(wavenet(64, 128, [2**i for i in range(11)] * 3, 64, 1024, 64, False), waveform_loss, adam(1e-3), FORMS, 36.6),
    "xception": Workload(lambda _form: Xception(), cross_entropy, adam(1e-4), IMAGES, 50.1),
    "resnet50": Workload(resnet50, cross_entropy, momentum, IMAGES, 24.5),
}


def load(model, tensors):
    """Fills `model`, of any form, with the tensors of hpcai-train: {name: tensor}."""
    filled = {}
    for key, value in model.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        name, tensor = re.sub(r"^(block\d+)\.", r"\1_", key).replace(".bn.", "_bn."), None  # of Xception: ours has no level of blocks
        for part, half in (("filter", 0), ("gate", 1)):  # of the form conv1d; ours holds both in one tensor
            if f".{part}." in key or f".{part}_norm." in key:
                name = key.replace(f".{part}", ".gated")
                tensor = tensors[name].chunk(2)[half]
        tensor = tensors[name] if tensor is None else tensor
        if tensor.dim() == 3 and value.dim() == 2:
            tensor = tensor.transpose(1, 2)  # Taps: [outputs, width x inputs]
        filled[key] = tensor.reshape(value.shape)
    missing = model.load_state_dict(filled, strict=False)
    assert not missing.unexpected_keys and all("num_batches" in key for key in missing.missing_keys), missing
