"""A small network that learned which world and domain a picture is from: the classifier accuracy, and features for FID.

The share of translations that it takes for their target domain is a common figure, and a blind one. The network has
only ever had to tell real pictures apart, so it goes by whatever tells them apart most easily: of horses that wear grey
noise instead of a coat, it takes nearly all for zebras (see the tests). `judging/coat.py` measures what it overlooks.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.data.images import to_tensor
from minicyclegan.judging.metrics import Images, as_tensor
from minicyclegan.judging.nets import BATCH, convolution, look, one_cycle, shipped
from minicyclegan.worlds import WORLDS, Domain, Split, render_pictures

SIZE = 64  # pixels: pictures of other sizes are averaged down, or enlarged, to it
FEATURES = 64

# What it tells apart. The photos of edges2photo are those of horse2zebra, horses and zebras mixed; riders is never
# trained on. Both are judged by these classes too.
CLASSES: tuple[tuple[str, Domain], ...] = (
    ("facades", "A"), ("facades", "B"), ("horse2zebra", "A"), ("horse2zebra", "B"), ("summer2winter", "A"),
    ("summer2winter", "B"), ("circles2squares", "A"), ("circles2squares", "B"), ("edges2photo", "A"),
)  # fmt: skip


class Classifier(nn.Module):
    """Four convolutions, each channel's mean over the picture, one linear layer.

    (N, 3, H, W) in [-1, 1] -> logits (N, 9). `features` are the 64 means, each divided by its deviation over the real
    training pictures, so that none outweighs the others in a distance.
    """

    deviation: Tensor  # (64,), of the means over the training pictures

    def __init__(self, width: int = 16):
        super().__init__()
        self.convolutions = nn.Sequential(
            convolution(3, width, 2), convolution(width, 2 * width, 2), convolution(2 * width, 3 * width, 2),
            convolution(3 * width, FEATURES),
        )  # fmt: skip
        self.head = nn.Linear(FEATURES, len(CLASSES))
        self.register_buffer("deviation", torch.ones(FEATURES))

    def features(self, x: Tensor) -> Tensor:
        return self.convolutions(x).mean((2, 3)) / self.deviation  # (N, 64)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.convolutions(x).mean((2, 3)))  # (N, 9)


def labelled(split: Split, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` real pictures of every class: (9 count, SIZE, SIZE, 3) uint8, and their classes (9 count,) int64."""
    pictures = [render_pictures(WORLDS[world], split, domain, count, SIZE, seed) for world, domain in CLASSES]
    return np.concatenate(pictures), np.repeat(np.arange(len(CLASSES)), count)


def train_classifier(pictures: int = 300, steps: int = 1200, seed: int = 0, batch: int = 32) -> Classifier:
    """A classifier trained on the first `pictures` training pictures of every class, mirrored half of the time."""
    x, y = labelled("train", pictures)
    x, y = to_tensor(x), torch.from_numpy(y)  # (9 pictures, 3, SIZE, SIZE), (9 pictures,)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = Classifier()
    generator = torch.Generator().manual_seed(seed)
    for _ in one_cycle(classifier, steps, "classifier"):
        chosen = torch.randint(len(x), (batch,), generator=generator)
        mirrored = torch.rand(batch, 1, 1, 1, generator=generator) < 0.5
        seen = torch.where(mirrored, x[chosen].flip(-1), x[chosen])  # (batch, 3, SIZE, SIZE)
        F.cross_entropy(classifier(seen), y[chosen]).backward()
    classifier.eval()
    with torch.no_grad():
        means = torch.cat([classifier.features(part) for part in x.split(BATCH)])  # (9 pictures, 64)
    classifier.deviation.copy_(means.std(0).clamp(min=1e-3))
    return classifier


def classify(images: Images, classifier: Classifier | None = None) -> np.ndarray:
    """The place in CLASSES of each of N uint8 pictures: (N,) int64."""
    classifier = classifier or shipped(Classifier, as_tensor(images).device)
    return look(lambda x: classifier(x).argmax(1), images, SIZE).cpu().numpy()


def features(images: Images, classifier: Classifier | None = None) -> Tensor:
    """What FID and KID compare, of N uint8 pictures: (N, 64) float64, where the pictures are."""
    classifier = classifier or shipped(Classifier, as_tensor(images).device)
    return look(classifier.features, images, SIZE).double()


def classes_of(world: str, domain: Domain) -> tuple[int, ...]:
    """The places in CLASSES that pictures of a world's domain may be taken for; none if it was never taught any."""
    if (world, domain) == ("edges2photo", "B"):
        return CLASSES.index(("horse2zebra", "A")), CLASSES.index(("horse2zebra", "B"))
    name = "horse2zebra" if world == "riders" else world
    return (CLASSES.index((name, domain)),) if (name, domain) in CLASSES else ()
