"""TOPs: items carry their work, batches share a session, each item is a job that is retried."""

from __future__ import annotations

import importlib
import importlib.util
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.secluded import seclude
from filmgate.errors import (
    CancelledError,
    ConnectionLostError,
    FilmgateError,
    InputError,
    ModelError,
)
from filmgate.host.receipt import EXR_MAGIC

ROOT = Path(__file__).resolve().parents[3] / "plugins" / "houdini"
PATIENCE_S = 20.0


@dataclass
class Item:
    """A work item as PDG has them, as far as the plugin uses it."""

    name: str
    index: int = 0
    outputFiles: list[Any] = field(default_factory=list)  # noqa: N815 - PDG's name
    attributes: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    node: Any = None

    def hasAttrib(self, name: str) -> bool:  # noqa: N802 - PDG's name
        """Say whether there is one."""
        return name in self.attributes

    def attribValue(self, name: str) -> Any:  # noqa: N802 - PDG's name
        """Return its value."""
        return self.attributes[name]

    def attribNames(self) -> list[str]:  # noqa: N802 - PDG's name
        """List them."""
        return list(self.attributes)

    def setStringAttrib(self, name: str, value: str) -> None:  # noqa: N802 - PDG's name
        """Set a text."""
        self.attributes[name] = value

    def addOutputFile(self, path: str, tag: str, hash_code: int) -> None:  # noqa: N802
        """Note a file."""
        self.outputFiles.append(SimpleNamespace(path=path, tag=tag))


class Graph:
    """The processor inside the asset, and what it makes.

    Args:
        node: the asset.
        output: the pattern of its results.
    """

    def __init__(self, node: Any, output: str) -> None:
        self.made: list[Item] = []
        self.canceling = False
        self._asset, self._output = node, output

    def __getitem__(self, name: str) -> Any:
        top = importlib.import_module("filmgate_houdini.top")
        values = {
            top.ORDER: lambda _item: top.order(self._asset),
            top.TAG: lambda _item: self._asset.evalParm("filmgate_tag"),
            top.OUTPUT: lambda item: self._output.replace("@name", item.name),
        }
        return SimpleNamespace(evaluateString=lambda item=None: values[name](item))

    def addWorkItem(self, **options: Any) -> Item:  # noqa: N802 - PDG's name
        """Make an item."""
        parent = options["parent"]
        context = SimpleNamespace(context=self)
        made = Item(parent.name, options["index"], options=options, node=context)
        self.made.append(made)
        return made


class Bench:
    """A TOP network with the asset in it, a server, and files of upstream items.

    Args:
        hou: the module.
        folder: for files.
        server: answers.
    """

    def __init__(self, hou: Any, folder: Path, server: EchoServer) -> None:
        self.top = importlib.import_module("filmgate_houdini.top")
        self.server, self.folder = server, folder
        hou.hda.installFile(str(ROOT / "otls" / "filmgate_top_infer.1.0.hda"))
        self.node = hou.node("/obj").createNode("topnet").createNode("filmgate::infer")
        self.node.parm("filmgate_model").set("echo")
        importlib.import_module("filmgate_houdini.actions").choose_model(self.node)
        self.graph = Graph(self.node, f"{folder.as_posix()}/out/@name.<output>.exr")

    def upstream(self, count: int) -> list[Item]:
        """Return items that have written a picture each."""
        made: list[Item] = []
        for place in range(count):
            path = self.folder / f"in_{place}.exr"
            path.write_bytes(EXR_MAGIC + bytes([place]) * 50)
            file = SimpleNamespace(path=path.as_posix(), tag="file/image")
            made.append(Item(f"item_{place}", place, [file]))
        return made

    def generate(self, items: list[Item]) -> list[Item]:
        """Make items of ours, as PDG does."""
        self.top.generate(self.graph, self.graph, items)
        return self.graph.made

    def cook(self, *items: Item) -> None:
        """Cook items on threads of their own, as PDG does, and let their errors out."""
        errors: list[Exception] = []

        def work(item: Item) -> None:
            try:
                self.top.cook(item)
            except FilmgateError as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(item,)) for item in items]
        for each in threads:
            each.start()
        for each in threads:
            each.join(PATIENCE_S)
        if errors:
            raise errors[0]


def opened(patch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return a list that grows by the places of each session that a batch opens."""
    batches = importlib.import_module("filmgate_houdini.batches")
    found: list[list[int]] = []
    real = batches.Batch._open

    def noted(batch: Any, places: Any) -> Any:
        found.append(list(places))
        return real(batch, places)

    patch.setattr(batches.Batch, "_open", noted)
    return found


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers every job."""
    with EchoServer() as made:
        yield made


@pytest.fixture
def bench(
    fresh: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """Return a network of a hython session with that server configured."""
    fresh(mode="hython")
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    made = Bench(hou, tmp_path, server)
    yield made
    importlib.import_module("filmgate_houdini.batches").close_hubs()
    importlib.import_module("filmgate_houdini.sessions").close_hubs()


def test_an_item_carries_all_that_its_work_needs(bench: Bench) -> None:
    """It cooks in this process, after the scene was closed too: nothing is asked of the node."""
    items = bench.generate(bench.upstream(3))

    assert [each.options["inProcess"] for each in items] == [True] * 3
    work = json.loads(items[1].attributes[bench.top.ITEM])
    assert (work["place"], len(work["items"]), work["model"]) == (1, 3, "echo@1.0.0")
    assert work["items"][1]["inputs"][""].endswith("in_1.exr")


def test_a_batch_shares_one_session_and_each_item_is_a_job(bench: Bench) -> None:
    """However many threads cook: one connection more, a job for each item, each its own result."""
    items = bench.generate(bench.upstream(4))
    hellos = bench.server.hellos

    bench.cook(*items)

    assert bench.server.hellos == hellos + 1
    assert len(bench.server.submitted) == 4
    for place, item in enumerate(items):
        (file,) = item.outputFiles
        content = Path(file.path).read_bytes()
        assert content.endswith(bytes([place]) * 50 + EXR_MAGIC[::-1])
        assert (Path(file.path).name, file.tag) == (f"item_{place}.color.exr", "file/image")


def test_batches_are_as_large_as_the_node_says(bench: Bench) -> None:
    """The rest is a batch of its own."""
    bench.node.parm("filmgate_batch").set(2)

    items = bench.generate(bench.upstream(3))

    works = [json.loads(each.attributes[bench.top.ITEM]) for each in items]
    assert [(len(each["items"]), each["place"]) for each in works] == [(2, 0), (2, 1), (1, 0)]


def test_what_was_computed_is_not_computed_again(bench: Bench) -> None:
    """A graph that is cooked again after it stopped sends no job for what was done."""
    upstream = bench.upstream(3)
    bench.cook(*bench.generate(upstream))
    asked = len(bench.server.submitted)
    importlib.import_module("filmgate_houdini.batches").close_hubs()
    bench.graph.made.clear()

    bench.cook(*bench.generate(upstream))

    assert len(bench.server.submitted) == asked
    assert all(Path(each.outputFiles[0].path).is_file() for each in bench.graph.made)


def test_attributes_of_an_item_are_its_parameters(bench: Bench) -> None:
    """A wedge sets them; the node's own value counts for the others."""
    upstream = bench.upstream(2)
    upstream[1].attributes["filmgate_p_strength"] = 3.5
    bench.node.parm("filmgate_p_strength").set(2.0)

    bench.cook(*bench.generate(upstream))

    assert sorted(each.params["strength"] for each in bench.server.submitted) == [2.0, 3.5]


def test_a_failure_is_retried_as_often_as_the_node_says(bench: Bench) -> None:
    """Then it is the item's, with what helps."""
    bench.node.parm("filmgate_retries").set(2)
    (item,) = bench.generate(bench.upstream(1))
    bench.server.fail(ModelError("The model fails.", "Tell its author."))

    with pytest.raises(ModelError, match="Tell its author"):
        bench.cook(item)

    assert len(bench.server.submitted) == 3
    assert not item.outputFiles


def test_an_item_that_failed_can_be_cooked_again_alone(bench: Bench) -> None:
    """The others of its batch are left as they are."""
    bench.node.parm("filmgate_retries").set(0)
    items = bench.generate(bench.upstream(2))
    bench.server.fail(ModelError("The model fails.", "Tell its author."))
    for item in items:
        with pytest.raises(ModelError):
            bench.cook(item)
    bench.server.fail(None)
    asked = len(bench.server.submitted)

    bench.cook(items[1])

    assert len(bench.server.submitted) == asked + 1
    assert items[1].outputFiles


def test_a_server_that_is_away_is_waited_for_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its failure is that of the whole batch."""
    waits = opened(monkeypatch)
    bench.node.parm("filmgate_patience").set(0.2)
    items = bench.generate(bench.upstream(3))
    bench.server.stop()

    for item in items:
        with pytest.raises(ConnectionLostError):
            bench.cook(item)

    assert waits == [[0, 1, 2]]


def test_items_that_are_cooked_again_are_a_batch_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first shows that there is one; what was made before is of inputs that are gone."""
    items = bench.generate(bench.upstream(4))
    bench.cook(*items)
    rounds = opened(monkeypatch)
    for place in range(4):
        (bench.folder / f"in_{place}.exr").write_bytes(EXR_MAGIC + bytes([place + 9]) * 60)

    for item in items:
        bench.cook(item)

    assert rounds == [[0], [1, 2, 3]]
    for place, item in enumerate(items):
        content = Path(item.outputFiles[-1].path).read_bytes()
        assert content.endswith(bytes([place + 9]) * 60 + EXR_MAGIC[::-1])


def test_what_a_batch_has_made_is_of_the_inputs_there_are(bench: Bench) -> None:
    """An item that comes for its result late finds what would be made now."""
    items = bench.generate(bench.upstream(2))
    bench.cook(items[0])
    (bench.folder / "in_1.exr").write_bytes(EXR_MAGIC + bytes([9]) * 60)

    bench.cook(items[1])

    content = Path(items[1].outputFiles[0].path).read_bytes()
    assert content.endswith(bytes([9]) * 60 + EXR_MAGIC[::-1])


def test_batches_are_not_remembered_for_ever() -> None:
    """A session that cooks for days holds as many as another."""
    batches = importlib.import_module("filmgate_houdini.batches")
    try:
        for number in range(batches.KEPT + 5):
            batches.find({"number": number})
        assert len(batches._batches) == batches.KEPT
    finally:
        batches.close_hubs()


def test_two_items_with_one_output_file_are_refused(bench: Bench) -> None:
    """One result would take the place of the other."""
    bench.graph._output = f"{bench.folder.as_posix()}/out/x.exr"

    with pytest.raises(InputError, match="item_0 and item_1 have the same Output File"):
        bench.generate(bench.upstream(2))


def test_what_pdg_evaluates_makes_no_session(bench: Bench) -> None:
    """It does so where it likes: sessions are the main thread's."""
    sessions = importlib.import_module("filmgate_houdini.sessions")
    sessions.close_hubs()

    order = json.loads(bench.top.order(bench.node))

    assert (order["model"], order["params"]["strength"]) == ("echo@1.0.0", 1.0)
    assert sessions.hosts() == []


def test_a_cook_that_is_cancelled_ends_its_jobs(bench: Bench) -> None:
    """At the server too."""
    (item,) = bench.generate(bench.upstream(1))
    bench.server.allow(0)
    bench.graph.canceling = True

    with pytest.raises(CancelledError):
        bench.cook(item)


def test_an_item_without_a_file_is_named(bench: Bench) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError, match="item_9 has no file"):
        bench.generate([Item("item_9")])


def test_a_tag_chooses_among_files(bench: Bench) -> None:
    """Items often write more than one."""
    (item,) = bench.upstream(1)
    other = bench.folder / "albedo.exr"
    other.write_bytes(EXR_MAGIC)
    item.outputFiles.insert(0, SimpleNamespace(path=other.as_posix(), tag="file/albedo"))
    bench.node.parm("filmgate_tag").set("file/image")

    (made,) = bench.generate([item])

    work = json.loads(made.attributes[bench.top.ITEM])["items"][0]
    assert work["inputs"][""].endswith("in_0.exr")


def test_a_name_without_a_suffix_keeps_its_last_part(bench: Bench) -> None:
    """A frame's number is no suffix: that of the result is put behind it."""
    bench.graph._output = f"{bench.folder.as_posix()}/out/<output>.1001"

    bench.cook(*bench.generate(bench.upstream(1)))

    assert bench.graph.made[0].outputFiles[0].path.endswith("/out/color.1001.exr")


def test_without_a_model_nothing_is_made(bench: Bench, hou: Any) -> None:
    """The artist is told where to choose one."""
    hou.hda.installFile(str(ROOT / "otls" / "filmgate_top_infer.1.0.hda"))
    node = hou.node("/obj").createNode("topnet").createNode("filmgate::infer")

    with pytest.raises(InputError, match="No model"):
        bench.top.generate(Graph(node, "out.exr"), bench.graph, [])


def test_the_menu_lists_models_of_every_kind(bench: Bench) -> None:
    """Files hold pictures and tensors alike."""
    menu = bench.top.model_menu(bench.node)

    assert menu[::2] == ["echo@champion", "echo-window@champion"]


def test_the_asset_cooks_in_a_graph(bench: Bench, hou: Any, world: Any) -> None:
    """Its own processor makes and cooks the items, on threads of PDG's, away from Houdini."""
    hou.hda.installFile(str(ROOT / "otls" / "filmgate_top_infer.1.0.hda"))
    asset = hou.node("/obj").createNode("topnet").createNode("filmgate::infer")
    asset.parm("filmgate_model").set("echo")
    importlib.import_module("filmgate_houdini.actions").choose_model(asset)
    asset.parm("filmgate_output").set(f"{bench.folder.as_posix()}/`@pdg_name`.<output>.exr")
    (processor,) = (each for each in asset.children() if each.type().name() == "pythonprocessor")
    files = [each.outputFiles[0].path for each in bench.upstream(3)]
    world.hand(processor, *([(path, "file/image")] for path in files))

    processor.cookWorkItems(block=True)

    made = [each for item in processor._items for each in item.outputFiles]
    assert len({each.path for each in made}) == 3, [each.messages for each in processor._items]
    assert all(each.path.endswith(".color.exr") for each in made)
    contents = [Path(each.path).read_bytes() for each in made]
    assert [each[-5] for each in contents] == [0, 1, 2]


def test_scripts_find_the_type_registered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """PDG reads the file of its folder and is told of one processor."""
    processor = SimpleNamespace(PyProcessor=object)
    pdg = SimpleNamespace(
        result=SimpleNamespace(Success="success"), nodeType=SimpleNamespace(Processor="processor")
    )
    monkeypatch.setitem(importlib.import_module("sys").modules, "pdg", pdg)
    monkeypatch.setitem(importlib.import_module("sys").modules, "pdg.processor", processor)
    path = ROOT / "pdg" / "types" / "filmgate_infer.py"
    spec = importlib.util.spec_from_file_location("filmgate_infer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told: list[Any] = []

    module.registerTypes(
        SimpleNamespace(registerNode=lambda kind, of, **more: told.append((kind, of, more)))
    )
    (item,) = bench.upstream(1)
    node = bench.graph
    assert module.FilmgateInfer.onGenerate(node, node, [item], None) == "success"

    assert told == [
        (
            module.FilmgateInfer,
            "processor",
            {"static_gen": False, "label": "Filmgate", "category": "Filmgate"},
        )
    ]
    assert module.FilmgateInfer.onCookTask(node, bench.graph.made[0]) == "success"
    assert bench.graph.made[0].outputFiles
