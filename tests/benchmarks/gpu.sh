#!/usr/bin/env bash
# For whoever has an NVIDIA GPU, in two parts of four minutes at most:
#
#   bash tests/benchmarks/gpu.sh test       the tests of everything that needs a GPU
#   bash tests/benchmarks/gpu.sh measure    the GPU's rows of docs/speed.md; DEVICE=cpu rehearses them, on tiny sizes
#
# Needs PyTorch 2.11 or newer with Triton, NumPy, Pillow, tqdm, matplotlib, torchmetrics, pytest and pytest-xdist; nothing
# of this project has to be installed, and there is no network. A row that fails says why, and the next one is measured.
set -uo pipefail
cd "$(dirname "$0")/../.."
export PYTHONPATH=. PYTHONUNBUFFERED=1
python=${PYTHON:-python3}

if [ "${1:-}" = test ]; then
    exec timeout 240 "$python" -m pytest -n "${WORKERS:-8}" -q tests/kernels tests/training/test_graphs.py \
        tests/training/test_speed.py tests/reference_numpy/test_devices.py tests/models tests/test_networks.py
fi
[ "${1:-}" = measure ] || { echo "say what: test, or measure" >&2; exit 2; }

device=${DEVICE:-cuda}
page=${PAGE:-docs/speed.md}
rehearse=()
variants=(--variants eager no-kernels bfloat16-no-kernels bfloat16-contiguous bfloat16)
if [ "$device" != cuda ]; then
    rehearse=(--rehearse)
    variants=(--variants bfloat16)
fi
failed=0
row() { # SECONDS COMMAND…
    echo "== ${*:2}"
    timeout "$1" "${@:2}" || { echo "-- not measured: exit status $? (124: it took longer than $1 seconds)"; failed=1; }
}
bench() { row "$1" "$python" -m tests.benchmarks "${@:2}" --device "$device" --page "$page" "${rehearse[@]}"; }

bench 30 machine --seconds 4
bench 50 large --seconds 6 "${variants[@]}"
bench 50 large-batch --seconds 6 "${variants[@]}"
[ "$device" != cuda ] || row 45 "$python" -m tests.benchmarks.kernels --rounds 5 --json "${page%.md}/kernels.json"
bench 40 profile --variants "${variants[-1]}"
bench 100 whole-run
bench 30 steps --seconds 3 "${variants[@]}"
bench 30 translation --seconds 5
exit $failed
