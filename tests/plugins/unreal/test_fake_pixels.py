"""Pixels in the stand-in for Unreal: source art, files in and out, render targets, landscapes."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXR, PNG = b"\x76\x2f\x31\x01", b"\x89PNG"
LIGHT = {"R": [0.25, 4.0, -1.0, 1.5], "G": [0.5, 2.0, 0.0, 8.0], "B": [1.0, 0.125, 3.0, 0.75]}
"""Two rows of two pixels, all exact as halves."""


@pytest.fixture
def export(unreal: Any, tmp_path: Path) -> Callable[..., bytes]:
    """Return what exports a texture by an exporter, and gives the file's bytes."""

    def run(texture: Any, kind: str = "EXR") -> bytes:
        path = tmp_path / f"out.{kind.lower()}"
        path.unlink(missing_ok=True)
        task = unreal.AssetExportTask()
        exporter = getattr(unreal, f"TextureExporter{kind}")()
        task.set_editor_properties(
            {"object": texture, "exporter": exporter, "filename": path.as_posix()}
        )
        done = unreal.Exporter.run_asset_export_task(task)
        assert done == path.exists() == (not task.errors)
        return path.read_bytes() if done else b""

    return run


@pytest.fixture
def load(unreal: Any, tmp_path: Path) -> Callable[..., Any]:
    """Return what imports bytes as an asset, and gives the task."""

    def run(content: bytes, path: str = "/Game/T_New", **settings: Any) -> Any:
        file = tmp_path / "in.exr"
        file.write_bytes(content)
        folder, _, name = path.rpartition("/")
        task = unreal.AssetImportTask()
        named = {"destination_path": folder, "destination_name": name, "automated": True}
        named["factory"] = unreal.TextureFactory()
        task.set_editor_properties({"filename": file.as_posix(), **named, **settings})
        unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks([task])
        return task

    return run


# ---- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RGBA16F", "RGBA32F"])
def test_floats_come_out_as_they_are(
    texture: Any, export: Callable[..., bytes], tmp_path: Path, kind: str
) -> None:
    """An independent library reads the same pixels, negative ones and those above one too."""
    openexr = pytest.importorskip("OpenEXR")
    export(texture("/Game/T_A", LIGHT, 2, kind=kind, srgb=False))
    with openexr.File(str(tmp_path / "out.exr"), separate_channels=True) as file:
        for name, expected in LIGHT.items():
            assert file.channels()[name].pixels.reshape(-1).tolist() == expected
        assert file.channels()["R"].pixels.dtype == ("float16" if kind == "RGBA16F" else "float32")


def test_source_art_comes_out_not_what_is_drawn(
    texture: Any, export: Callable[..., bytes], unreal: Any
) -> None:
    """Compression and adjustments change the build, never the source art."""
    from unreal import _exr  # noqa: PLC0415 - found once the stand-in is on the path

    made = texture("/Game/T_A", LIGHT, 2, srgb=False)
    made.set_editor_property("adjust_brightness", 3.0)
    made.set_editor_property("compression_settings", unreal.TextureCompressionSettings.TC_BC7)
    assert _exr.parse_exr(export(made)).channels["R"].tolist() == LIGHT["R"]


def test_codes_of_srgb_become_linear_halves_in_an_exr(
    texture: Any, export: Callable[..., bytes]
) -> None:
    """By the sRGB curve where the texture says so; alpha never."""
    from unreal import _exr  # noqa: PLC0415 - found once the stand-in is on the path

    codes = {"R": [0, 188], "G": [255, 10], "B": [1, 2], "A": [128, 255]}
    for curved, middle in ((True, 0.5029), (False, 188 / 255)):
        made = texture(f"/Game/T_{curved}", codes, 2, kind="BGRA8", srgb=curved)
        read = _exr.parse_exr(export(made))
        assert read.kind == _exr.HALF
        assert read.channels["R"].tolist() == pytest.approx([0.0, middle], abs=4e-4)
        assert read.channels["A"].tolist() == pytest.approx([128 / 255, 1.0], abs=4e-4)


@pytest.mark.parametrize("kind", ["BGRA8", "G8", "RGBA16", "G16"])
def test_codes_come_out_of_a_png_as_they_are(
    texture: Any, export: Callable[..., bytes], tmp_path: Path, kind: str
) -> None:
    """Rows have every filter that real writers use; an independent library reads the codes."""
    images = pytest.importorskip("OpenImageIO")
    top = 65535 if "16" in kind else 255
    wanted = "R" if kind[0] == "G" else "RGBA"
    planes = {name: [(at * 37 + ord(name)) % (top + 1) for at in range(21)] for name in wanted}
    assert export(texture("/Game/T_A", planes, 3, kind=kind), "PNG").startswith(PNG)
    as_they_are = images.ImageSpec()
    as_they_are.attribute("oiio:UnassociatedAlpha", 1)
    reader = images.ImageInput.open(str(tmp_path / "out.png"), as_they_are)
    kept = reader.read_image("uint16" if top > 255 else "uint8")
    for at, name in enumerate(wanted):
        assert kept[..., at].reshape(-1).tolist() == planes[name]


def test_a_tga_has_its_last_row_first(texture: Any, export: Callable[..., bytes]) -> None:
    """Blue comes first, and of four channels alpha is last."""
    codes = {"R": [1, 2], "G": [3, 4], "B": [5, 6], "A": [7, 8]}
    content = export(texture("/Game/T_A", codes, 1, kind="BGRA8"), "TGA")
    assert struct.unpack_from("<HHB", content, 12) == (1, 2, 32)
    assert content[18:] == bytes([6, 4, 2, 8, 5, 3, 1, 7])


def test_a_tga_of_16_bits_has_lost_half_of_them(
    texture: Any, export: Callable[..., bytes], session: Any
) -> None:
    """It is written all the same; a line in the log is the only sign."""
    content = export(texture("/Game/T_A", {"R": [0x1234]}, 1, kind="G16"), "TGA")
    assert content[18:] == b"\x12"
    assert [text for kind, text in session.log if kind == "Warning" and "scaled to 8" in text]


@pytest.mark.parametrize(("kind", "exporter"), [("RGBA32F", "PNG"), ("BGRA8", "HDR")])
def test_exporters_refuse_what_is_not_theirs(
    texture: Any, export: Callable[..., bytes], session: Any, kind: str, exporter: str
) -> None:
    """False, a text in the task and one in the log; no file."""
    assert export(texture("/Game/T_A", {"R": [1.0]}, 1, kind=kind), exporter) == b""
    assert "does not support" in session.errors()[0]


@pytest.mark.parametrize(("kind", "magic"), [("hdr", b"#?RADIANCE"), ("png", PNG)])
def test_an_exporter_may_write_another_format(
    texture: Any, export: Callable[..., bytes], session: Any, kind: str, magic: bytes
) -> None:
    """The name ends in .exr, the task says all is well, and the file is no EXR."""
    session.exports_as["exr"] = kind
    assert export(texture("/Game/T_A", LIGHT, 2)).startswith(magic)


def test_exrs_of_others_are_read(tmp_path: Path, load: Callable[..., Any]) -> None:
    """Files with ZIP from an independent library give the same pixels."""
    openexr = pytest.importorskip("OpenEXR")
    numpy = pytest.importorskip("numpy")
    path = str(tmp_path / "other.exr")
    pixels = {name: numpy.array(LIGHT[name], "float32").reshape(2, 2) for name in LIGHT}
    for compression in (openexr.NO_COMPRESSION, openexr.ZIP_COMPRESSION, openexr.ZIPS_COMPRESSION):
        openexr.File({"compression": compression, "type": openexr.scanlineimage}, pixels).write(
            path
        )
        task = load(Path(path).read_bytes(), replace_existing=True)
        source = task.get_objects()[0]._source
        assert {name: source.planes[name].tolist() for name in LIGHT} == LIGHT
        assert source.kind == "RGBA32F"


# ---- import ---------------------------------------------------------------------------------


def test_a_new_texture_of_floats_is_hdr(
    unreal: Any, texture: Any, export: Callable[..., bytes], load: Callable[..., Any], session: Any
) -> None:
    """Settings are the import's own choice; nothing is saved unless that is asked for."""
    content = export(texture("/Game/T_A", LIGHT, 2, srgb=False))
    made = load(content).get_objects()[0]
    assert not made.srgb
    assert made.compression_settings is unreal.TextureCompressionSettings.TC_HDR
    assert (made.blueprint_get_size_x(), made.blueprint_get_size_y()) == (2, 2)
    assert (session.saved, session.dirty) == ([], {"/Game/T_New"})


def test_a_texture_that_is_replaced_keeps_its_settings(
    unreal: Any, texture: Any, export: Callable[..., bytes], load: Callable[..., Any], session: Any
) -> None:
    """Unless the task says otherwise; without leave to replace there is no object, only a log."""
    content = export(texture("/Game/T_A", LIGHT, 2, srgb=False))
    held = texture("/Game/T_N", {"R": [128]}, 1, kind="BGRA8", srgb=True, lod_bias=2)
    assert list(load(content, "/Game/T_N").get_objects()) == []
    assert "already exists" in session.errors()[0]
    load(content, "/Game/T_N", replace_existing=True)
    assert (held.srgb, held.lod_bias, held._source.kind) == (True, 2, "RGBA16F")
    load(content, "/Game/T_N", replace_existing=True, replace_existing_settings=True)
    assert not held.srgb


def test_an_import_is_undone_only_after_modify(
    unreal: Any, texture: Any, export: Callable[..., bytes], load: Callable[..., Any], session: Any
) -> None:
    """The import tells no transaction: whoever wants it undone says `modify` first."""
    content = export(texture("/Game/T_A", LIGHT, 2, srgb=False))
    held = texture("/Game/T_B", {"R": [128]}, 1, kind="BGRA8")
    with unreal.ScopedEditorTransaction("silent"):
        load(content, "/Game/T_B", replace_existing=True)
    assert not session.undo()
    held._source = None
    mark = held.blueprint_get_texture_source_id_string()
    with unreal.ScopedEditorTransaction("told"):
        held.modify()
        load(content, "/Game/T_B", replace_existing=True)
    assert held.blueprint_get_texture_source_id_string() != mark
    assert session.undo()
    assert held._source is None


def test_without_a_factory_the_name_is_the_files(
    unreal: Any, texture: Any, export: Callable[..., bytes], load: Callable[..., Any]
) -> None:
    """Interchange imports then, and does not hear `destination_name`."""
    content = export(texture("/Game/T_A", LIGHT, 2, srgb=False))
    assert load(content).get_objects()[0].get_name() == "T_New"
    assert load(content, factory=None).get_objects()[0].get_name() == "in"


def test_what_is_no_texture_is_not_replaced_by_one(
    unreal: Any, texture: Any, export: Callable[..., bytes], load: Callable[..., Any], session: Any
) -> None:
    """An asset of another class stands in the way."""
    from unreal import _assets  # noqa: PLC0415 - found once the stand-in is on the path

    held = _assets.add_asset(unreal.EditorUtilityWidgetBlueprint(), "/Game/T_New")
    content = export(texture("/Game/T_A", LIGHT, 2, srgb=False))
    assert list(load(content, replace_existing=True).get_objects()) == []
    assert "is no texture" in session.errors()[0]
    assert unreal.load_asset("/Game/T_New") is held


@pytest.mark.parametrize("content", [b"", b"no picture", EXR + bytes(60)])
def test_what_cannot_be_read_gives_no_object(
    load: Callable[..., Any], session: Any, content: bytes
) -> None:
    """A line in the log, never an exception."""
    assert list(load(content).get_objects()) == []
    assert "Failed to import" in session.errors()[0]


# ---- previews and render targets ------------------------------------------------------------


def test_a_preview_is_no_asset(
    unreal: Any, texture: Any, export: Callable[..., bytes], tmp_path: Path, session: Any
) -> None:
    """It is drawn, of halves, and has neither a package nor source art."""
    content = export(texture("/Game/T_A", {"R": [0.1]}, 1, kind="RGBA32F", srgb=False))
    path = tmp_path / "preview.exr"
    path.write_bytes(content)
    made = unreal.RenderingLibrary.import_file_as_texture2d(session.world, path.as_posix())
    assert made._pixels.planes["R"][0] == struct.unpack("e", struct.pack("e", 0.1))[0]
    assert made.get_path_name().startswith("/Engine/Transient")
    assert made.blueprint_get_texture_source_id_string() is None
    assert export(made) == b""
    assert unreal.RenderingLibrary.import_file_as_texture2d(session.world, "none.exr") is None


@pytest.mark.parametrize(
    ("name", "magic"), [("RTF_RGBA16F", EXR), ("RTF_RGBA32F", EXR), ("RTF_RGBA8", PNG)]
)
def test_a_render_target_writes_what_it_likes(
    unreal: Any, session: Any, tmp_path: Path, name: str, magic: bytes
) -> None:
    """Under the name that was given; the content alone says which kind of file it is."""
    library = unreal.RenderingLibrary
    kind = getattr(unreal.TextureRenderTargetFormat, name)
    target = library.create_render_target2d(session.world, 2, 1, kind)
    library.clear_render_target2d(session.world, target, unreal.LinearColor(0.5, 0.25, 0.0, 1.0))
    library.export_render_target(session.world, target, str(tmp_path), "out.part")
    assert (tmp_path / "out.part").read_bytes().startswith(magic)
    session.render_target_exports_as = "hdr"
    library.export_render_target(session.world, target, str(tmp_path), "out.part")
    assert (tmp_path / "out.part").read_bytes().startswith(b"#?RADIANCE")


def test_without_a_graphics_device_nothing_is_drawn(fresh: Any, tmp_path: Path) -> None:
    """With -nullrhi a target exists, and neither its canvas nor its file does."""
    session = fresh(mode="unattended")
    import unreal  # noqa: PLC0415 - found once the stand-in is on the path

    library = unreal.RenderingLibrary
    target = library.create_render_target2d(session.world, 2, 2)
    assert library.begin_draw_canvas_to_render_target(session.world, target)[0] is None
    library.export_render_target(session.world, target, str(tmp_path), "out.exr")
    assert list(tmp_path.glob("out*")) == []


# ---- landscapes -----------------------------------------------------------------------------


@pytest.fixture
def landscape(unreal: Any) -> Any:
    """Return a landscape of 3 × 2 samples."""
    from unreal import _landscape  # noqa: PLC0415 - found once the stand-in is on the path

    return _landscape.make_landscape([0, 255, 256, 32768, 40000, 65535], 3, (200.0, 200.0, 50.0))


def target_of(unreal: Any, session: Any, width: int, height: int, kind: str = "RTF_RGBA8") -> Any:
    """Return a render target."""
    made = getattr(unreal.TextureRenderTargetFormat, kind)
    return unreal.RenderingLibrary.create_render_target2d(session.world, width, height, made)


def test_heights_travel_as_two_bytes(unreal: Any, session: Any, landscape: Any) -> None:
    """The high byte in red, the low one in green: no bit is lost there and back."""
    target = target_of(unreal, session, 3, 2)
    assert landscape.landscape_export_heightmap_to_render_target(target, True)
    assert target._pixels.planes["R"].tolist() == [0, 0, 1, 128, 156, 255]
    assert target._pixels.planes["G"].tolist() == [0, 255, 0, 0, 64, 255]
    before = landscape._heights
    landscape._heights = array("H", [0] * 6)
    assert landscape.landscape_import_heightmap_from_render_target(target, True)
    assert landscape._heights == before


def test_a_smaller_target_overwrites_a_corner_in_silence(
    unreal: Any, session: Any, landscape: Any
) -> None:
    """Nothing fails, and the rest keeps its heights: whoever writes has to know the size."""
    target = target_of(unreal, session, 2, 2)
    assert landscape.landscape_import_heightmap_from_render_target(target, True)
    assert landscape._heights.tolist() == [0, 0, 256, 0, 0, 65535]
    assert session.errors() == []


def test_heights_as_floats_are_cut_off(unreal: Any, session: Any, landscape: Any) -> None:
    """Red is the number itself; halves cannot tell large ones apart."""
    export = landscape.landscape_export_heightmap_to_render_target
    for kind, kept in (("RTF_RGBA32F", 40001), ("RTF_RGBA16F", 40000)):
        landscape._heights = array("H", [40001] * 6)
        target = target_of(unreal, session, 3, 2, kind)
        assert export(target, False)
        assert landscape.landscape_import_heightmap_from_render_target(target, False)
        assert landscape._heights[0] == kept


def test_what_no_landscape_takes_is_refused(unreal: Any, session: Any, landscape: Any) -> None:
    """A locked layer, a format of one channel, a height in 8 bits: False, and why in the log."""
    put = landscape.landscape_import_heightmap_from_render_target
    assert not put(target_of(unreal, session, 3, 2, "RTF_R32F"), True)
    assert not put(target_of(unreal, session, 3, 2), False)
    landscape._locked = True
    assert not put(target_of(unreal, session, 3, 2), True)
    assert len(session.errors()) == 3


def test_heights_are_undone_after_modify(unreal: Any, session: Any, landscape: Any) -> None:
    """As everything that no setter changes."""
    target = target_of(unreal, session, 3, 2)
    before = landscape._heights
    with unreal.ScopedEditorTransaction("heights"):
        landscape.modify()
        assert landscape.landscape_import_heightmap_from_render_target(target, True)
    assert landscape._heights != before
    session.undo()
    assert landscape._heights == before


def test_a_landscape_says_where_it_is(landscape: Any) -> None:
    """Its bounds are its samples' outermost ones, in centimetres."""
    middle, half = landscape.get_actor_bounds(False)
    assert (middle.x - half.x, middle.x + half.x) == (0.0, 400.0)
    assert (middle.y - half.y, middle.y + half.y) == (0.0, 200.0)
    assert landscape.get_actor_scale3d().z == 50.0
    assert landscape.get_landscape_actor() is landscape


# ---- renders --------------------------------------------------------------------------------


def test_a_queue_tells_its_executor_what_was_written(unreal: Any, session: Any) -> None:
    """By shot and pass; a listener that raises ends nothing."""
    from unreal import _renders  # noqa: PLC0415 - found once the stand-in is on the path

    queue = unreal.get_editor_subsystem(unreal.MoviePipelineQueueSubsystem)
    job = queue.get_queue().allocate_new_job()
    heard: list[Any] = []
    executor = queue.render_queue_with_executor(unreal.MoviePipelinePIEExecutor)
    executor.on_individual_job_work_finished_delegate.add_callable(lambda _: 1 / 0)
    executor.on_individual_job_work_finished_delegate.add_callable(heard.append)
    assert queue.is_rendering()
    assert session.playing
    _renders.finish(_renders.queue_output(job, {"FinalImage": ["a.0001.exr", "a.0002.exr"]}))
    assert not queue.is_rendering()
    ((key, data),) = heard[0].shot_data[0].render_pass_data.items()
    assert (key.name, list(data.file_paths)) == ("FinalImage", ["a.0001.exr", "a.0002.exr"])
    assert "ZeroDivisionError" in session.errors()[0]


def test_a_graphs_script_lives_through_its_job(unreal: Any) -> None:
    """Start, shots, finish; what was written comes by layer."""
    from unreal import _renders  # noqa: PLC0415 - found once the stand-in is on the path

    told: list[str] = []

    @unreal.uclass()
    class Script(unreal.MovieGraphScriptBase):
        @unreal.ufunction(override=True)
        def on_job_start(self, in_job_copy: Any) -> None:
            super().on_job_start(in_job_copy)
            told.append("start")

        @unreal.ufunction(override=True)
        def on_job_finished(self, in_job_copy: Any, in_output_data: Any) -> None:
            for shot in in_output_data.graph_data:
                for key in shot.render_layer_data:
                    told.append(key.layer_name)
                    told.extend(shot.render_layer_data[key].file_paths)

    job = _renders.graph_job({"beauty": [unreal.MovieGraphPathTracerRenderPassNode()]})
    output = _renders.graph_output(job, {("beauty", "path tracer"): ["b.0001.exr"]})
    _renders.run_graph(unreal.new_object(Script), output)
    assert told == ["start", "beauty", "b.0001.exr"]


def test_a_flattened_graph_has_two_shapes(fresh: Any) -> None:
    """5.4 returns it alone, later releases with a text; defaults are given only when asked for."""
    from unreal import _renders  # noqa: PLC0415 - found once the stand-in is on the path

    for version, alone in (("5.4", True), ("5.5", False), ("5.6", False)):
        fresh(version)
        import unreal  # noqa: PLC0415 - found once the stand-in is on the path

        node = unreal.MovieGraphDeferredRenderPassNode()
        node.set_editor_property("disable_tone_curve", True)
        graph = _renders.graph_job({"beauty": [node]}).get_graph_preset()
        found = graph.create_flattened_graph(unreal.MovieGraphTraversalContext())
        assert isinstance(found, tuple) != alone
        flat = found if alone else found[0]
        assert list(flat.get_branch_names()) == ["Globals", "beauty"]
        kind = unreal.MovieGraphDeferredRenderPassNode
        assert flat.get_setting_for_branch(kind, "beauty") is node
        assert flat.get_setting_for_branch(kind, "Globals", include_cd_os=False) is None
        assert not flat.get_setting_for_branch(kind, "Globals").disable_tone_curve
