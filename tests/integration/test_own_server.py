"""A host without a server: it starts one of its own, and knows its models afterwards without it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from fakes.waiting import wait_until
from filmgate.config import load_config
from filmgate.digest import digest_text
from filmgate.endpoint import FOLDER_VARIABLE
from filmgate.errors import ConnectionLostError, FilmgateError
from filmgate.host.connection import CONNECTED, NONE
from filmgate.host.hub import Hub

START_S = 50.0


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Return a hub of a user who has configured nothing, in a host that breaks other Pythons."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", "/opt/host/python")
    monkeypatch.setenv("PYTHONPATH", "/opt/host/modules")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/host/libraries")
    environ = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(tmp_path))
    hub = Hub(load_config({"local_python": sys.executable}, environ))
    yield hub
    hub.close()


def test_a_host_starts_a_server_of_its_own_and_keeps_its_models(hub: Hub) -> None:
    """Models, manifests, cards and pictures are there when the server is gone again."""
    before = set(psutil.Process().children(recursive=True))
    started: Future[FilmgateError | None] = Future()
    hub.link.start_local(done=started.set_result)
    assert started.result(START_S) is None
    assert hub.link.state().kind == CONNECTED
    refreshed: Future[FilmgateError | None] = Future()
    hub.catalogue.refresh(refreshed.set_result)
    assert refreshed.result(START_S) is None
    asked, _ = hub.catalogue.resolve("denoise")
    hub.link.stop_local()

    assert hub.link.state().kind == NONE
    denoise = next(model for model in hub.catalogue.models() if model.name == "denoise")
    assert denoise.digest == asked.digest
    card, picture = hub.catalogue.card(denoise), hub.catalogue.picture(denoise)
    assert card is not None
    assert "denoise" in card.lower()
    assert picture is not None
    assert picture.startswith(b"\xff\xd8\xff")
    pinned = f"denoise@{digest_text(denoise.digest)}"
    assert hub.catalogue.resolve(pinned, 0.1)[1].name == "denoise"
    with pytest.raises(ConnectionLostError):
        hub.catalogue.resolve("denoise", 0.1)
    wait_until(
        lambda: set(psutil.Process().children(recursive=True)) <= before, "the server to be gone"
    )
