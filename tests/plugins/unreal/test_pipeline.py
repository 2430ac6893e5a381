"""What a render left on disk, what a project wants of it, and what is noted of the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.editor_desk import EditorDesk
from filmgate.errors import ConfigError, InputError, StorageError

FOLDER = "/renders/shot0010"


def files(name: str, *frames: int) -> tuple[str, ...]:
    """Return the paths of a sequence."""
    return tuple(f"{FOLDER}/{name}.{frame:04d}.exr" for frame in frames)


@pytest.fixture
def renders(unreal: Any) -> Any:
    """Return the module."""
    from filmgate_unreal import renders  # noqa: PLC0415 - found once the stand-in is on the path

    return renders


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("Seq.0012.exr", 12),
        ("Seq.-0002.exr", -2),
        ("shot-0010.exr", 10),
        ("take2_0003.EXR", 3),
        ("Seq.0012.png", None),
        ("Seq.exr", None),
    ],
)
def test_the_last_number_is_the_frame(renders: Any, name: str, frame: int | None) -> None:
    """With its sign where a dot or a line stands before it; other files are no frames."""
    assert renders.parse_frame(name) == frame


def test_passes_are_sorted_into_pictures_and_helpers(renders: Any) -> None:
    """Normals help the picture of their layer; ids and other kinds of files are left out."""
    passes = [
        renders.Pass("shot beauty", "FinalImagePathTracer", files("beauty", 1, 2)),
        renders.Pass("shot beauty", "FinalImageWorldNormal", files("normal", 1, 2)),
        renders.Pass("shot beauty", "ActorHitProxyMask_Cryptomatte", files("crypto", 1, 2)),
        renders.Pass("shot props", "FinalImagePathTracer", files("props", 1)),
        renders.Pass("shot props", "FinalImage", ("/renders/a.0001.jpeg",)),
    ]
    beauty, props = renders.to_layers(passes)
    assert (beauty.label, beauty.span, beauty.name) == ("shot beauty", (1, 2), "beauty")
    assert list(beauty.helpers) == ["FinalImageWorldNormal"]
    assert (props.label, dict(props.helpers)) == ("shot props", {})


def test_a_file_of_many_layers_is_one_picture(renders: Any) -> None:
    """Every pass then names the same files, in which the server finds the layers by name."""
    names = ("FinalImage", "FinalImageWorldNormal", "FinalImageBaseColor")
    (layer,) = renders.to_layers(renders.Pass("shot", name, files("all", 1, 2)) for name in names)
    assert not layer.helpers
    assert sorted(layer.files) == [1, 2]


def test_files_of_an_earlier_render_are_sorted_by_their_names(renders: Any) -> None:
    """A pass that has files of its own is known by what its files are called."""
    paths = [*files("Seq.FinalImage", 1, 2), *files("Seq.FinalImageWorldNormal", 1, 2)]
    (layer,) = renders.to_layers(renders.passes_of(paths))
    assert layer.name == "Seq.FinalImage"
    assert len(layer.helpers) == 1


@pytest.fixture
def orders(unreal: Any) -> Any:
    """Return the module."""
    from filmgate_unreal import orders  # noqa: PLC0415

    return orders


def test_an_order_is_read_as_it_was_written(orders: Any) -> None:
    """Whatever an artist sets comes back; what is left out has its default."""
    order = orders.RenderOrder("denoise@champion", {"quality": "fast"}, only=("beauty",))
    assert orders.load_order() == orders.RenderOrder()
    orders.save_order(order)
    assert orders.load_order() == order
    assert orders.parse_order(b'{"model": "denoise"}', "x") == orders.RenderOrder("denoise")


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        '{"modell": "denoise"}',
        '{"params": "fast"}',
        '{"folder": ""}',
        '{"folder": "../../plates"}',
        '{"folder": "/renders"}',
        '{"folder": "a\\\\b"}',
    ],
)
def test_an_order_that_cannot_be_used_is_named(orders: Any, document: str) -> None:
    """With the file, and what is wrong in it: nothing is guessed, and no render overwritten."""
    with pytest.raises(ConfigError, match="FilmgateRenders"):
        orders.parse_order(document.encode(), "Config/FilmgateRenders.json")


def test_a_result_never_has_the_renders_own_path(orders: Any) -> None:
    """It goes into a folder that is called like the model."""
    order = orders.RenderOrder("denoise@champion")
    assert order.target(Path("/r/Seq.0001.exr")).as_posix() == "/r/denoise/Seq.0001.exr"


def test_a_receipt_fits_only_what_it_was_written_for(unreal: Any, tmp_path: Path) -> None:
    """Other settings, another input or another output, and the frame is made again."""
    from filmgate_unreal import receipts  # noqa: PLC0415

    source, target = tmp_path / "in.exr", tmp_path / "out" / "in.exr"
    target.parent.mkdir()
    source.write_bytes(b"render")
    target.write_bytes(b"result")
    key, names = "color@1", frozenset({"color"})
    receipt = receipts.Receipt(
        "package",
        "settings",
        {key: receipts.digest_file(source)},
        {key: receipts.mark(source)},
        {target.name: receipts.digest_file(target)},
    )
    receipts.save_receipt(target, receipt)
    found = receipts.load_receipt(target)
    assert found == receipt
    assert found.fits("package", "settings", names, lambda _: source)
    assert found.is_whole(target.parent)
    assert not found.fits("package", "others", names, lambda _: source)
    assert not found.fits("other", "settings", names, lambda _: source)
    assert not found.fits("package", "settings", names | {"normal"}, lambda _: source)
    source.write_bytes(b"rendered anew")
    assert not found.fits("package", "settings", names, lambda _: source)
    target.write_bytes(b"resu")
    assert not found.is_whole(target.parent)


@pytest.mark.parametrize("content", ["", "{", '{"package": 1}'])
def test_a_receipt_that_cannot_be_read_keeps_nothing(
    unreal: Any, tmp_path: Path, content: str
) -> None:
    """The frame is made again."""
    from filmgate_unreal import receipts  # noqa: PLC0415

    path = tmp_path / ".filmgate" / "a.exr.receipt.json"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert receipts.load_receipt(tmp_path / "a.exr") == receipts.Receipt()


def test_files_are_read_before_they_are_taken(unreal: Any, tmp_path: Path) -> None:
    """A window of them, which moves on; one that was rendered anew meanwhile is read anew."""
    from filmgate_unreal.readahead import ReadAhead  # noqa: PLC0415

    paths = [tmp_path / f"a.{frame:04d}.exr" for frame in range(8)]
    for path in paths:
        path.write_bytes(path.name.encode())
    calls: list[Any] = []
    begun: list[bool] = []

    def work() -> int:
        done = len(calls)
        while calls:
            calls.pop(0)()
        return done

    ahead = ReadAhead(calls.append)
    ahead.begin([[path] for path in paths], lambda: begun.append(True))
    assert not begun
    assert work() == 5
    assert begun
    assert ahead.take(paths[0]) == b"a.0000.exr"
    assert work() == 1
    paths[1].write_bytes(b"rendered anew")
    assert ahead.take(paths[1]) == b"rendered anew"
    assert ahead.take(paths[7]) == b"a.0007.exr"
    paths[2].unlink()
    with pytest.raises(StorageError):
        ahead.take(paths[2])


@pytest.fixture
def pipeline(unreal: Any) -> Any:
    """Return the module."""
    from filmgate_unreal import pipeline  # noqa: PLC0415

    return pipeline


@pytest.mark.parametrize("disabled", [True, False])
def test_a_queues_tone_curve_is_noticed(unreal: Any, pipeline: Any, disabled: bool) -> None:
    """It is on unless the job's colour settings say otherwise, which a new job's do not."""
    job = unreal.MoviePipelineExecutorJob()
    assert pipeline.keeps_tone_curve(job)
    kind = unreal.MoviePipelineColorSetting.static_class()
    setting = job.get_configuration().find_or_add_setting_by_class(kind)
    setting.set_editor_property("disable_tone_curve", disabled)
    assert pipeline.keeps_tone_curve(job) is not disabled


@pytest.mark.parametrize("version", ["5.4", "5.6"])
def test_a_graphs_tone_curve_is_noticed_in_every_branch(fresh: Any, version: str) -> None:
    """One renderer that keeps it is enough; 5.4 answers otherwise than later releases."""
    fresh(version=version)
    import unreal  # noqa: PLC0415
    from unreal import _renders  # noqa: PLC0415

    from filmgate_unreal import pipeline  # noqa: PLC0415

    nodes = [unreal.MovieGraphPathTracerRenderPassNode() for _ in range(2)]
    nodes[0].set_editor_property("disable_tone_curve", True)
    job = _renders.graph_job({"beauty": [nodes[0]], "props": [nodes[1]]})
    assert pipeline.keeps_tone_curve(job)
    nodes[1].set_editor_property("disable_tone_curve", True)
    assert not pipeline.keeps_tone_curve(job)


def test_a_tone_curve_that_cannot_be_told_costs_no_result(
    unreal: Any, session: Any, pipeline: Any, orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release that lacks what is asked for: the log says so, and the post step is begun."""
    from unreal import _renders  # noqa: PLC0415

    begun: list[Any] = []
    monkeypatch.setattr(pipeline, "start", lambda layers, _: begun.extend(layers))
    monkeypatch.delattr(unreal, "MoviePipelineColorSetting")
    orders.save_order(orders.RenderOrder("denoise"))
    job = unreal.MoviePipelineExecutorJob()
    pipeline.job_finished(_renders.queue_output(job, {"FinalImage": files("Seq", 1)}))
    assert len(begun) == 1
    assert [text for _, text in session.log if "cannot be told" in text]


def test_a_release_with_fewer_renderers_is_asked_for_those(
    unreal: Any, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tone curve of the others is noticed all the same."""
    from unreal import _renders  # noqa: PLC0415

    job = _renders.graph_job({"beauty": [unreal.MovieGraphPathTracerRenderPassNode()]})
    monkeypatch.delattr(unreal, "MovieGraphDeferredRenderPassNode")
    assert pipeline.keeps_tone_curve(job)


@pytest.mark.parametrize(
    ("paths", "only", "said"),
    [
        (("/renders/Seq.0001.png",), (), "Shot.0001.exr"),
        (("/renders/Shot.0001.FinalImage.exr",), (), "Shot.0001.exr"),
        (files("Seq", 1), ("props",), "asks for props alone"),
    ],
)
def test_a_render_that_nothing_is_made_of_is_named(
    unreal: Any,
    session: Any,
    pipeline: Any,
    orders: Any,
    paths: tuple[str, ...],
    only: tuple[str, ...],
    said: str,
) -> None:
    """With the reason: neither kind of file nor name may be silently passed over."""
    from unreal import _renders  # noqa: PLC0415

    orders.save_order(orders.RenderOrder("denoise", only=only))
    output = _renders.queue_output(unreal.MoviePipelineExecutorJob(), {"FinalImage": paths})
    assert pipeline.job_finished(output) == []
    assert [text for _, text in session.log if "Nothing of" in text and said in text]


def test_nothing_to_do_is_an_error_that_says_so(unreal: Any, pipeline: Any) -> None:
    """A script that names no files, or a project without an order."""
    with pytest.raises(InputError, match="nothing to do"):
        pipeline.process_files([])
    with pytest.raises(InputError, match="nothing to do"):
        pipeline.process_files(list(files("Seq", 1)))


@pytest.mark.parametrize("version", ["5.3", "5.6"])
def test_the_classes_are_there_where_the_release_has_them(fresh: Any, version: str) -> None:
    """Movie Render Graph came with 5.4; an editor without it starts all the same."""
    session = fresh(version=version)
    from filmgate_unreal import pipeline  # noqa: PLC0415

    pipeline.register()
    assert "FilmgateExecutor" in session.generated
    assert ("FilmgateGraphScript" in session.generated) is (version != "5.3")


def test_the_queue_goes_on_with_a_dialog_only_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A modal dialog in between would hold up the jobs that are still to be rendered."""
    with EchoServer() as server:
        desk = EditorDesk(tmp_path, monkeypatch, server=server.address)
        from unreal import _renders  # noqa: PLC0415

        from filmgate_unreal import orders, pipeline  # noqa: PLC0415

        orders.save_order(orders.RenderOrder("negate"))
        queue = desk.unreal.get_editor_subsystem(desk.unreal.MoviePipelineQueueSubsystem)
        job = queue.get_queue().allocate_new_job()
        executor = pipeline.make_executor()()
        queue.render_queue_with_executor_instance(executor)
        output = _renders.queue_output(job, {"FinalImage": ["/nowhere/a.0001.jpeg"]})
        executor.on_individual_job_work_finished_delegate.broadcast(output)
        desk.editor.tick(3)
        assert not desk.editor.dialogs
        _renders.finish(_renders.queue_output(job, {}, success=False))
        desk.until(lambda: bool(desk.editor.dialogs), "the dialog is there")
        assert "Disable Tone Curve" in desk.editor.dialogs[0][1]
        desk.close()


def test_a_cancelled_job_is_left_alone(unreal: Any, pipeline: Any, orders: Any) -> None:
    """What a cancelled render has written may be half a file."""
    from unreal import _renders  # noqa: PLC0415

    orders.save_order(orders.RenderOrder("denoise"))
    job = unreal.MoviePipelineExecutorJob()
    output = _renders.queue_output(job, {"FinalImage": files("Seq", 1)}, success=False)
    assert pipeline.job_finished(output) == []


def test_an_order_that_is_wrong_stops_no_render(
    unreal: Any, session: Any, pipeline: Any, orders: Any
) -> None:
    """The editor's callback hears no exception; the artist reads what is wrong."""
    from unreal import _renders  # noqa: PLC0415

    orders.order_file().parent.mkdir(parents=True)
    orders.order_file().write_text(json.dumps({"modell": "denoise"}), encoding="utf-8")
    output = _renders.queue_output(unreal.MoviePipelineExecutorJob(), {})
    assert pipeline.job_finished(output) is None
    assert [text for text in session.errors() if "there is no modell" in text]
