"""What is normal for each loss, and why: sentences and bands for the report.

The bands of lsgan are what the running mean kept to, after the first third, in runs of `--small` and `--preset photos`:
on horse2zebra, summer2winter and facades, and on pictures of apples, shoes and woodcuts. The others follow from the
equations.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Normal(NamedTuple):
    """A loss term in words. `low` and `high` are the ends of its band; None where it has no such end."""

    title: str
    equation: str
    low: float | None
    high: float | None
    why: str


class Adversarial(NamedTuple):
    """Both sides of a GAN loss: equation, what each pays when D is only guessing, and the band around that."""

    D: str
    G: str
    source: str
    guess_D: float | None
    band_D: tuple[float | None, float | None]
    guess_G: float | None
    band_G: tuple[float | None, float | None]
    basis: str


DERIVED = "The band follows from the equation: D is right with a probability between a half and three quarters."
ADVERSARIAL = {
    "lsgan": Adversarial(
        "½ (E (D(y) − 1)² + E D(G(x))²)", "E (D(G(x)) − 1)²", "least squares: Mao et al. 2017, eq. 2",
        0.25, (0.12, 0.3), 0.25, (0.2, 0.66),
        "The band is measured: runs that went well on five kinds of pictures stay in it after their first third.",
    ),
    "vanilla": Adversarial(
        "−½ (E log σ(D(y)) + E log(1 − σ(D(G(x)))))", "−E log σ(D(G(x)))",
        "cross entropy, non-saturating: Goodfellow et al. 2014, eq. 1 and section 3",
        0.69, (0.29, 0.75), 0.69, (0.5, 1.39), DERIVED,
    ),
    "minimax": Adversarial(
        "−½ (E log σ(D(y)) + E log(1 − σ(D(G(x)))))", "E log(1 − σ(D(G(x))))",
        "cross entropy, saturating: Goodfellow et al. 2014, eq. 1",
        0.69, (0.29, 0.75), -0.69, (-0.95, -0.29), DERIVED,
    ),
    "hinge": Adversarial(
        "½ (E max(0, 1 − D(y)) + E max(0, 1 + D(G(x))))", "−E D(G(x))", "hinge: Miyato et al. 2018, eq. 16 and 17",
        1.0, (0.3, 1.1), None, (None, None),
        "The band follows from the equation: at 0, every patch is beyond the margin, on its right side.",
    ),
    "wgangp": Adversarial(
        "½ (E D(G(x)) − E D(y))", "−E D(G(x))", "Wasserstein: Gulrajani et al. 2017, eq. 2 and 3",
        None, (None, None), None, (None, None), "",
    ),
}  # fmt: skip
# Relative to what the first 30 steps paid: how low it gets depends on the pictures.
FALLS = "The band ends at {share:.0%} of what this run paid in its first 30 steps; how low it gets depends on the pictures"


def normal(term: str, model: str, config: dict[str, Any], batch: int, start: float) -> Normal:
    """What is normal for this term. config: the model's settings. start: what it was at first."""
    kind, _, part = term.partition("_")
    scales = config.get("disc_scales", 1)  # the losses of a discriminator's scales are summed
    gan = ADVERSARIAL.get(config.get("gan_loss", ""), ADVERSARIAL["wgangp"])
    if kind == "D":
        low, high = (None if end is None else scales * end for end in gan.band_D)
        title = f"What {term} pays for mistaking real for generated pictures"
        if gan.guess_D is None:
            why = "No band: minus this is how far apart D holds the two kinds, on a scale of its own. It jumps away from 0 "
            why += "at first, and should then come slowly back. Look at the pictures."
        else:
            why = f"At {scales * gan.guess_D:.2f} D is guessing. Far below, it has won, and the generator learns little: "
            why += f"more pictures or a smaller --disc-width may help. {gan.basis}"
        return Normal(title, f"{gan.D}, {gan.source}", low, high, why)
    if kind == "gan":
        low, high = (None if end is None else scales * end for end in gan.band_G)
        G, D = {"AB": ("G_AB", "D_B"), "BA": ("G_BA", "D_A")}.get(part, ("G", f"D_{part}" if part else "D"))
        if gan.guess_G is None:
            why = f"No band: this is minus {D}'s score, which has no scale. Running away in one direction without end is "
            why += "a bad sign; going up and down is not."
        else:
            why = f"At {scales * gan.guess_G:.2f} {D} is guessing; above the band, {D} sees through nearly everything. "
            why += f"It may rise a little while the rate falls. {gan.basis}"
        return Normal(f"What {G} pays for not fooling {D}", f"{gan.G}, {gan.source}", low, high, why)
    if kind == "cycle":
        why = "Falls quickly, then slowly to the end. " + FALLS.format(share=0.75) + ": 0.14 on horse2zebra, 0.27 on "
        why += "woodcuts. Rising: the translation throws away what the way back needs. Near 0: it changes nothing."
        title = f"How far {part} is from itself after there and back again"
        return Normal(title, "E ‖F(G(x)) − x‖₁, cycle consistency: CycleGAN, eq. 2", 0.0, 0.75 * start, why)
    if kind == "identity":
        why = "Falls along with the cycle terms, a little below them. Stuck high: colours will drift. "
        why += FALLS.format(share=0.75) + "."
        title = f"How much a picture that is in {part} already is changed"
        return Normal(title, "E ‖G(y) − y‖₁, identity: CycleGAN, section 5.2", 0.0, 0.75 * start, why)
    if kind == "l1":
        title = "How far the output is from its one true counterpart"
        if model == "bicyclegan":
            why = "Falls: the code says what the input doesn't. Level: the code says nothing. " + FALLS.format(share=0.8)
            return Normal(title, "E ‖B − G(A, z)‖₁: BicycleGAN, eq. 2", 0.0, 0.8 * start, why + ".")
        why = "No band. Level from early on is normal where colours can't be guessed: 0.28 on facades. Falling to nothing: "
        why += "it knows the training pictures by heart; the samples are of test pictures and tell."
        return Normal(title, "E ‖y − G(x, z)‖₁: pix2pix, eq. 3", None, None, why)
    if kind == "kl":
        encoded = max(1, batch // 2)
        why = f"A sum over the {encoded} encoded pictures of a batch. Near 0, below 1 a picture, the code is ignored; "
        why += "--small ends at 7 to 8 a picture. A lower --lambda-kl lets the code say more."
        return Normal(
            "How much the codes say: their distance from N(0, I)",
            "D_KL(E(B) ‖ N(0, I)): BicycleGAN, eq. 5", float(encoded), None, why,
        )  # fmt: skip
    if kind == "latent":
        why = "Guessing 0 pays 0.80, the mean size of a number drawn from N(0, 1). --small ends at 0.5 to 0.55. Staying "
        why += "above 0.75: no code can be read off the pictures."
        title = "How far the code that E reads is from the one that was drawn"
        return Normal(title, "E ‖z − E(G(A, z))‖₁: BicycleGAN, eq. 7", 0.0, 0.75, why)
    if kind == "penalty":
        why = "No band: it should settle near 0, far below 1. At 1 the slope of D is 0 or 2 where it should be 1."
        return Normal("How far D's slope is from 1", "E (‖∇D‖ − 1)²: Gulrajani et al. 2017, eq. 3", None, None, why)
    return Normal("A loss of this recipe's own", "", None, None, "No band is known: look whether it settles.")
