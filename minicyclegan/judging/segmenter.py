"""The FCN score: how much of a label map can be read back off a front, by a segmenter that learned on real fronts.

pix2pix (section 4.1) and CycleGAN (section 5.1.1) score labels -> photo this way: if a generated picture is good, a
network that has only ever seen real ones finds the right class at every pixel. The scores are those of Long et al.
2015, "Fully Convolutional Networks for Semantic Segmentation", section 5. Real fronts' own score is the ceiling.

Alone, the score proves little: a picture that shows every edge in the right place and no texture at all scores well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.data.images import to_tensor
from minicyclegan.judging.metrics import Images, as_tensor
from minicyclegan.judging.nets import convolution, look, one_cycle, shipped
from minicyclegan.worlds.base import Split, draw_scene
from minicyclegan.worlds.facades import CLASSES, FACADES, PALETTE

SIZE = 64  # pixels: fronts of other sizes are averaged down, or enlarged, to it


class Segmenter(nn.Module):
    """Two convolutions at full size, three at half of it, and back over a sum with what came before (FCN's skip).

    (N, 3, H, W) in [-1, 1] -> logits (N, 9, H, W); H and W are even. Each output sees about 19 x 19 pixels and no more:
    a pixel has to be recognised by what is painted around it. A segmenter that sees the whole picture guesses the
    layout from the edges alone, and the mean of many fronts scores nearly as a real one.
    """

    def __init__(self, width: int = 14, classes: int = len(CLASSES)):
        super().__init__()
        self.fine = nn.Sequential(convolution(3, width), convolution(width, width))
        self.coarse = nn.Sequential(
            convolution(width, 2 * width, stride=2),
            convolution(2 * width, 2 * width),
            convolution(2 * width, 2 * width),
        )
        self.from_coarse = nn.Conv2d(2 * width, width, 1)
        self.head = nn.Sequential(convolution(width, width), nn.Conv2d(width, classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        fine = self.fine(x)  # (N, width, H, W)
        coarse = self.from_coarse(self.coarse(fine))  # (N, width, H/2, W/2)
        coarse = F.interpolate(coarse, scale_factor=2.0, mode="bilinear")  # (N, width, H, W)
        return self.head(F.relu(fine + coarse))  # (N, classes, H, W)


# ---- Training ----------------------------------------------------------------------------------------------------


def fronts(split: Split, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Real fronts (count, SIZE, SIZE, 3) uint8 and their label maps (count, SIZE, SIZE) uint8."""
    scenes = [draw_scene(FACADES, split, "B", index, seed) for index in range(count)]
    pictures = np.stack([FACADES.render(scene, "B", SIZE) for scene in scenes])
    return pictures, np.stack([FACADES.truth(scene, SIZE)["labels"] for scene in scenes])


def train_segmenter(pictures: int = 800, steps: int = 500, seed: int = 0, batch: int = 16) -> Segmenter:
    """A segmenter trained on the first `pictures` training fronts, mirrored half of the time; in eval mode.

    Mirroring is all the augmentation there is: a segmenter that learned to see past wrong colours is a lenient judge.
    With each channel's exposure varied by a tenth, the mean of many fronts of one layout scores nearly as a real front.
    """
    x, y = fronts("train", pictures)
    x, y = to_tensor(x), torch.from_numpy(y).long()  # (pictures, 3, SIZE, SIZE), (pictures, SIZE, SIZE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        segmenter = Segmenter()
    generator = torch.Generator().manual_seed(seed)
    for _ in one_cycle(segmenter, steps, "segmenter"):
        chosen = torch.randint(pictures, (batch,), generator=generator)
        front, labels = mirrored(x[chosen], y[chosen], generator)
        F.cross_entropy(segmenter(front), labels).backward()
    return segmenter.eval()


def mirrored(front: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Half of the fronts (N, 3, H, W) mirrored, with their labels (N, H, W)."""
    chosen = torch.rand(len(front), generator=generator) < 0.5
    front = torch.where(chosen[:, None, None, None], front.flip(-1), front)  # (N, 3, H, W)
    return front, torch.where(chosen[:, None, None], labels.flip(-1), labels)


# ---- Scores ------------------------------------------------------------------------------------------------------


def segment(images: Images, segmenter: Segmenter | None = None) -> np.ndarray:
    """The class at each pixel of N uint8 pictures in colour, which are brought to SIZE first: (N, SIZE, SIZE) uint8."""
    segmenter = segmenter or shipped(Segmenter, as_tensor(images).device)
    return look(lambda x: segmenter(x).argmax(1).byte(), images, SIZE).cpu().numpy()


def read_labels(images: Images) -> np.ndarray:
    """uint8 label pictures in colour as classes, by the nearest colour of PALETTE: (N, H, W) uint8."""
    palette = torch.from_numpy(PALETTE.astype(np.int32))[:, :, None, None]  # (9, 3, 1, 1)

    def nearest(picture: Tensor) -> Tensor:
        return (picture.int() - palette.to(picture.device)).square().sum(1).argmin(0)  # (H, W)

    return torch.stack([nearest(picture) for picture in as_tensor(images)]).byte().cpu().numpy()


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int = len(CLASSES)) -> np.ndarray:
    """n_ij, the pixels of class i that were taken for class j, of each picture.

    (N, H, W) integers below `classes`, twice -> (N, classes, classes) int64. Raises ValueError for unequal shapes.
    """
    if labels.shape != predicted.shape:
        raise ValueError(f"labels {labels.shape} and predictions {predicted.shape} must have the same shape (N, H, W)")
    pairs = labels.astype(np.int64) * classes + predicted  # (N, H, W)
    counts = [np.bincount(picture.ravel(), minlength=classes**2) for picture in pairs]
    return np.stack(counts).reshape(-1, classes, classes)


@dataclass(frozen=True)
class SegmentationScore:
    """The three figures of the papers' tables, each in [0, 1], and the counts they come from."""

    accuracy: float
    class_accuracy: float
    iou: float
    confusion: np.ndarray  # (N, classes, classes), by picture

    @property
    def per_picture(self) -> np.ndarray:
        """Each picture's own pixel accuracy: (N,)."""
        return np.trace(self.confusion, axis1=1, axis2=2) / self.confusion.sum((1, 2))


def score(counts: np.ndarray) -> SegmentationScore:
    """Scores over all pictures together, from n_ij of each picture (N, classes, classes).

    Classes that no pixel has stay out of the mean of the class accuracies; out of IoU's those that are not predicted
    either.
    """
    n = counts.sum(0)  # (classes, classes)
    right, truth, predicted = np.diag(n), n.sum(1), n.sum(0)  # n_ii, t_i = Σ_j n_ij, Σ_j n_ji
    present, met = truth > 0, truth + predicted > 0
    return SegmentationScore(
        accuracy=float(right.sum() / truth.sum()),  # Σ_i n_ii / Σ_i t_i
        class_accuracy=float((right[present] / truth[present]).mean()),  # 1/n_cl Σ_i n_ii / t_i
        iou=float((right[met] / (truth + predicted - right)[met]).mean()),  # 1/n_cl Σ_i n_ii / (t_i + Σ_j n_ji − n_ii)
        confusion=counts,
    )


def fcn_score(images: Images, labels: np.ndarray, segmenter: Segmenter | None = None) -> SegmentationScore:
    """How much of the label maps (N, SIZE, SIZE) uint8 can be read off N uint8 fronts in colour, of any size.

    The pictures are brought to SIZE x SIZE by averaging; the labels are those of `truth(scene, SIZE)`.
    """
    return score(confusion(labels, segment(images, segmenter)))
