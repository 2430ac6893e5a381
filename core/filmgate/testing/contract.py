"""The suite that every host's adapter must pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

from filmgate.digest import digest_bytes
from filmgate.errors import ModelError
from filmgate.host.bake import path_of
from filmgate.host.port import Moment
from filmgate.host.state import State
from filmgate.job import Output
from filmgate.tensor import TENSOR_MEDIA
from filmgate.testing.contract_host import SPAN, ContractHost, ContractServer
from filmgate.testing.models import DEFAULT, PARAMETER, WINDOW_MODEL, echo_of
from filmgate.wire.records import BlobRef

PATIENCE_S = 30.0

FIRST, SECOND, THIRD = SPAN[0], SPAN[0] + 1, SPAN[0] + 2


def _as_if(**said: Any) -> Callable[[Output], Output]:
    return lambda made: replace(made, **said)


FORGERIES = (
    _as_if(name="other"),
    _as_if(time=float(SECOND)),
    _as_if(view="left"),
    _as_if(media=TENSOR_MEDIA),
    _as_if(data=memoryview(b"<html>Gateway timeout</html>")),
)
"""What a server may answer that nobody asked for."""


def result_of(host: ContractHost, frame: int, strength: float = DEFAULT) -> bytes:
    """Return what the server answers for a frame as it is now, with *strength* set."""
    plate = host.plate(frame)
    ref = BlobRef("color", digest_bytes(plate), len(plate), time=float(frame))
    return echo_of({PARAMETER: strength}, (ref,), plate)


def settle(host: ContractHost, until: Optional[Callable[[], bool]] = None) -> None:
    """Let the host go on until a condition holds; by default, until there is nothing to do."""
    deadline_s = time.monotonic() + PATIENCE_S
    holds = until or (lambda: host.idle)
    while not holds():
        _that(time.monotonic() < deadline_s, f"nothing more happens: {host.session.status}")
        host.turn()
    _same(list(host.violations), [])


def make(host: ContractHost, frames: Sequence[int], **params: Any) -> None:
    """Set parameters, run and wait for the end."""
    host.set_params(**params)
    host.run(frames)
    settle(host)


def state(host: ContractHost, frame: int) -> State:
    """Return the state of a frame."""
    return host.session.state_at(Moment(float(frame)))


def pixels(host: ContractHost, frame: int) -> Optional[bytes]:
    """Return what the node reads at a frame; None where it finds no file, which is an error."""
    pattern = host.session.patterns().get("color")
    path = None if pattern is None else path_of(pattern, frame)
    return path.read_bytes() if path is not None and path.is_file() else None


class HostContract:
    """What artists may rely on in every host.

    A subclass is collected by pytest when its name begins with ``Test``. It gives two fixtures:
    ``server``, a `ContractServer` that answers; and ``host``, a `ContractHost` with a new node of
    the model `filmgate.testing.MODEL`, on a folder of its own.
    """

    def test_a_new_node_asks_nobody(self, host: ContractHost, server: ContractServer) -> None:
        """Making a node and looking at it opens no connection."""
        _same(state(host, FIRST), State.EMPTY)
        _same(host.session.status.state, State.EMPTY)
        for _ in range(5):
            host.turn()
        _same((server.hellos, pixels(host, FIRST)), (0, None))

    def test_pixels_survive_bit_for_bit(self, host: ContractHost, server: ContractServer) -> None:
        """The server gets the bytes that were captured, the node reads the bytes that it sent."""
        make(host, [FIRST])
        _same(server.uploaded, [host.plate(FIRST)])
        _same(pixels(host, FIRST), result_of(host, FIRST))
        _same((state(host, FIRST), host.session.status.state), (State.FRESH, State.FRESH))
        _same([*host.violations, *host.problems], [])

    def test_a_change_of_pixels_makes_a_result_stale(self, host: ContractHost) -> None:
        """What was computed from other pixels never counts as fresh; a rerun makes it so."""
        make(host, [FIRST])
        host.change_pixels(FIRST)
        _same(state(host, FIRST), State.STALE)
        make(host, [FIRST])
        _same(state(host, FIRST), State.FRESH)
        _same(pixels(host, FIRST), result_of(host, FIRST))

    def test_a_change_of_a_parameter_makes_a_result_stale(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """The rerun captures nothing and sends no pixels: they are where they were."""
        make(host, [FIRST])
        host.set_params(strength=2.0)
        _same(state(host, FIRST), State.STALE)
        make(host, [FIRST])
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST, 2.0)))
        _same((len(server.uploaded), len(server.submitted)), (1, 2))
        _same(len(host.captured), 1)

    def test_what_was_computed_before_is_not_asked_for(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """A parameter that is set back finds its result without any server."""
        make(host, [FIRST])
        make(host, [FIRST], strength=2.0)
        server.stop()
        make(host, [FIRST], strength=DEFAULT)
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST)))

    def test_a_repetition_needs_no_network(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """A node that was cleared makes its results again from what this disk has."""
        make(host, [FIRST, SECOND])
        server.stop()
        reopened = host.reopen()
        reopened.session.clear()
        _same((state(reopened, FIRST), pixels(reopened, FIRST)), (State.EMPTY, None))
        make(reopened, [FIRST, SECOND])
        _same(pixels(reopened, SECOND), result_of(host, SECOND))
        _same(state(reopened, FIRST), State.FRESH)

    def test_another_answer_than_asked_for_is_refused(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """What is of another output, time, view or kind is neither shown nor remembered."""
        for forge in FORGERIES:
            server.forge(forge)
            host.run([FIRST], again=True)
            settle(host)
            _same((state(host, FIRST), pixels(host, FIRST)), (State.ERROR, None))
        server.forge(None)
        host.run([FIRST], again=True)
        settle(host)
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST)))
        _same({problem.code for problem in host.problems}, {"model"})

    def test_a_forced_run_takes_nothing_for_granted(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """It captures and computes again, whatever was captured and computed before."""
        make(host, [FIRST])
        host.session.run([Moment(float(FIRST))], force=True)
        settle(host)
        _same((len(host.captured), len(server.submitted)), (2, 2))
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST)))

    def test_a_run_bears_the_name_of_its_node(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """A panel with ten nodes says of which one a line is, in the artist's own word."""
        server.fail(ModelError("The model stumbled."))
        host.session.run([Moment(float(FIRST))])
        settle(host)
        board = host.session.board
        _same([run.label for run in board.runs()], [host.name])
        _same([line.node for line in board.log()], [host.name])

    def test_a_fresh_frame_is_left_alone(self, host: ContractHost, server: ContractServer) -> None:
        """A run makes what is missing and nothing else."""
        make(host, [FIRST])
        captured = len(host.captured)
        make(host, [FIRST, SECOND])
        _same(len(server.submitted), 2)
        _same([frame for _, frame, _ in host.captured[captured:]], [float(SECOND)])
        _same(pixels(host, FIRST), result_of(host, FIRST))

    def test_a_missing_frame_is_no_neighbour(self, host: ContractHost) -> None:
        """A frame that was not run has no file: the host says so, and holds no other frame."""
        make(host, [SECOND])
        for frame in (FIRST, THIRD):
            _same((state(host, frame), pixels(host, frame)), (State.EMPTY, None))

    def test_what_does_not_fit_any_more_is_left_out(self, host: ContractHost) -> None:
        """A newer take never shows an older frame as if it were of the same settings."""
        make(host, [FIRST, SECOND])
        make(host, [SECOND], strength=2.0)
        _same(pixels(host, SECOND), result_of(host, SECOND, 2.0))
        _same(pixels(host, FIRST), None)
        _same(state(host, FIRST) is State.FRESH, False)

    def test_each_neighbour_is_captured_once(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """A model of three frames shares them among its results, and sends each once."""
        node = host.add(WINDOW_MODEL)
        make(node, [FIRST, SECOND, THIRD])
        frames = sorted(frame for _, frame, _ in node.captured)
        _same(frames, [float(frame) for frame in range(FIRST, THIRD + 2)])
        _same(
            sorted(server.uploaded), sorted(node.plate(frame) for frame in range(FIRST, THIRD + 2))
        )
        _same([state(node, frame) for frame in (FIRST, SECOND, THIRD)], [State.FRESH] * 3)
        _same(list(node.violations), [])

    def test_a_changed_neighbour_makes_a_result_stale(self, host: ContractHost) -> None:
        """A result depends on every frame that the model saw."""
        node = host.add(WINDOW_MODEL)
        make(node, [SECOND])
        node.change_pixels(THIRD)
        _same(state(node, SECOND), State.STALE)

    def test_one_capture_for_each_slice(self, host: ContractHost) -> None:
        """The host's interface goes on between two; a cook takes what its frame needs."""
        node = host.add(WINDOW_MODEL)
        make(node, [FIRST, SECOND, THIRD])
        _that(
            node.captures_at_once <= node.captures_allowed,
            f"{node.captures_at_once} captures in one slice",
        )

    def test_a_run_is_seen_and_can_be_cancelled(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """The cancel reaches the server; what is finished stays; nobody is told of an error."""
        server.allow(1)
        host.run([FIRST, SECOND, THIRD])
        settle(host, lambda: pixels(host, FIRST) is not None and len(server.submitted) > 1)
        _same(host.session.status.state, State.RUNNING)
        host.cancel()
        settle(host)
        settle(host, lambda: "cancelled" in server.ended)
        _same(host.session.status.state, State.PARTIAL)
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST)))
        _same((state(host, THIRD), pixels(host, THIRD)), (State.EMPTY, None))
        _same(list(host.problems), [])

    def test_a_run_goes_on_where_it_was_cancelled(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """What was finished is not made again."""
        server.allow(1)
        host.run([FIRST, SECOND])
        settle(host, lambda: pixels(host, FIRST) is not None)
        host.cancel()
        settle(host)
        server.allow(None)
        made = server.ended.count("result")
        make(host, [FIRST, SECOND])
        _same(server.ended.count("result") - made, 1)
        _same([state(host, frame) for frame in (FIRST, SECOND)], [State.FRESH] * 2)
        _same(pixels(host, SECOND), result_of(host, SECOND))

    def test_a_live_run_takes_the_place_of_the_earlier_one(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """An artist who turns a knob again sees the newest result, never one of before."""
        make(host, [SECOND])
        server.allow(0)
        jobs = len(server.submitted)
        for strength in (2.0, 3.0):
            host.set_params(strength=strength)
            host.run([FIRST], live=True)
            jobs += 1
            settle(host, lambda: len(server.submitted) >= jobs)  # noqa: B023 - ends in this round
        server.allow(None)
        settle(host)
        _same(pixels(host, FIRST), result_of(host, FIRST, 3.0))
        _same(server.ended.count("result"), 2)
        _same(list(host.problems), [])

    def test_an_error_keeps_the_last_good_result(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """The artist reads what happened and what helps, and still sees the earlier pixels."""
        make(host, [FIRST])
        server.fail(ModelError("The model stumbled.", "Take a smaller frame."))
        make(host, [FIRST], strength=2.0)
        status = host.session.status
        _same((status.state, state(host, FIRST)), (State.ERROR, State.ERROR))
        _that(status.problem is not None, "the status names no problem")
        told = [(problem.code, problem.text, problem.remedy) for problem in host.problems]
        _same(told, [("model", "The model stumbled.", "Take a smaller frame.")])
        _same(pixels(host, FIRST), result_of(host, FIRST))

    def test_an_error_ends_with_the_next_result(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """What has been mended is not shown as broken."""
        server.fail(ModelError("The model stumbled."))
        make(host, [FIRST])
        server.fail(None)
        host.run([FIRST], again=True)
        settle(host)
        _same((host.session.status.state, host.session.status.problem), (State.FRESH, None))

    def test_a_server_that_comes_back_is_gone_on_with(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """A restart in the middle of a range costs nothing that is finished, and no new capture."""
        server.allow(1)
        host.run([FIRST, SECOND, THIRD])
        settle(host, lambda: pixels(host, FIRST) is not None and len(server.submitted) > 1)
        server.restart()
        server.allow(None)
        settle(host)
        _same([state(host, frame) for frame in (FIRST, SECOND, THIRD)], [State.FRESH] * 3)
        _same(pixels(host, THIRD), result_of(host, THIRD))
        _same(len(host.captured), 3)

    def test_a_saved_node_opens_without_a_server(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """What is to be seen and set is in the artist's file and on this disk."""
        make(host, [FIRST])
        identity, expected = host.session.node, result_of(host, FIRST)
        server.stop()
        reopened = host.reopen()
        _same(reopened.session.node, identity)
        _that(reopened.session.manifest is not None, "the manifest is not embedded")
        _same((state(reopened, FIRST), pixels(reopened, FIRST)), (State.FRESH, expected))
        _same([*reopened.captured, *reopened.violations], [])

    def test_opening_asks_nobody(self, host: ContractHost, server: ContractServer) -> None:
        """A farm that opens a hundred scripts at once makes no connection."""
        make(host, [FIRST])
        hellos = server.hellos
        reopened = host.reopen()
        _same((state(reopened, FIRST), reopened.session.status.problem), (State.FRESH, None))
        for _ in range(5):
            reopened.turn()
        _same(server.hellos, hellos)

    def test_a_copy_is_a_node_of_its_own(self, host: ContractHost) -> None:
        """A copy shows what it was copied with, and what it makes leaves the original alone."""
        make(host, [FIRST])
        copy = host.copy()
        _that(copy.session.node != host.session.node, "the copy has the original's identity")
        _same(pixels(copy, FIRST), result_of(host, FIRST))
        make(copy, [FIRST], strength=2.0)
        _same(pixels(copy, FIRST), result_of(copy, FIRST, 2.0))
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST)))

    def test_nodes_share_what_was_computed(
        self, host: ContractHost, server: ContractServer
    ) -> None:
        """Two nodes with the same work, one after the other, ask the server once."""
        make(host, [FIRST])
        other = host.add(host.session.node_state.model)
        make(other, [FIRST])
        _same(pixels(other, FIRST), result_of(host, FIRST))
        _same((len(server.submitted), len(server.uploaded)), (1, 1))

    def test_a_bake_outlives_everything(
        self, host: ContractHost, server: ContractServer, tmp_path: Path
    ) -> None:
        """Baked frames render with no server, no take and no cache."""
        make(host, [FIRST, SECOND])
        host.session.bake([FIRST, SECOND], "sh010", tmp_path.as_posix(), "Node1")
        settle(host)
        host.session.clear()
        server.stop()
        _same((state(host, FIRST), host.session.status.state), (State.BAKED, State.BAKED))
        reopened = host.reopen()
        _same(state(reopened, SECOND), State.BAKED)
        for frame in (FIRST, SECOND):
            _same(pixels(reopened, frame), result_of(host, frame))
        pattern = reopened.session.patterns()["color"]
        _that(pattern.startswith(tmp_path.as_posix()), f"the bake is at {pattern}")

    def test_a_frame_without_result_is_not_baked(self, host: ContractHost, tmp_path: Path) -> None:
        """The artist is told which; nothing else is baked in its place."""
        make(host, [FIRST])
        host.session.bake([FIRST, SECOND], "sh010", tmp_path.as_posix(), "Node1")
        settle(host)
        _that(any(str(SECOND) in problem.text for problem in host.problems), "nobody was told")
        _same(state(host, FIRST), State.FRESH)

    def test_a_result_beside_a_bake_is_not_fresh(self, host: ContractHost, tmp_path: Path) -> None:
        """The node reads its bake: what was made since is seen once it is unbaked."""
        make(host, [FIRST])
        host.session.bake([FIRST], "sh010", tmp_path.as_posix(), "Node1")
        settle(host)
        host.set_params(strength=2.0)
        host.session.run([Moment(float(FIRST)), Moment(float(SECOND))])
        settle(host)
        _same((state(host, FIRST), pixels(host, FIRST)), (State.BAKED, result_of(host, FIRST)))
        _same((state(host, SECOND), pixels(host, SECOND)), (State.EMPTY, None))
        host.session.unbake()
        for frame in (FIRST, SECOND):
            _same(state(host, frame), State.FRESH)
            _same(pixels(host, frame), result_of(host, frame, 2.0))

    def test_an_unbaked_node_reads_its_take_again(self, host: ContractHost, tmp_path: Path) -> None:
        """The baked files stay where they are."""
        make(host, [FIRST])
        host.session.bake([FIRST], "sh010", tmp_path.as_posix(), "Node1")
        settle(host)
        baked = path_of(host.session.patterns()["color"], FIRST)
        host.session.unbake()
        _same((state(host, FIRST), pixels(host, FIRST)), (State.FRESH, result_of(host, FIRST)))
        _same(baked.read_bytes(), result_of(host, FIRST))

    def test_a_deleted_node_is_left_alone(self, host: ContractHost, server: ContractServer) -> None:
        """What was under way ends, and nothing is done to a node that is gone."""
        server.allow(0)
        host.run([FIRST])
        settle(host, lambda: bool(server.submitted))
        other = host.add(host.session.node_state.model)
        host.delete()
        settle(other, lambda: "cancelled" in server.ended)
        server.allow(None)
        make(other, [FIRST])
        _same([*host.violations, *host.problems], [])


def _that(holds: bool, text: str) -> None:
    if not holds:
        raise AssertionError(text)


def _same(found: object, expected: object) -> None:
    _that(found == expected, f"{_short(found)} is not {_short(expected)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 400 else f"{text[:200]} … {text[-150:]}"
