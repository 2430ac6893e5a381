"""What the product promises about single frames, judged by the round trips of one run."""

from __future__ import annotations

from collections.abc import Mapping

from bench.filmgate import (
    RunningServer,
    repeat_unchanged,
    repeat_with_other_parameter,
)
from bench.frames import FrameSource, Size
from bench.measure import Timings
from bench.table import Target, milliseconds
from bench.transport import (
    BLAKE3,
    FILMGATE_HANDOFF,
    FILMGATE_TENSOR,
    HANDOFF_ALONE,
    MEMCPY,
    STORE_FORWARD,
    TRITON,
)

FACTOR = 1.2
DIGESTS = 4
"""A frame is digested by the client, the gateway and the worker, and its answer by the client."""
TRITON_FACTOR = 4
HANDOFF_COPIES = 12
"""Three copies, three digests of about three copies each; the worker's part is not counted."""
HANDOFF_FACTOR = 1.5


def path_target(size: Size, timings: Mapping[str, Timings]) -> Target:
    """Judge the round trip against the least that a gateway which verifies must do."""
    forward_s, digest_s = timings[STORE_FORWARD].median_s, timings[BLAKE3].median_s
    bound_s = FACTOR * (forward_s + DIGESTS * digest_s)
    found_s = timings[FILMGATE_TENSOR].median_s
    return Target(
        f"round trip, {size.name} tensor",
        f"{FACTOR} x (stored and forwarded {milliseconds(forward_s)} + {DIGESTS} x blake3 "
        f"{milliseconds(digest_s)}) = {milliseconds(bound_s)} ms",
        f"{milliseconds(found_s)} ms = {FACTOR * found_s / bound_s:.2f} x",
        found_s <= bound_s,
    )


def handoff_targets(size: Size, timings: Mapping[str, Timings]) -> list[Target]:
    """Judge handing over by shared memory against memcpy, and the round trip against the wire."""
    copy_s, alone_s = timings[MEMCPY].median_s, timings[HANDOFF_ALONE].median_s
    whole_s, wire_s = timings[FILMGATE_HANDOFF].median_s, timings[FILMGATE_TENSOR].median_s
    return [
        Target(
            f"a {size.name} tensor handed over and one back, verified, by shared memory",
            f"{HANDOFF_COPIES} x memcpy {milliseconds(copy_s)} = "
            f"{milliseconds(HANDOFF_COPIES * copy_s)} ms",
            f"{milliseconds(alone_s)} ms = {alone_s / copy_s:.1f} x",
            alone_s <= HANDOFF_COPIES * copy_s,
        ),
        Target(
            f"round trip by shared memory against the wire, {size.name} tensor",
            f"{HANDOFF_FACTOR} x faster",
            f"{milliseconds(whole_s)} ms against {milliseconds(wire_s)} ms, "
            f"{wire_s / whole_s:.2f} x faster",
            whole_s * HANDOFF_FACTOR <= wire_s,
        ),
    ]


def triton_target(size: Size, timings: Mapping[str, Timings]) -> Target:
    """Judge the round trip against Triton's, where that was measured."""
    promise, bound = f"against Triton, {size.name} tensor", f"{TRITON_FACTOR} x faster"
    if TRITON not in timings:
        return Target(promise, bound, "Triton does not run here", None)
    ratio = timings[TRITON].median_s / timings[FILMGATE_TENSOR].median_s
    return Target(promise, bound, f"{ratio:.1f} x faster", ratio >= TRITON_FACTOR)


def repeat_targets(server: RunningServer, source: FrameSource, size: Size) -> list[Target]:
    """Judge what a second job on the same frame costs."""
    other = repeat_with_other_parameter(server, source)
    same = repeat_unchanged(server, source)
    return [
        Target(
            f"the same {size.name} frame with another parameter",
            "0 bytes of pixels uploaded",
            f"{other.uploaded_bytes} bytes, {milliseconds(other.seconds)} ms",
            other.uploaded_bytes == 0 and other.executions == 1,
        ),
        Target(
            f"the same {size.name} frame and parameters again",
            "answered without a worker",
            f"{same.executions} executions, {same.uploaded_bytes} bytes uploaded, "
            f"{milliseconds(same.seconds)} ms",
            same.executions == 0 and same.uploaded_bytes == 0,
        ),
    ]
