"""Takes steps with PyTorch when asked to.

Reads one JSON request a line from stdin, writes one JSON reply a line to stdout, and ends when stdin does; the
counterpart of engine-worker.ts.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pytorch.careful import CarefulSteps
from pytorch.numbers import fingerprint
from pytorch.released import ReleasedSteps

VARIANTS = {"released": ReleasedSteps, "careful": CarefulSteps}


class OperationCounter(TorchDispatchMode):
    """Counts the operations that PyTorch dispatches, views included."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        """One operation on its way."""
        self.count += 1
        return func(*args, **(kwargs or {}))


class Worker:
    """Answers the questions of worker-protocol.ts."""

    def __init__(self) -> None:
        self.steps: ReleasedSteps | CarefulSteps | None = None

    def build(self, request: dict) -> dict:
        """Makes the model; says what computes."""
        start = time.perf_counter()
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        self.steps = VARIANTS[request["variant"]](request["setting"])
        return {
            "library": "PyTorch",
            "version": torch.__version__,
            "threads": str(torch.get_num_threads()),
            "seconds": time.perf_counter() - start,
        }

    def check(self, _request: dict) -> dict:
        """The first step: its losses, the gradients it found, and what it took."""
        with OperationCounter() as counter:
            losses = self.steps.take()
        velocities = {name: fingerprint(name, value) for name, value in self.steps.velocities().items()}
        return {"losses": losses, "velocities": velocities, "operations": counter.count}

    def take_steps(self, request: dict) -> dict:
        """Seconds of each step, and the last losses."""
        seconds, losses = [], []
        for _ in range(request["count"]):
            start = time.perf_counter()
            losses = self.steps.take()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds, "losses": losses}

    def profile(self, _request: dict) -> list:
        """The operations of one step, the most expensive first."""
        with torch.profiler.profile() as profiler:
            self.steps.take()
        events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
        return [
            {"name": event.key, "count": event.count, "seconds": event.self_cpu_time_total / 1e6} for event in events
        ]

    def forget_peak(self, _request: dict) -> None:
        """Lets the system count the largest resident memory anew."""
        gc.collect()
        if sys.platform == "linux":
            # What the allocator only keeps for later would otherwise count as used.
            ctypes.CDLL(None).malloc_trim(0)
            try:
                with open("/proc/self/clear_refs", "w") as file:
                    file.write("5")
            except OSError:
                pass  # a kernel without it: the peak then includes the start of the process

    def memory(self, _request: dict) -> dict:
        """Resident memory, at its peak and now."""
        try:
            with open("/proc/self/status") as file:
                fields = dict(line.split(":", 1) for line in file)
        except OSError:
            return {"peakBytes": None, "restBytes": None}
        kilobytes = {name: int(fields[name].split()[0]) for name in ("VmHWM", "VmRSS")}
        return {"peakBytes": kilobytes["VmHWM"] * 1024, "restBytes": kilobytes["VmRSS"] * 1024}

    def answer(self, request: dict) -> object:
        """The answer to any of the questions."""
        questions: dict[str, Callable[[dict], object]] = {
            "build": self.build,
            "check": self.check,
            "steps": self.take_steps,
            "profile": self.profile,
            "forget-peak": self.forget_peak,
            "memory": self.memory,
        }
        return questions[request["ask"]](request)


def main() -> None:
    """Answers until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends the worker without a traceback
    worker = Worker()
    for line in sys.stdin:
        try:
            reply = {"answer": worker.answer(json.loads(line))}
        except Exception as error:  # whatever it is, the other side has to hear of it
            reply = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
