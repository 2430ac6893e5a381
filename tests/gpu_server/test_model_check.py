"""`filmgate models check`: what is sound passes, and each lie is found out."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.packages import BOX, DOUBLE, NEAREST, write_package
from filmgate.errors import ManifestError
from filmgate.image.exr import encode_exr
from filmgate.image.frame import Plate
from filmgate.image.window import Window
from filmgate_server.commands.check import CheckOptions, examine_package
from filmgate_server.commands.external import external_files
from filmgate_server.commands.finding import Finding
from filmgate_server.commands.goldens import as_part, frame_file
from filmgate_server.commands.pickles import find_pickle
from filmgate_server.commands.stubs import CARD, SUMMARY
from filmgate_server.zoo import ZOO_FOLDER

CODE_CALL = b"cos\nsystem\n(S'true'\ntR."
"""A pickle of the oldest protocol that would run a program."""

HALVED = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        color = inputs["color"]
        height, width, _ = color.shape
        small = color[: height // 2 * 2 : 2, : width // 2 * 2 : 2]
        return {"color": small.repeat(2, 0).repeat(2, 1)}
"""
"""Takes every second pixel: it fails on odd sizes."""

ROOT = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        with np.errstate(invalid="ignore"):
            return {"color": np.sqrt(inputs["color"])}
"""

SLEEPY = """
import time

class Model:
    def infer(self, inputs, params, step):
        time.sleep(600)
"""

SUICIDAL = """
import os

class Model:
    def infer(self, inputs, params, step):
        os.abort()
"""

RANDOM = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        return {"color": inputs["color"] + np.random.default_rng().random(1, np.float32)}
"""

CENTRED = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        color = inputs["color"]
        return {"color": color - color.mean((0, 1))}
"""
"""Takes the whole frame's mean away."""

SHRUNK = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        color = inputs["color"]
        height, width, _ = color.shape
        small = color[np.arange(256) * height // 256][:, np.arange(256) * width // 256]
        small[2:] = (small[2:] + small[:-2]) / 2
        light = small[np.arange(height) * 256 // height][:, np.arange(width) * 256 // width]
        return {"color": color + light}
"""
"""Looks at the whole frame shrunk to 256 by 256 px."""

BATCH = """
class Model:
    def infer(self, inputs, params, step):
        return {"color": inputs["color"]}

    def infer_batch(self, frames, params, step):
        return [{"color": frame["color"] * 1.0001} for frame in frames]
"""


def package(folder: Path, code: str = DOUBLE, more: str = "", **given: Any) -> Path:
    """Write a package with everything that a check asks for."""
    path = write_package(folder / "toy", code=code, more=more, **given)
    (path / "card.md").write_text("What it does.", encoding="utf-8")
    (path / "LICENSE.md").write_text("Apache-2.0", encoding="utf-8")
    return path


def findings(path: Path, limit: float = 60.0) -> list[Finding]:
    """Return what the check finds."""
    return examine_package(path, CheckOptions(folder=path, threads=1, limit=limit)).findings


def refusals(path: Path, limit: float = 60.0) -> dict[str, Finding]:
    """Return what the check refuses, by topic."""
    return {each.topic: each for each in findings(path, limit) if each.verdict == "refused"}


def test_a_sound_package_passes(tmp_path: Path) -> None:
    """Each promise is tried and holds."""
    found = findings(package(tmp_path))
    assert not [each for each in found if each.verdict == "refused"]
    topics = {each.topic for each in found if each.verdict == "holds"}
    assert topics >= {"manifest", "pickles", "licence", "card", "scale", "multiple_of", "finite"}


def test_the_zoo_passes() -> None:
    """The packages that come with the server tell the truth."""
    for name in ("identity", "negate", "smooth"):
        assert refusals(ZOO_FOLDER / name) == {}


@pytest.mark.parametrize("name", ["weights.pth", "weights.bin"])
def test_pickled_weights_are_refused(tmp_path: Path, name: str) -> None:
    """A pickle is found by its name and by its content, and nothing of the package is run."""
    path = package(tmp_path, SUICIDAL)
    (path / name).write_bytes(CODE_CALL)
    assert "pickles" in refusals(path)
    assert "run" not in refusals(path)


def test_a_wrong_sha256_is_refused(tmp_path: Path) -> None:
    """Another file than the manifest names is found out; the mend is the right sum."""
    rows = f'[[weights]]\nfile = "net.safetensors"\nsha256 = "{"0" * 64}"\n'
    path = package(tmp_path, more=rows)
    (path / "net.safetensors").write_bytes(b"weights")
    assert hashlib.sha256(b"weights").hexdigest() in refusals(path)["weights"].remedy


def test_a_wrong_size_is_refused(tmp_path: Path) -> None:
    """The number of bytes must be right where it is given."""
    digest = hashlib.sha256(b"weights").hexdigest()
    rows = f'[[weights]]\nfile = "net.safetensors"\nsha256 = "{digest}"\nbytes = 8\n'
    path = package(tmp_path, more=rows)
    (path / "net.safetensors").write_bytes(b"weights")
    assert "bytes = 7" in refusals(path)["weights"].remedy


def test_weights_that_nothing_names_are_refused(tmp_path: Path) -> None:
    """A file without a sum could be swapped unseen."""
    path = package(tmp_path)
    (path / "extra.safetensors").write_bytes(b"weights")
    assert "extra.safetensors" in refusals(path)["weights"].text


@pytest.mark.parametrize("place", ["../other/net.safetensors", "/etc/passwd", "missing.bin"])
def test_a_path_that_leaves_the_package_is_refused(tmp_path: Path, place: str) -> None:
    """Weights lie in the package's own folder."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "net.safetensors").write_bytes(b"weights")
    path = package(tmp_path, more=f'[[weights]]\nfile = "{place}"\nsha256 = "{"0" * 64}"\n')
    assert "files" in refusals(path)


def test_links_are_refused(tmp_path: Path) -> None:
    """A link shows what is elsewhere on each machine."""
    path = package(tmp_path)
    (path / "link.txt").symlink_to("card.md")
    assert "link" in refusals(path)["manifest"].text


@pytest.mark.parametrize("missing", ["LICENSE.md", "card.md"])
def test_missing_papers_are_refused(tmp_path: Path, missing: str) -> None:
    """Nobody runs code without knowing what it does and who allows that."""
    path = package(tmp_path)
    (path / missing).unlink()
    assert set(refusals(path)) == {{"LICENSE.md": "licence", "card.md": "card"}[missing]}


def test_an_unstated_licence_is_refused(tmp_path: Path) -> None:
    """What the template writes is no licence."""
    path = package(tmp_path)
    (path / "LICENSE.md").write_text("Code: to be stated.", encoding="utf-8")
    assert "licence" in refusals(path)


@pytest.mark.parametrize(
    ("file", "before", "after", "topic"),
    [
        ("card.md", "What it does.", f"# toy\n\n{CARD}", "card"),
        ("model.toml", "A package made by a test.", SUMMARY, "words"),
    ],
)
def test_words_of_the_template_are_refused(
    tmp_path: Path, file: str, before: str, after: str, topic: str
) -> None:
    """What the author has not written yet is published by nobody."""
    path = package(tmp_path) / file
    path.write_text(path.read_text().replace(before, after), encoding="utf-8")
    assert set(refusals(path.parent)) == {topic}


def test_a_manifest_without_licence_names_the_line(tmp_path: Path) -> None:
    """The report has the file and the line of the mistake."""
    path = package(tmp_path)
    toml = path / "model.toml"
    toml.write_text(toml.read_text().replace('weights = "none"\n', ""), encoding="utf-8")
    assert refusals(path)["manifest"].text.startswith("model.toml, line 8: [licence] weights")


def test_a_lie_about_multiple_of_is_refused(tmp_path: Path) -> None:
    """A net that fails on odd sizes is found, and what would be true."""
    found = refusals(package(tmp_path, HALVED))
    assert found["multiple_of"].remedy == "Write multiple_of = 2."


def test_silent_damage_from_a_wrong_multiple_is_refused(tmp_path: Path) -> None:
    """A net whose grid shifts on odd sizes does not fail, and its result is wrong."""
    code = BOX.replace("REACH", "1").replace(
        "        color = inputs",
        "        _, odd, _ = inputs['color'].shape\n        color = inputs",
    )
    code = code.replace("total / len(places)}", "total / len(places) * (1 + odd % 4)}")
    found = refusals(package(tmp_path, code, "[tiling]\nmax_tile_px = 512\nhalo_px = 1\n"))
    assert found["multiple_of"].remedy == "Write multiple_of = 4."


def test_a_larger_multiple_than_needed_is_noted(tmp_path: Path) -> None:
    """Padding costs; what would do is said, and nothing refused."""
    path = package(tmp_path, HALVED, "[geometry]\nmultiple_of = 16\n")
    (found,) = [each for each in findings(path) if each.topic == "multiple_of"]
    assert (found.verdict, found.remedy) == ("note", "Write multiple_of = 2.")


@pytest.mark.parametrize(("halo_px", "right"), [(2, False), (3, True)])
def test_a_lie_about_the_halo_is_refused(tmp_path: Path, halo_px: int, right: bool) -> None:
    """A blur that reaches 3 px needs a halo of 3: with less it is told so."""
    tiling = f"[tiling]\nmax_tile_px = 512\nhalo_px = {halo_px}\n"
    found = refusals(package(tmp_path, BOX.replace("REACH", "3"), tiling))
    if right:
        assert found == {}
    else:
        assert set(found) == {"halo", "tiles"}
        assert found["halo"].remedy == "Write halo_px = 3."


def test_a_halo_for_a_net_that_sees_everything_is_refused(tmp_path: Path) -> None:
    """What depends on the whole frame cannot be cut."""
    code = DOUBLE.replace("* 2", "+ inputs['color'].mean()")
    code = code.replace("+ inputs", "+ 8 * inputs['color'][::7, ::5].std() + inputs")
    found = refusals(package(tmp_path, code, "[tiling]\nmax_tile_px = 512\nhalo_px = 32\n"))
    assert "whole frame" in found["halo"].text


@pytest.mark.parametrize("code", [CENTRED, SHRUNK])
def test_a_net_that_takes_whole_frames_passes(tmp_path: Path, code: str) -> None:
    """It is not tried with padding that it never gets, and no halo is proposed for it."""
    found = findings(package(tmp_path, code))
    assert not [each for each in found if each.verdict == "refused"]
    (halo,) = [each for each in found if each.topic == "halo"]
    assert "whole frame" in halo.text
    assert not halo.remedy


def test_a_net_that_shall_be_cut_must_not_know_the_whole_frame(tmp_path: Path) -> None:
    """A mean over the frame is another one in each tile."""
    found = refusals(package(tmp_path, CENTRED, "[tiling]\nmax_tile_px = 512\nhalo_px = 8\n"))
    assert "whole frame" in found["halo"].text


def test_a_lie_about_scale_is_refused(tmp_path: Path) -> None:
    """The result's size is tried, and the true scale told."""
    path = package(tmp_path, NEAREST.replace("SCALE", "3"), "[geometry]\nscale = 2\n")
    assert refusals(path)["scale"].remedy == "Write scale = 3."


def test_a_wrong_count_of_channels_is_refused(tmp_path: Path) -> None:
    """What comes back must have the channels of the outputs."""
    code = DOUBLE.replace("* 2", "[..., :1]")
    assert "outputs" in refusals(package(tmp_path, code))


def test_nan_on_a_legal_input_is_refused(tmp_path: Path) -> None:
    """A root of what is negative is found, and the frame that showed it named."""
    found = refusals(package(tmp_path, ROOT))
    assert "negative values" in found["finite"].text


def test_what_fails_is_said_once_and_to_the_author(tmp_path: Path) -> None:
    """The remedy says what to correct, and a second refusal does not repeat the first."""
    code = DOUBLE.replace("* 2", "@ None")
    found = [each for each in findings(package(tmp_path, code)) if each.verdict == "refused"]
    assert [each.topic for each in found] == ["outputs"]
    assert found[0].remedy.startswith("Correct the code")


def test_an_error_on_some_frames_is_told_to_the_author(tmp_path: Path) -> None:
    """No artist's remedy stands in the report."""
    code = DOUBLE.replace(
        "        step", "        assert inputs['color'].min() >= 0\n        step", 1
    )
    found = refusals(package(tmp_path, code))["run"]
    assert found.remedy.startswith("Correct what the package computes")


def test_chance_is_refused(tmp_path: Path) -> None:
    """A cached result would not be what the model returns the next time."""
    assert "repeats" in refusals(package(tmp_path, RANDOM))


def test_a_batch_that_changes_pixels_is_refused(tmp_path: Path) -> None:
    """How busy a server is must change no pixel."""
    assert "batch" in refusals(package(tmp_path, BATCH, "[batch]\nmax = 4\n"))


def test_an_input_that_is_not_optional_is_refused(tmp_path: Path) -> None:
    """What may be left out is left out, and the model must run."""
    rows = '[[inputs]]\nname = "albedo"\nrole = "albedo"\nchannels = ["R"]\noptional = true\n'
    code = DOUBLE.replace("* 2", "* inputs['albedo']")
    assert "without albedo" in refusals(package(tmp_path, code, rows))["inputs"].text


def test_a_model_that_hangs_is_refused(tmp_path: Path) -> None:
    """The time limit ends its process, and the report says what was tried."""
    found = refusals(package(tmp_path, SLEEPY), limit=4.0)
    assert "still at" in found["run"].text


def test_a_model_that_kills_its_process_is_refused(tmp_path: Path) -> None:
    """The command outlives it."""
    assert "signal 6" in refusals(package(tmp_path, SUICIDAL))["run"].text


NOSY = """
import os
import socket

class Model:
    def infer(self, inputs, params, step):
        seen = [name for name in os.environ if name.startswith(("AWS_", "FILMGATE_"))]
        if seen or len(socket.if_nameindex()) > 1:
            raise RuntimeError(f"reachable: {seen} {socket.if_nameindex()}")
        step(0, 1)
        return {"color": inputs["color"] * 1}
"""


def test_a_trial_has_no_credentials_and_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is tried may be a stranger's, and whoever publishes has keys in the environment."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("FILMGATE_SERVER_REGISTRY", "s3://bucket")
    assert "run" not in refusals(package(tmp_path, NOSY))


def _scribble(statement: str) -> str:
    """Return a model that does something to each pipe that its process has."""
    return f"""
import os, time

for fd in range(3, 64):
    try:
        if os.readlink(f"/proc/self/fd/{{fd}}").startswith("pipe:"):
            {statement}
    except OSError:
        pass

class Model:
    def infer(self, inputs, params, step):
        time.sleep(600)
"""


@pytest.mark.parametrize(
    "written",
    [
        b"123\n",
        b"{}\n",
        b"nothing\n",
        b'{"finding": {"x": 1}}\n',
        b'{"figure": {"seconds": 1}}\n',
        b"[" * 50_000 + b"\n",
        b"x" * 200_000,
    ],
)
def test_nonsense_in_the_report_is_refused(tmp_path: Path, written: bytes) -> None:
    """Code that writes where the trial reports is found out, and takes nothing down."""
    byte, count = (written[:1], len(written)) if len(written) > 1000 else (written, 1)
    ending = b"\n" if written.endswith(b"\n") else b""
    model = _scribble(f"os.write(fd, {byte!r} * {count} + {ending!r})")
    assert "wrote into the report" in refusals(package(tmp_path, model), limit=60.0)["run"].text


def test_a_model_that_closes_the_report_is_still_limited(tmp_path: Path) -> None:
    """Silence is not the end: the process has to end too."""
    model = _scribble("os.close(fd)") + "\ntime.sleep(600)\n"
    assert "still at" in refusals(package(tmp_path, model), limit=8.0)["run"].text


@pytest.mark.parametrize(
    ("metric", "threshold", "right"),
    [("psnr", 80, True), ("psnr_tm", 80, True), ("max_error", 0, True), ("flip", 0.01, True),
     ("psnr", 80, False), ("max_error", 0.1, False)],
)  # fmt: skip
def test_golden_tests_are_run(tmp_path: Path, metric: str, threshold: float, right: bool) -> None:
    """A result that is as the golden file passes by each metric; another does not."""
    rows = (
        '[[tests]]\ninputs = { color = "in.exr" }\ngolden = "out.exr"\n'
        f'metric = "{metric}"\nthreshold = {threshold}\n'
    )
    path = package(tmp_path, more=rows)
    pixels = np.random.default_rng(0).random((24, 32, 3), np.float32)
    factor = 2 if right else 3
    for name, image in (("in.exr", pixels), ("out.exr", pixels * np.float32(factor))):
        part = as_part(image, ("R", "G", "B"), Window(0, 0, 31, 23))
        (path / name).write_bytes(encode_exr(Plate((part,))))
    assert ("tests" in refusals(path)) is not right


def _numpy_file(array: Any, save: Callable[..., None] = np.save) -> bytes:
    file = io.BytesIO()
    save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (CODE_CALL, "a.txt"),
        (b"\x80\x04N.", "a.txt"),
        (b"", "a.PT"),
        (_numpy_file(np.array([object()])), "a.npy"),
        (_numpy_file(np.array([object()]), np.savez), "a.npz"),
        (b"PK\x03\x04nothing", "a.zip"),
    ],
)
def test_pickles_are_found_by_content(content: bytes, name: str) -> None:
    """Whatever it is called and wherever it hides."""
    assert find_pickle(io.BytesIO(content), name)


@pytest.mark.parametrize(
    "content",
    [b"", b"plain text.", b"\x80", _numpy_file(np.zeros(3)), _numpy_file(np.zeros(3), np.savez)],
)
def test_plain_files_are_no_pickles(content: bytes) -> None:
    """Numbers and texts pass."""
    assert find_pickle(io.BytesIO(content), "a") == ""


def test_programs_with_sample_inputs_are_refused(tmp_path: Path) -> None:
    """torch.export pickles them; without them its archive is a graph and numbers."""
    torch = pytest.importorskip("torch")
    program = torch.export.export(torch.nn.Conv2d(3, 3, 3), (torch.zeros(1, 3, 8, 8),))
    path = tmp_path / "net.pt2"
    torch.export.save(program, path)
    with path.open("rb") as file:
        assert "sample_inputs" in find_pickle(file, path.name)
    program.example_inputs = None
    torch.export.save(program, path)
    with path.open("rb") as file:
        assert find_pickle(file, path.name) == ""


def test_tensors_outside_a_graph_are_found(tmp_path: Path) -> None:
    """The names of the files that ONNX keeps tensors in are read out of the graph."""
    onnx = pytest.importorskip("onnx")
    tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "w")
    onnx.external_data_helper.set_external_data(tensor, "../../secret.bin")
    graph = onnx.helper.make_graph([], "g", [], [], [tensor])
    content = onnx.helper.make_model(graph).SerializeToString()
    assert external_files(content) == {"../../secret.bin"}
    key, value = b"\x0a\x08location", b"\x12\x10../../secret.bin"
    turned = content.replace(key + value, value + key)
    assert turned != content
    assert external_files(turned) == {"../../secret.bin"}


def test_archives_are_read_in_bounds() -> None:
    """A few bytes that stand for many cost the check no memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1 << 27))
    file.seek(0)
    tracemalloc.start()
    try:
        assert find_pickle(file, "a") == ""
        assert tracemalloc.get_traced_memory()[1] < 1 << 25
    finally:
        tracemalloc.stop()


def test_a_pattern_that_takes_no_number_is_refused() -> None:
    """A manifest's mistake is said as one."""
    with pytest.raises(ManifestError, match="no pattern"):
        frame_file("a%s%s.exr", "1")
