"""One training of a published recipe in an environment of its own, by its authors' code.

PYTHON published.py DATA RECIPE EPOCHS SEED THREADS PRECISION

DATA holds byte images (n, 32, 32, 3) and labels (n,) of ``train``, ``validation`` and ``test``. The package
is airbench (Jordan 2024, arXiv:2404.00498), written for GPUs: on a processor its tensors stay where they
are, its half precision becomes float32, and PyTorch's autocast computes in bfloat16 where that is asked for.
Recipe, rates, batches and augmentation are its own; the answer is the last line of standard output.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import airbench
import numpy as np
import torch

RECIPES = {
    "airbench93": (airbench.train93, airbench.make_net93),
    "airbench94": (airbench.train94, airbench.make_net94),
}


class Event:
    """In the place of a GPU's clock; the time is taken outside."""

    def __init__(self, **_: object) -> None:
        pass

    def record(self) -> None:
        pass

    def elapsed_time(self, _: Event) -> float:
        return 0.0


def stay_on_processor() -> None:
    """Have the package's code find no GPU to go to."""
    torch.nn.Module.cuda = torch.nn.Module.half = lambda self, *_: self.float()
    torch.Tensor.half = lambda self: self.float()
    torch.cuda.Event, torch.cuda.synchronize = Event, lambda: None
    whiten = airbench.utils.init_whitening_conv  # in bfloat16 some variances would be below zero
    airbench.utils.init_whitening_conv = torch.autocast("cpu", enabled=False)(whiten)
    defaults = airbench.CifarLoader.__init__.__defaults__
    airbench.CifarLoader.__init__.__defaults__ = (*defaults[:-1], "cpu")  # in the place of GPU 0


def write_sets(data: Mapping[str, np.ndarray]) -> None:
    """The files that the package reads: "test" in its own folder, the others each in one that it is told."""
    for folder, name, part in (
        ("cifar10", "train", "train"),
        ("cifar10", "test", "test"),
        ("validation", "test", "validation"),
    ):
        Path(folder).mkdir(exist_ok=True)
        images, labels = (torch.from_numpy(data[f"{part}_{kind}"]) for kind in ("images", "labels"))
        torch.save({"images": images, "labels": labels.long(), "classes": []}, f"{folder}/{name}.pt")


def operations(net: torch.nn.Module) -> int:
    """Of convolutions and matrix products, for one image: two for each weight and place."""
    counted: list[int] = []

    def count(layer: torch.nn.Module, _: object, out: torch.Tensor) -> None:
        places = out.shape[2] * out.shape[3] if out.dim() == 4 else 1
        counted.append(2 * layer.weight.numel() * places)

    layers = [each for each in net.modules() if isinstance(each, torch.nn.Conv2d | torch.nn.Linear)]
    hooks = [each.register_forward_hook(count) for each in layers]
    net.eval()
    with torch.no_grad():
        net(torch.zeros(1, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    return sum(counted)


def main() -> None:
    """Train, and say what came of it."""
    path, name, epochs, seed, threads, precision = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(int(seed))
    stay_on_processor()
    with np.load(path) as data, tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_sets(data)
        train, make_net = RECIPES[name]
        hyp = {"flip": True, "translate": 2}
        loader = airbench.CifarLoader("cifar10", train=True, batch_size=1024, aug=hyp, altflip=True)
        start = time.perf_counter()
        # Without its cache, as that would keep the first weights for as long as the block lasts.
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16", cache_enabled=False):
            net = train(train_loader=loader, epochs=float(epochs), make_net=make_net, verbose=False)
        seconds = time.perf_counter() - start
        sets = [airbench.CifarLoader(each, train=False) for each in ("validation", "cifar10")]
        validation, test = (airbench.evaluate(net, each) for each in sets)
        os.chdir("/")
    found = {
        "validation": validation,
        "test": test,
        "seconds": seconds,
        "megaflops": operations(net) / 1e6,
        "train_images": len(loader.images),
        "software": ", ".join(f"{each} {version(each)}" for each in ("torch", "airbench")),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
