"""What it costs the worker to write and read a frame as EXR, for each compression."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import OpenEXR

from bench.frames import Size, load_rendering, to_exr
from bench.measure import Case, Timings, elapsed_s, interleave
from bench.table import milliseconds, table
from filmgate.image.codec import set_codec_threads
from filmgate.image.exr import BufferWriter, max_encoded_bytes, parse_exr, write_exr

LOSSLESS: Mapping[str, OpenEXR.Compression] = {
    "none": OpenEXR.NO_COMPRESSION,
    "rle": OpenEXR.RLE_COMPRESSION,
    "zips": OpenEXR.ZIPS_COMPRESSION,
    "zip": OpenEXR.ZIP_COMPRESSION,
    "piz": OpenEXR.PIZ_COMPRESSION,
    "htj2k32": OpenEXR.HTJ2K32_COMPRESSION,
    "zstd": OpenEXR.ZSTD_COMPRESSION,
}
READ_EVERYWHERE = ("none", "rle", "zips", "zip", "piz")
"""The others came with OpenEXR 3.4 and 3.5: the reader inside a host may not know them."""
THREADS = (1, 2)
LINKS = {"10 Gb/s Ethernet": 1.17e9, "1 Gb/s Ethernet": 0.117e9}
"""Payload bytes per second of a full link."""


@dataclass(frozen=True)
class Coding:
    """One compression's costs at one size.

    Attributes:
        compression: a key of `LOSSLESS`.
        size_bytes: the file's length.
        ratio: how many times smaller than the numbers alone.
        encode: timings by number of threads.
        decode: timings by number of threads.
    """

    compression: str
    size_bytes: int
    ratio: float
    encode: Mapping[int, Timings]
    decode: Mapping[int, Timings]

    def delivery_s(self, bytes_per_s: float, threads: int = 1) -> float:
        """Return the seconds to write the file, carry it over a link and read it."""
        work_s = self.encode[threads].median_s + self.decode[threads].median_s
        return work_s + self.size_bytes / bytes_per_s


def measure_codings(size: Size, rounds: int) -> list[Coding]:
    """Time every compression on the rendered frame of *size*, with 1 and 2 threads."""
    pixels = load_rendering(size)
    files = {name: bytes(to_exr(pixels, kind, threads=2)) for name, kind in LOSSLESS.items()}
    timings = interleave(dict(_cases(files)), rounds, warmups=1)
    return [_coding(name, files[name], pixels.nbytes, timings) for name in LOSSLESS]


def _cases(files: Mapping[str, bytes]) -> Iterator[tuple[str, Case]]:
    for (name, file), threads in itertools.product(files.items(), THREADS):
        yield f"encode {name} {threads}", _encoding(file, threads)
        yield f"decode {name} {threads}", _decoding(file, threads)


def _encoding(file: bytes, threads: int) -> Case:
    """Return the case that writes what *file* holds into memory that was touched before."""
    plate = parse_exr(file)
    target = memoryview(bytearray(max_encoded_bytes(plate)))

    def encode_s() -> float:
        set_codec_threads(threads)
        return elapsed_s(lambda: write_exr(plate, BufferWriter(target)))

    return encode_s


def _decoding(file: bytes, threads: int) -> Case:
    def decode_s() -> float:
        set_codec_threads(threads)
        return elapsed_s(lambda: parse_exr(file))

    return decode_s


def _coding(name: str, file: bytes, raw_bytes: int, timings: Mapping[str, Timings]) -> Coding:
    encode = {threads: timings[f"encode {name} {threads}"] for threads in THREADS}
    decode = {threads: timings[f"decode {name} {threads}"] for threads in THREADS}
    return Coding(name, len(file), raw_bytes / len(file), encode, decode)


def fastest(codings: Sequence[Coding], bytes_per_s: float) -> Coding:
    """Return the compression that every host reads and that delivers soonest over a link."""
    known = [coding for coding in codings if coding.compression in READ_EVERYWHERE]
    return min(known, key=lambda coding: coding.delivery_s(bytes_per_s))


def links(loopback_bytes_per_s: float) -> dict[str, float]:
    """Return the links that are compared, the same machine's own first, in bytes per second."""
    return {"the same machine": loopback_bytes_per_s, **LINKS}


def coding_table(codings: Sequence[Coding], loopback_bytes_per_s: float) -> str:
    """Return the costs of *codings* as a table, the fastest delivery over each link in bold."""
    speeds = links(loopback_bytes_per_s)
    winners = {link: fastest(codings, speed).compression for link, speed in speeds.items()}
    costs = [f"{verb} ms, {count} thr." for verb in ("write", "read") for count in THREADS]
    heads = ["compression", "smaller by", *costs, *(f"delivered, {link}" for link in speeds)]
    return table(heads, [_coding_row(coding, speeds, winners) for coding in codings])


def _coding_row(
    coding: Coding, speeds: Mapping[str, float], winners: Mapping[str, str]
) -> list[str]:
    times = [*coding.encode.values(), *coding.decode.values()]
    deliveries = [
        f"**{delivered}**" if winners[link] == coding.compression else delivered
        for link, delivered in (
            (link, milliseconds(coding.delivery_s(speed))) for link, speed in speeds.items()
        )
    ]
    costs = [milliseconds(timing.median_s) for timing in times]
    return [coding.compression, f"{coding.ratio:.2f}", *costs, *deliveries]
