"""The measuring: what is counted, timed and written is what it says."""

import json

import pytest
import torch
from torch import nn

from tests.benchmarks import page
from tests.benchmarks.apart import Apart, ApartError
from tests.benchmarks.clock import BURN_IN, LEAST, best_rate, ratio, take_turns
from tests.benchmarks.counting import count
from tests.benchmarks.quality import GOALS, reached
from tests.benchmarks.steps import measure_steps, tiny
from tests.benchmarks.translation import measure_translation, some_generator

CPU = torch.device("cpu")


@pytest.mark.parametrize("learns, passes", [(False, 2), (True, 3)])
@pytest.mark.parametrize("transposed", [False, True])
def test_operations_of_a_convolution_forward_and_backward(learns, passes, transposed):
    """2 x kernel x channels in x channels out for each pixel of the small side; once more for each gradient."""
    layer = (nn.ConvTranspose2d if transposed else nn.Conv2d)(3, 5, 4, stride=2, padding=1, bias=False)
    x = torch.ones(2, 3, 8, 8, requires_grad=learns)
    operations, _ = count(lambda: layer(x).sum().backward())
    small_side = 8 * 8 if transposed else 4 * 4
    assert operations == passes * 2 * 2 * small_side * 3 * 5 * 4 * 4


def test_bytes_of_what_is_read_and_written_and_none_of_a_view():
    a, b = torch.ones(6, 5), torch.ones(6, 5)
    assert count(lambda: a + b)[1] == 3 * 4 * 30
    assert count(lambda: a + a)[1] == 2 * 4 * 30
    assert count(lambda: a.view(5, 6).t()[1:])[1] == 0
    assert count(lambda: a.mul_(b))[1] == 3 * 4 * 30


def test_works_take_turns_and_the_first_rounds_do_not_count():
    order: list[str] = []
    taken = take_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, CPU, seconds=0)
    assert order == ["a", "b"] * (BURN_IN + LEAST)
    assert [len(times) for times in taken.values()] == [LEAST, LEAST]


def test_a_ratio_compares_within_rounds():
    # A machine that slows down by half on its way: the ratio of each round is 2 all the same.
    assert ratio([2.0, 4.0, 8.0], [1.0, 2.0, 4.0]) == 2


def test_the_best_rate_is_the_quickest_runs():
    assert best_rate(lambda: torch.ones(10).sum(), 100.0, CPU, 0.01) > 1000  # 0.1 s would be a thousand


def four_steps(model):
    return lambda a, b: [model.step(a, b) for _ in range(4)][-1]


def no_step(model):
    raise ValueError("nothing to be done")


def test_what_fails_apart_is_told(capfd):
    apart = Apart(no_step, CPU)
    with pytest.raises(ApartError, match="the baseline has ended"):
        apart.begin(tiny("cyclegan"))
    apart.end()
    assert "nothing to be done" in capfd.readouterr().err


def test_a_step_is_measured_with_and_without_a_baseline():
    baseline = Apart(four_steps, CPU)
    measured = measure_steps(tiny("cyclegan"), CPU, 0.0, ["channels-last"], baseline)
    baseline.end()
    assert list(measured["seconds"]) == ["baseline", "ours", "channels-last"]
    # Four steps of ours against one of it.
    assert measured["ratio"]["baseline"] == 1 and 2 < measured["ratio"]["ours"] < 8
    assert measured["settings"]["channels-last"] == "float32, channels last"
    assert measured["flop"] > 0 and measured["bytes"] > 0
    assert measure_steps(tiny("cyclegan"), CPU, 0.0, [], None)["ratio"] == {}


def test_translation_strays_from_float32_only_where_it_computes_in_less(monkeypatch):
    from tests.benchmarks import translation

    monkeypatch.setattr(translation, "bfloat16_support", lambda device: (True, ""))
    measured = measure_translation("", some_generator(2, 1), 16, CPU, 0.0)
    far = {way: difference for way, difference in measured["difference"].items() if way.startswith("bfloat16")}
    assert len(far) == 2 and min(far.values()) > 0.05
    assert all(value < 0.01 for way, value in measured["difference"].items() if way not in far)
    assert measured["difference"][measured["fastest_allowed"]] <= 1


@pytest.mark.parametrize("bfloat16, count", [(False, 5), (True, 7)])
def test_each_way_of_translating_is_what_it_is_called_and_leaves_the_threads_alone(monkeypatch, bfloat16, count):
    from tests.benchmarks import translation

    monkeypatch.setattr(translation, "bfloat16_support", lambda device: (bfloat16, ""))
    prepared, prepare, threads = [], translation.prepare, torch.get_num_threads()
    monkeypatch.setattr(translation, "prepare", lambda m, speed, backend: prepared.append(speed) or prepare(m, speed))
    torch.set_num_threads(2)
    measured = measure_translation("", some_generator(2, 1), 16, CPU, 0.0, compiled=False)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    ways = list(measured["pictures_per_second"])
    assert len(ways) == len(prepared) == count
    for way, speed in zip(ways, prepared, strict=True):
        assert (speed.memory_format == "channels_last") == ("channels last" in way)
        assert (speed.precision == "bfloat16") == way.startswith("bfloat16")
        assert (speed.threads, speed.kernels, speed.compile) == (2, False, False)


def test_a_quality_is_reached_when_all_goals_are():
    there = {"zebra coats": 0.95, "horse coats": 0.9, "background": 0.05}
    assert reached(there, GOALS)
    for name, value in (("zebra coats", 0.8), ("horse coats", 0.8), ("background", 0.07)):
        assert not reached(there | {name: value}, GOALS)


# ---- The page ----------------------------------------------------------------------------------------------------


def record(part: str, device: str, content: dict, bfloat16: bool = False) -> dict:
    machine = {"device": device, "name": f"some {device}", "cores": 2, "threads": 2, "torch": "2.13"}
    machine["bfloat16"] = bfloat16
    return {"part": part, "command": f"bench {part}", "rehearsal": False, "machine": machine, "content": content}


def works(name: str, ratio: float, precision: str = "float32", memory: dict | None = None) -> dict:
    names = ["baseline", "ours"]
    return {
        "works": [
            {
                "name": name,
                "settings": {"ours": precision},
                "rounds": 9,
                "first_two_steps": dict.fromkeys(names, 1.0),
                "seconds": {"baseline": 0.2, "ours": 0.2 / ratio},
                "quartiles": {name: [0.1, 0.3] for name in names},
                "ratio": {"baseline": 1.0, "ours": ratio},
                "flop": 10**10,
                "bytes": 10**9,
                "memory": memory or {},
            }
        ],
    }


PEAKS = {"matrix": {"float32": 4e11}, "convolution": {"float32": 2e11}, "memory": {"copy": 1e10}}


def row(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {beginning}"))


def test_what_needs_a_gpu_stands_there_as_not_measured():
    text = page.render([record("steps", "cpu", works("cyclegan --small", 1.25))], "speed")
    assert row(text, "`--small` step").endswith("| cyclegan 1.25 x |")
    for beginning in ("256 px", "fused norm", "peak memory", "the same, batch 16"):
        assert row(text, beginning).endswith("| not measured: no GPU |")
    assert row(text, "128 px").endswith("| not measured |")


def test_a_cpu_without_bfloat16_says_so():
    content = works("cyclegan, 128 px", 1.1)
    text = page.render([record("large", "cpu", content)], "speed")
    assert row(text, "128 px").endswith("| not measured: this CPU has no bfloat16; ours (float32) 1.10 x |")
    text = page.render([record("large", "cpu", content, True)], "speed")
    assert row(text, "128 px").endswith("| not measured: --variants bfloat16; ours (float32) 1.10 x |")
    text = page.render([record("large", "cpu", works("cyclegan, 128 px", 1.8, "bfloat16"), True)], "speed")
    assert row(text, "128 px").endswith("| ours (bfloat16) 1.80 x |")


def test_a_gpus_rows():
    one, many = (
        works("cyclegan, 256 px", ratio, "bfloat16", {"baseline": 4 * 10**9, "ours": 10**9}) for ratio in (5.5, 4.0)
    )
    peaks = {kind: {"float32": 1.0, "bfloat16": 4e11} for kind in ("matrix", "convolution")} | {"memory": {"copy": 1}}
    parts = {"large": one, "large-batch": many, "machine": peaks, "whole-run": {"seconds": 58.6}}
    text = page.render([record(part, "cuda", content, True) for part, content in parts.items()], "speed")
    assert row(text, "256 px, width").endswith("| ours (bfloat16) 5.50 x |")
    assert row(text, "the same, batch 16 | some cuda | the baseline").endswith("| ours (bfloat16) 4.00 x |")
    # 10 GFLOP in 0.05 s
    assert row(text, "the same, batch 16 | some cuda | the bfloat16").endswith("| ours 50% |")
    assert row(text, "peak memory").endswith("| ours 25%; ours 25% |")
    assert row(text, "`train --small`").endswith("| 59 s |") and "drawing included: 59 seconds." in text


def test_the_kernels_own_figures_are_taken_in(tmp_path):
    engines = {"kernel": (10.0, 0.8), "instance_norm": (30.0, 0.3), "compiled twin": (15.0, 0.5)}
    measured = {name: {"microseconds": time, "share": share} for name, (time, share) in engines.items()}
    row_of_a_map = {"shape": [1, 64, 256, 256], "dtype": "float32", "memory_format": "contiguous", **measured}
    where = tmp_path / "speed.md"
    page.write(where, [])
    beside = tmp_path / "speed/kernels.json"
    beside.write_text(
        json.dumps({"machine": {"gpu": "some GPU", "torch": "2.13"}, "rows": [row_of_a_map]}), encoding="utf-8"
    )
    page.write(where, [])
    text = where.read_text(encoding="utf-8")
    assert row(text, "fused norm").endswith("| 80% to 80%; 1.50 x to 1.50 x |")
    assert "| 1 x 64 x 256 x 256 | float32, contiguous | 10.0 | 80% | 3.00 x | 1.50 x |" in text
    beside.write_text("{}", encoding="utf-8")
    with pytest.raises(page.BenchError, match=r"kernels\.json: not the kernels' figures"):
        page.read(where)


def test_shares_of_the_machines_best():
    records = [record("steps", "cpu", works("cyclegan --small", 2.0)), record("machine", "cpu", PEAKS)]
    # 10 GFLOP and 1 GB in 0.1 s
    assert "| cyclegan --small | ours | 10.0 | 100 | 50% | 25% | 1.00 | 100% |" in page.render(records, "speed")


@pytest.mark.parametrize(
    "small, original, said",
    [
        ([(True, 100), (True, 200)], [(True, 250), (True, 300)], "seed 0: 2.5 x; seed 1: 1.5 x"),
        ([(True, 100)], [(False, 300), (True, 300)], "seed 0: more than 3.0 x, when the original gave up"),
        ([(False, 100)], [(True, 200)], "seed 0: `--small` did not reach it"),
        ([(True, 100)], [], "not measured with the same seeds"),
    ],
)
def test_time_to_quality(small, original, said):
    def part(settings: str, ends: list[tuple[bool, float]]) -> dict:
        moment = {"step": 1200, "zebra coats": 1.0, "horse coats": 1.0, "background": 0.01}
        own = {"steps": 1200, "precision": "float32", "history": [moment] * 40}
        runs = [own | {"seed": seed, "reached": there, "seconds": took} for seed, (there, took) in enumerate(ends)]
        return record(f"quality-{settings}", "cpu", {"settings": settings, "goals": GOALS, "runs": runs})

    text = page.render([part("small", small), part("original", original)], "speed")
    precisions = "; ours in float32, the original's in float32" * said.startswith("seed")
    assert row(text, "time until").endswith(f"| {said}{precisions} |")
    reached, minutes = "yes" if small[0][0] else "no", small[0][1] / 60
    assert f"| 0 | float32 | {reached} | 1,200 | {minutes:.1f} | 1.000 | 1.000 | 0.010 |" in text


def test_parts_measured_one_by_one_make_one_page(tmp_path):
    where = tmp_path / "speed.md"
    page.write(where, [record("machine", "cpu", PEAKS)])
    page.write(where, [record("steps", "cpu", works("cyclegan --small", 1.3))])
    together = where.read_text(encoding="utf-8")
    assert "What the machine can do" in together and "A step of training" in together
    assert together == page.render(page.read(where), "speed")
    (tmp_path / "speed/steps-cpu.json").write_text(json.dumps({"part": "steps"}), encoding="utf-8")
    with pytest.raises(page.BenchError, match=r"steps-cpu\.json: not a file of results; delete it"):
        page.read(where)
