"""Bakes: takes copied to where artists see them and farms read them; nothing evicts them."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import string
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Callable, Optional

from filmgate.cache import ABANDONED_AFTER_S
from filmgate.config import BAKE
from filmgate.disk import publish, remove, storage_errors
from filmgate.errors import ConfigError, InputError, RequestError, StorageError
from filmgate.frames import Sequence as FileSequence
from filmgate.frames import parse_sequence
from filmgate.takes import Take, suffix_of
from filmgate.wire.records import PNG_MEDIA

VIEW_PLACE = "%V"
"""Stands for the view's name, as in Nuke."""

_UNFIT = re.compile(r'[\x00-\x1f<>:"/\\|?*%#$\[\]]')
_EVALUATED = re.compile(r"[\[\]#%]|\$[\w({]")
"""What hosts take in paths for code, variables or frame numbers; ``projects$/`` is a plain name."""
_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")
_TOO_WIDE = re.compile(r"\d{3}")
_BLOCK_BYTES = 1 << 20
_SETTING = "bake"
_TEMPLATE_REMEDY = f"Correct the setting `{_SETTING}`; it may be left out, and is then {BAKE}"


@dataclass(frozen=True)
class Baked:
    """What a bake has made.

    Attributes:
        patterns: paths for file knobs, by output.
        frames: what they hold, in order.
    """

    patterns: Mapping[str, str]
    frames: tuple[int, ...]


def expand(
    template: str,
    *,
    script_dir: str,
    script: str,
    node: str,
    output: str,
    show: str = "",
    version: str = "",
    take: int = 1,
) -> str:
    """Return the path of an output's files by the site's template.

    Args:
        template: a path with the names of the other arguments in braces and a place for the frame
            number, ``%04d`` or ``####``.
        script_dir: the folder of the artist's file.
        script: the artist's file, without folder and suffix.
        node: what the node is called.
        output: whose files.
        show: the show.
        version: the model's version.
        take: the bake's number, see `free_number`.

    Returns:
        The path with forward slashes; what no file's name can hold is ``_`` in it.

    Raises:
        ConfigError: the template cannot be used.
        InputError: the template needs a name that is not known, as of a script that was not saved.
    """
    names = {"script": script, "node": node, "output": output, "show": show, "version": version}
    values: dict[str, object] = {key: _file_name(name) for key, name in names.items()}
    values.update(script_dir=script_dir.replace("\\", "/").rstrip("/"), take=take)
    _check_fields(template, values)
    if "{script_dir}" in template:
        check_plain(f"{values['script_dir']}", _SETTING)
    try:
        path = template.format_map(values).replace("\\", "/")
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise _template_error(template, f"{error}") from error
    if not _ABSOLUTE.match(path):
        raise _template_error(template, "it is no full path, and would depend on who opens it")
    _check_place(template, path)
    return path


def free_number(take: Take, pattern_of: Callable[[int, str], str], frames: Sequence[int]) -> int:
    """Return the number to bake a take under: the first that does not hold other pixels already.

    A bake that was interrupted, or is made again, keeps its number, whatever take it is of.

    Args:
        take: what to bake.
        pattern_of: gives the pattern for a number and an output.
        frames: which frames.

    Raises:
        ConfigError: the pattern does not depend on the number, and its files hold other pixels.
        InputError: the take lacks a frame.
    """
    number = 1
    while not _is_free(take, partial(pattern_of, number), frames):
        first = take.outputs()[0]
        if pattern_of(number, first) == pattern_of(number + 1, first):
            raise _template_error(pattern_of(number, first), "other pixels are there already")
        number += 1
    return number


def bake(
    take: Take,
    pattern_of_output: Callable[[str], str],
    frames: Sequence[int],
    on_progress: Optional[Callable[[int, int], None]] = None,
) -> Baked:
    """Copy frames of a take, each output and view of them; goes on where it was interrupted.

    A file appears whole or not at all, and none that is there already is replaced: one that holds
    the same bytes is kept.

    Args:
        take: what to copy.
        pattern_of_output: where to, from `expand`. The name gets a ``%V`` where the take has views
            and the pattern has none, and the ending of tensors.
        frames: which frames.
        on_progress: told the number of files done and of all.

    Raises:
        InputError: the take lacks a frame; nothing is copied then.
        StorageError: the disk is full, or the target is another's or holds other pixels. What is
            copied stays, for the next time.
    """
    patterns = {output: _fitted(take, output, pattern_of_output) for output in _outputs(take)}
    copies = list(_copies(take, patterns, frames))
    for done, (source, target) in enumerate(copies, 1):
        _copy(source, target)
        if on_progress is not None:
            on_progress(done, len(copies))
    for folder in {target.parent for _, target in copies}:
        _clear_abandoned(folder)
    return Baked(patterns, tuple(sorted(set(frames))))


def check_plain(path: str, setting: str) -> None:
    """Refuse a path that a host would not read as it is written.

    Args:
        path: with no place for frames and views in it.
        setting: which one the path comes from.

    Raises:
        ConfigError: names the sign and the setting.
    """
    found = _EVALUATED.search(path)
    if found is not None:
        raise ConfigError(
            f"{path} holds {found[0]!r}, which hosts take for code or for the frame number.",
            f"Choose a place without it in the setting `{setting}`.",
        )


def path_of(pattern: str, frame: int, view: str = "") -> Path:
    """Return the file of one frame and view.

    Raises:
        RequestError: the pattern has no place for the frame number, or several.
    """
    return _parse_pattern(pattern.replace(VIEW_PLACE, view)).path(frame)


def _parse_pattern(pattern: str) -> FileSequence:
    sequence = parse_sequence(pattern)
    if sequence is None:
        raise RequestError(f"{pattern} has no place for the frame number.", _TEMPLATE_REMEDY)
    return sequence


def _file_name(name: str) -> str:
    """Return *name* as every system's files can have it: no part of a path, no dot at its ends."""
    return _UNFIT.sub("_", name).strip(". ") or ("_" if name else "")


def _check_fields(template: str, values: Mapping[str, object]) -> None:
    try:
        parts = [each for each in string.Formatter().parse(template) if each[1] is not None]
    except ValueError as error:
        raise _template_error(template, f"{error}") from error
    fields = {name for _, name, _, _ in parts if name is not None}
    if any(_TOO_WIDE.search(spec or "") for _, _, spec, _ in parts):
        raise _template_error(template, "no name of a file is so long")
    strange = sorted(fields - set(values))
    if strange:
        raise _template_error(template, f"there is no {{{strange[0]}}}")
    if "output" not in fields:
        raise _template_error(template, "without {output} the outputs would be one file")
    unknown = sorted(name for name in fields if values[name] == "")
    if unknown:
        what = unknown[0].replace("_", " ")
        text = f"The bake's place needs the {what}, and there is none."
        raise InputError(text, "Save the script first, or set what is missing.")


def _check_place(template: str, path: str) -> None:
    try:
        files = _parse_pattern(path.replace(VIEW_PLACE, ""))
    except RequestError as error:
        raise _template_error(template, error.text) from error
    check_plain(f"{files.folder.as_posix()}/{files.before}{files.after}", _SETTING)


def _template_error(template: str, reason: str) -> ConfigError:
    return ConfigError(f"Bakes cannot go to {template}: {reason.rstrip('.')}.", _TEMPLATE_REMEDY)


def _outputs(take: Take) -> list[str]:
    """Return what farms read; previews are for panels."""
    return [output for output in take.outputs() if take.media(output) != PNG_MEDIA]


def _fitted(take: Take, output: str, pattern_of_output: Callable[[str], str]) -> str:
    """Return an output's pattern with the place for views and the ending that its files need."""
    pattern = pattern_of_output(output)
    files = _parse_pattern(pattern)
    stem, _, _ = files.after.rpartition(".")
    files = replace(files, after=f"{stem}{suffix_of(take.media(output))}")
    if any(take.views()) and VIEW_PLACE not in pattern:
        files = replace(files, before=f"{files.before}{VIEW_PLACE}.")
    return files.pattern


def _copies(
    take: Take, patterns: Mapping[str, str], frames: Sequence[int]
) -> Iterator[tuple[Path, Path]]:
    if not (frames and patterns):
        raise InputError("There is nothing to bake.", "Run the node first, and name its frames.")
    for output, pattern in patterns.items():
        for view in [view for view in take.views() if view] or [""]:
            for frame in sorted(set(frames)):
                source = take.path(output, frame, view, take.media(output))
                if not source.is_file():
                    raise _missing(output, frame, view)
                yield source, path_of(pattern, frame, view)


def _missing(output: str, frame: int, view: str) -> InputError:
    what = f"{output}, view {view}" if view else output
    text = f"Frame {frame} of {what} has no result and cannot be baked."
    return InputError(text, "Run this frame, then bake again.", {"frame": frame})


def _is_free(take: Take, pattern_of_output: Callable[[str], str], frames: Sequence[int]) -> bool:
    patterns = {output: _fitted(take, output, pattern_of_output) for output in _outputs(take)}
    return all(
        not target.exists() or _is_same(source, target)
        for source, target in _copies(take, patterns, frames)
    )


def _is_same(source: Path, target: Path) -> bool:
    with storage_errors(target):
        return target.is_file() and filecmp.cmp(source, target, shallow=False)


def _copy(source: Path, target: Path) -> None:
    if _is_same(source, target):
        return
    incoming = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.part")
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy_bytes(source, incoming)
            published = publish(incoming, target)
        finally:
            remove(incoming)
    if not published and not _is_same(source, target):
        text = f"{target.as_posix()} is there already and holds other pixels."
        raise StorageError(text, "Bake to another place, or remove what is there.")


def _copy_bytes(source: Path, incoming: Path) -> None:
    """Write a file of the artist's own, not one that shares its bytes with the content store."""
    with storage_errors(source):  # it may have been removed with its take
        reader = source.open("rb")
    with reader, incoming.open("xb") as writer:
        shutil.copyfileobj(reader, writer, _BLOCK_BYTES)
        writer.flush()
        os.fsync(writer.fileno())


def _clear_abandoned(folder: Path) -> None:
    """Remove what bakes that were killed have left, as soon as none can still be writing it."""
    oldest = time.time() - ABANDONED_AFTER_S
    for path in folder.glob(".*.part"):
        if path.stat().st_mtime < oldest:
            remove(path)
