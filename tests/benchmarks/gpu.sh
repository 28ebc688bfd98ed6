#!/usr/bin/env bash
# For whoever has an NVIDIA GPU, in parts of four minutes at most:
#
#   bash tests/benchmarks/gpu.sh test       the tests of everything that needs a GPU
#   bash tests/benchmarks/gpu.sh measure    what docs/speed.md aims at on a GPU, row by row
#   bash tests/benchmarks/gpu.sh rest       where the time goes, --small's steps, translation, and compiled networks
#
# DEVICE=cpu rehearses the last two, on tiny sizes.
#
# Needs PyTorch 2.11 or newer with Triton, NumPy, Pillow, tqdm, matplotlib, torchmetrics, pytest and pytest-xdist; nothing
# of this project has to be installed, and there is no network. A row that fails says why, and the next one is measured;
# a row for which no time is left is not begun.
set -uo pipefail
cd "$(dirname "$0")/../.."
export PYTHONPATH=. PYTHONUNBUFFERED=1
python=${PYTHON:-python3}

if [ "${1:-}" = test ]; then
    exec timeout 240 "$python" -m pytest -n "${WORKERS:-8}" -q tests/kernels tests/training/test_graphs.py \
        tests/training/test_speed.py tests/data/test_prefetch.py tests/reference_numpy/test_devices.py tests/models \
        tests/test_networks.py
fi
case "${1:-}" in measure | rest) ;; *) echo "say what: test, measure or rest" >&2 && exit 2 ;; esac

device=${DEVICE:-cuda}
page=${PAGE:-docs/speed.md}
rehearse=()
variants=(eager no-kernels bfloat16-no-kernels bfloat16-contiguous bfloat16)
compiled=(bfloat16 compiled-bfloat16)
if [ "$device" != cuda ]; then
    rehearse=(--rehearse)
    variants=(compiled bfloat16)
    compiled=(compiled)
fi
failed=0
row() { # SECONDS COMMAND…
    local left=$((240 - SECONDS))
    local most=$(($1 < left ? $1 : left))
    echo "== ${*:2}"
    if [ "$most" -le 0 ]; then
        echo "-- not measured: the four minutes are over" && failed=1
        return
    fi
    timeout "$most" "${@:2}" || { echo "-- not measured: exit status $? (124: it took longer than $most seconds)"; failed=1; }
}
bench() { row "$1" "$python" -m tests.benchmarks "${@:2}" --device "$device" --page "$page" "${rehearse[@]}"; }

if [ "$1" = measure ]; then
    bench 25 machine --seconds 4
    bench 90 large --seconds 5 --variants "${variants[@]}"
    bench 85 whole-run
    bench 90 large-batch --seconds 4 --variants "${variants[@]:1}"
    # Map by map, those that are aimed at first, as far as the time goes.
    if [ "$device" = cuda ] && [ "$SECONDS" -lt 230 ]; then
        echo "== the fused kernel"
        timeout $((240 - SECONDS)) "$python" -m tests.benchmarks.kernels --rounds 5 --json "${page%.md}/kernels.json" ||
            [ $? = 124 ] || failed=1
    fi
else
    bench 40 profile --variants "${variants[-1]}"
    bench 110 steps --seconds 3 --variants "${variants[-1]}"
    bench 30 translation --seconds 5
    bench 130 large-compiled --seconds 6 --variants "${compiled[@]}"
fi
exit $failed
