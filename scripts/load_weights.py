#!/usr/bin/env python3
"""Loads weights that `hpcai-train export` has written into a network of timm or torchvision. Needs torch and safetensors.

  network = timm.create_model("legacy_xception", num_classes=0)     # or torchvision.models.resnet50(num_classes=2)
  classifier, about = load(network, "galaxy.safetensors")
  logits = classifier(network(images))                              # images [n, 3, height, width], scaled as about["scaling"] says
"""
import torch
from safetensors import safe_open

HEAD = ("head_dense1", "head_dense2", "predictions")  # of hpcai-train's Xception; timm has no such head


def load(network, path):
    """Fills the network. Returns the classifier that follows it, and the file's description."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        about = file.metadata()
    head = {name: tensors.pop(name) for name in list(tensors) if name.startswith(HEAD)}
    missing, surplus = network.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or surplus:
        raise ValueError(f"{path} does not fit the network: missing {missing}, surplus {surplus}")
    return (dense_layers(head) if head else torch.nn.Identity()).eval(), about


def dense_layers(head):
    layers = []
    for name in HEAD:
        units, inputs = head[name + ".weight"].shape
        layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU()]
        layers[-2].load_state_dict({"weight": head[name + ".weight"], "bias": head[name + ".bias"]})
    return torch.nn.Sequential(*layers[:-1])
