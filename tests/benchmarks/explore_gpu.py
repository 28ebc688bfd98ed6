import json, os, statistics, sys, time, traceback, dataclasses, gc
import torch
from minicyclegan.models import MODELS, build
from minicyclegan.training.speed import Speed, prepare
from minicyclegan.kernels import fuse
from tests.benchmarks.baseline import baseline_step
from tests.benchmarks.steps import Workload

cpu = not torch.cuda.is_available()
dev = torch.device("cpu" if cpu else "cuda")
out = {}
def sync():
    if not cpu: torch.cuda.synchronize()
def timed(step, a, b, n=15, warm=6):
    for _ in range(warm): step(a, b)
    sync()
    ts = []
    for _ in range(3):
        t = time.perf_counter()
        for _ in range(n // 3): step(a, b)
        sync(); ts.append((time.perf_counter() - t) / (n // 3))
    return statistics.median(ts)
def memory(step, a, b):
    if cpu: return 0
    torch.cuda.reset_peak_memory_stats(); step(a, b); sync(); return torch.cuda.max_memory_reserved() / 1e9, torch.cuda.max_memory_allocated() / 1e9
V = {
 "baseline": None,
 "f32": Speed(), "f32 graphs": Speed(graphs=not cpu), "f32 graphs kernels": Speed(graphs=not cpu, kernels=True), "f32 graphs kernels cl": Speed(graphs=not cpu, kernels=True, memory_format="channels_last"),
 "bf16 graphs": Speed("bfloat16", graphs=not cpu), "bf16 graphs kernels": Speed("bfloat16", kernels=True, graphs=not cpu),
 "bf16 graphs cl": Speed("bfloat16", graphs=not cpu, memory_format="channels_last"),
 "bf16 graphs kernels cl": Speed("bfloat16", kernels=True, graphs=not cpu, memory_format="channels_last"),
 "bf16 graphs kernels cl, no align": Speed("bfloat16", kernels=True, graphs=not cpu, memory_format="channels_last"),
 "bf16 graphs compiled cl": Speed("bfloat16", compile=True, graphs=not cpu, memory_format="channels_last"),
}
def run(work, names, profile=None):
    flop = None
    for name in names:
        try:
            a, b = work.pictures(dev)
            model = work.model(dev)
            if name == "baseline":
                step = baseline_step(model)
            else:
                align = fuse._align_channels
                if "no align" in name: fuse._align_channels = lambda *_: None
                prepare(model, dataclasses.replace(V[name], threads=torch.get_num_threads()), backend="inductor" if not cpu else "aot_eager")
                fuse._align_channels = align
                step = model.step
            t0 = time.perf_counter(); step(a, b); sync(); first = time.perf_counter() - t0
            t = timed(step, a, b)
            print(f"{work.name:34} b{work.batch} {name:36} {1e3*t:9.2f} ms {work.batch/t:8.1f}/s  mem {memory(step,a,b)} first {first:.1f}s", flush=True)
            out[f"{work.name} b{work.batch} {name}"] = t
            if profile == name and not cpu:
                from torch.profiler import profile as prof, ProfilerActivity
                with prof(activities=[ProfilerActivity.CUDA]) as p:
                    for _ in range(3): step(a, b)
                    sync()
                rows = sorted(p.key_averages(), key=lambda r: -r.self_device_time_total)[:32]
                tot = sum(r.self_device_time_total for r in p.key_averages())
                print(f"device time {tot/3e3:.2f} ms")
                for r in rows: print(f"  {r.self_device_time_total/3e3:8.3f} ms {100*r.self_device_time_total/tot:5.1f}% x{r.count//3:4d} {r.key[:110]}")
        except Exception:
            traceback.print_exc(limit=6)
        model = step = a = b = None
        gc.collect()
        if not cpu: torch.cuda.empty_cache()
if cpu:
    tiny = Workload("tiny", MODELS["cyclegan"].config(width=4, disc_width=4, blocks=2, disc_layers=1), 32, 2)
    run(tiny, [n for n in V if n != "f32 graphs kernels"])
else:
    torch.backends.cudnn.benchmark = bool(int(os.environ.get("BENCHMARK", "1")))
    big = Workload("cyclegan 256", MODELS["cyclegan"].config(), 256, 1)
    run(big, [n for n in V if "compiled" not in n], profile="bf16 graphs kernels cl")
    run(dataclasses.replace(big, batch=16), ["baseline", "bf16 graphs", "bf16 graphs kernels", "bf16 graphs kernels cl", "bf16 graphs kernels cl, no align"], profile="bf16 graphs kernels cl")
    from minicyclegan.training.config import preset
    for m in ("cyclegan", "pix2pix", "bicyclegan"):
        s, n = preset("small", m, "cuda")
        w = Workload(m, MODELS[m].config(**n), s["size"], s.get("batch", 1))
        run(w, ["baseline", "f32", "f32 graphs", "f32 graphs kernels", "bf16 graphs kernels", "bf16 graphs kernels cl"])
json.dump(out, open(os.path.join(os.environ.get("OUT", "/tmp"), "explore.json"), "w"), indent=1)
