"""Frozen nodes: results copied to the project and read from a file parameter, without a server.

Farms, and everybody who has the project and this plugin, read the same; no session is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

import hou

from filmgate.errors import FilmgateError, InputError, StorageError
from filmgate.host.node import embedded_manifest
from filmgate.host.session import HostSession
from filmgate.manifest import Manifest
from filmgate_houdini import names, waiting
from filmgate_houdini.host import STILL_FRAME, HoudiniHost, whole_frame
from filmgate_houdini.source import Source

OUTPUT_PLACE = "<output>"
"""Stands for an output's name in the path, where a model has several."""


def show(node: hou.OpNode, source: Source) -> str:
    """Let the cooking node show its frozen result; between two frames, the nearest one's.

    Returns:
        What the artist should know of it, or nothing.

    Raises:
        InputError: nothing was frozen, or not this frame.
        StorageError: a file cannot be read.
    """
    manifest = embedded_manifest(node.userData(names.STATE) or "")
    parm = node.parm(names.FROZEN_FILE)
    frame = whole_frame(hou.frame())
    pattern = "" if parm is None else parm.evalAsStringAtFrame(frame)
    if parm is None or manifest is None or not pattern:
        text = "The node is frozen, and names no file of a result."
        raise InputError(text, "Set another mode and run it, or press Freeze.")
    paths = {each.name: pattern.replace(OUTPUT_PLACE, each.name) for each in manifest.outputs}
    outputs = {name: _load(Path(path)) for name, path in paths.items()}
    remark = between(frame) if parm.isTimeDependent() else ""
    apply(source, manifest, outputs, remark)
    return remark


def between(frame: float) -> str:
    """Return what is to be said where a cook between two frames shows the result of *frame*."""
    if hou.frame() == frame:
        return ""
    return f"Between two frames the result of frame {frame:g} is shown."


def apply(source: Source, manifest: Manifest, outputs: Mapping[str, bytes], remark: str) -> None:
    """Let the cooking node show a result.

    Args:
        source: its inputs and its own data.
        manifest: of the model.
        outputs: the content of each output's file.
        remark: what `between` says of it.

    Raises:
        FilmgateError: it does not fit the node's inputs; between two frames the error says so.
    """
    try:
        source.apply(manifest, outputs)
    except FilmgateError as error:
        if not remark:
            raise
        text = f"{remark} {error.text}"
        remedy = "Hold the input at whole frames: a Time Shift above with the frame $F."
        raise InputError(text, remedy) from error


def freeze(host: HoudiniHost, session: HostSession) -> None:
    """Copy the node's fresh results to the project and let it read them from there.

    Raises:
        InputError: there is no fresh result, or the scene was never saved.
        FilmgateError: the files could not be written.
    """
    frames = session.fresh_frames()
    if not frames:
        raise InputError("There is no fresh result to freeze.", "Run the node first.")
    scene = _scene()
    before = dict(session.node_state.baked)
    session.bake(frames, scene.stem, scene.parent.as_posix(), host.node.name())
    finished = waiting.until(session, f"Freeze {host.label()}", lambda: False)
    baked, problem = dict(session.node_state.baked), session.status.problem
    if baked == before and problem is not None:
        raise FilmgateError(problem.text, problem.remedy, {"code": problem.code})
    if finished and baked:
        read(host, joined(baked), not host.is_timed, scene)


def read(host: HoudiniHost, pattern: str, still: bool, scene: PurePath) -> None:
    """Let the node read files from now on; one undo step.

    Args:
        host: the node.
        pattern: with ``%04d`` for the frame.
        still: whether they do not depend on time.
        scene: the scene's file; a path beside it stays right when the project moves.
    """
    number = f"{int(STILL_FRAME):04d}" if still else "$F4"
    path = pattern.replace("%04d", number)
    beside = f"{scene.parent.as_posix()}/"
    path = f"$HIP/{path[len(beside) :]}" if path.startswith(beside) else path
    with hou.undos.group("Filmgate freeze"):
        for name, text in ((names.FROZEN_FILE, path), (names.MODE, names.FROZEN)):
            parm = host.node.parm(name)
            if parm is not None:
                parm.set(text)


def joined(patterns: dict[str, str]) -> str:
    """Return one path for the patterns of all outputs.

    Raises:
        InputError: they do not differ by the output's name alone.
    """
    first, pattern = next(iter(patterns.items()))
    if len(patterns) == 1:
        return pattern
    before, _, after = pattern.rpartition(first)
    path = f"{before}{OUTPUT_PLACE}{after}"
    if any(path.replace(OUTPUT_PLACE, name) != each for name, each in patterns.items()):
        text = "The setting bake gives each output a place of its own, which one file cannot name."
        raise InputError(text, "Let its files differ by {output} alone.")
    return path


def _scene() -> PurePath:
    if hou.hipFile.isNewFile():
        raise InputError("The scene was never saved.", "Save it: the results go beside it.")
    return PurePath(hou.hipFile.path().replace("\\", "/"))


def _load(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        text = f"There is no frozen result at {path.as_posix()}."
        raise InputError(text, "Freeze this frame, or set another mode.") from error
    except OSError as error:
        text = f"{path.as_posix()} cannot be read: {error.strerror}."
        raise StorageError(text, "Look whether the project's disk is there.") from error
