from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent_app.doctor import engine_programs
from agent_app.doctor.finding import Finding, note, ok, unknown
from llamadash.formats import size
from metrics_app.core.gpu.nvidia import DRIVER_FILES
from metrics_app.devices import nvidia_gpus, read_devices, why_no_gpu
from models_app.disk.bounded import within

NAME: Final = "GPUs"
ANSWER_SECONDS: Final = 10.0
BACKENDS: Final = {
    "nvidia": "CUDA or Vulkan",
    "amd": "ROCm or Vulkan",
    "intel": "SYCL or Vulkan",
}


def check() -> Iterator[Finding]:
    hangs = [unknown(NAME, "A driver does not answer.", "Look at it with its own tools; reboot.")]
    yield from within(ANSWER_SECONDS, lambda: list(_look()), hangs)


def _look() -> Iterator[Finding]:
    gpus = [device for device in read_devices() if device.kind == "gpu"]
    if not gpus:
        yield _none(why_no_gpu())
        return
    for gpu in gpus:
        yield ok(NAME, f"{gpu.name}, {size(gpu.total_bytes)}, {size(gpu.free_bytes)} free")
    engine = engine_programs.chosen()
    if engine is not None and not engine.probe.devices:
        maker = gpus[0].key.partition(":")[0]
        backend = BACKENDS.get(maker, "Vulkan")
        words = f"A GPU is here, but the engine {engine.name} computes on the CPU only."
        yield note(NAME, words, f"Set LLAMA_SERVER_BIN to a llama-server built for {backend}.")


def _none(why: str) -> Finding:
    if any(file.exists() for file in DRIVER_FILES):
        words = f"NVIDIA's driver is here, and no GPU is: {nvidia_gpus.problem or why}"
        return note(NAME, words, "Look at nvidia-smi; in a container hand the GPU in (--gpus all).")
    return ok(NAME, why)
