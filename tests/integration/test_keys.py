"""Keys: who gets in, as whom, and what each role may do; real servers, real CURVE."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq

from fakes.keys import Keyring
from fakes.ledger import Ledger
from fakes.peer import Peer, spec_of
from fakes.plates import negate_exr, negate_tensor
from fakes.service import MIB, Service, wait_idle
from fakes.waiting import wait_until
from filmgate import link as link_module
from filmgate.client import Client
from filmgate.curve import HANDSHAKE, Curve
from filmgate.errors import (
    BusyError,
    ConfigError,
    DeniedError,
    FilmgateError,
    UnknownModelError,
)
from filmgate.job import Options
from filmgate.keys import make_pair
from filmgate.wire.messages import (
    BlobGet,
    CachePurge,
    CachePurged,
    Error,
    Hello,
    JobAccepted,
    JobCancel,
    JobEnded,
    JobQuery,
    JobReady,
    JobRefused,
    JobSubmit,
    ModelsList,
    ModelsPage,
    StatusGet,
    StatusPage,
)

SHOW, OTHER = "film", "tv"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """Return the keys of a small studio."""
    made = Keyring(tmp_path_factory.mktemp("keys"))
    made.authorise("alice", SHOW)
    made.authorise("bob", SHOW, OTHER)
    made.authorise("eve", OTHER, models=["denoise*"])
    made.authorise("tina", SHOW, role="supervisor")
    made.authorise("farm", SHOW, role="farm", artists=["alice"])
    return made


@pytest.fixture(scope="module")
def studio(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server that lets keys in."""
    settings = {**keyring.settings, "audit_log": str(keyring.audit_log), "handshakes_per_s": 500}
    folder = tmp_path_factory.mktemp("studio")
    with Service(folder, job_lease_s=1.0, **settings) as service:
        yield service
        assert "Traceback" not in service.log, service.log[-4000:]


@pytest.fixture
def enter(studio: Service, keyring: Keyring) -> Iterator[Callable[..., Peer]]:
    """Return how a peer with a key connects."""
    peers: list[Peer] = []

    def connect(name: str, hello: bool = True, **identity: Any) -> Peer:
        options = keyring.options(name)
        peers.append(Peer(studio.port, hello, options, **{"user": "", "token": "", **identity}))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.__exit__()


def lines(path: Path) -> list[dict[str, Any]]:
    """Read an audit log."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def turned_away(
    address: str, curve: Curve | None, kind: type[FilmgateError] = DeniedError
) -> FilmgateError:
    """Return why a client is not let in."""
    with Client(address, curve=curve) as client, pytest.raises(kind) as caught:
        client.wait_connected(30)
    return caught.value


# Getting in.


def test_work_passes_through_an_encrypted_connection(
    studio: Service, keyring: Keyring, ledger: Ledger
):
    """With a key an artist's frames come back right, and the server knows the key's name."""
    curve = keyring.curve("alice")
    with studio.client(curve=curve, user="somebody", token="", handoff=False) as client:
        ledger.submit(client, *negate_exr(1))
        ledger.submit(client, *negate_tensor(2, (700, 900, 3)))
        ledger.all_end("result")
        wait_idle(client)
    accepted = [line for line in lines(keyring.audit_log) if line["event"] == "job accepted"]
    assert {(line["key"], line["user"], line["show"]) for line in accepted[:2]} == {
        ("alice", "alice", SHOW)
    }


def test_the_public_key_of_the_server_lets_nobody_in(studio: Service, keyring: Keyring):
    """A key that is in no file of the folder is turned away at once, and written down."""
    error = turned_away(studio.address, keyring.curve("a stranger"))
    assert error.detail[HANDSHAKE] == "unknown key"
    denied = [line for line in lines(keyring.audit_log) if line["event"] == "denied"]
    assert any(line["what"] == "handshake" and line["address"] == "127.0.0.1" for line in denied)


def test_a_client_without_a_key_is_told_to_bring_one(studio: Service):
    """A plain client learns within a handshake that the server wants keys."""
    error = turned_away(studio.address, None)
    assert error.detail[HANDSHAKE] == "no key"
    assert "gateway_key" in error.remedy


def test_silence_names_both_of_its_causes(
    studio: Service, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
):
    """A server that cannot read what was encrypted for another is as silent as a busy one."""
    monkeypatch.setattr(link_module, "BACKOFF_S", (0.01, 0.05))
    alice = keyring.curve("alice")
    wrong = Curve(make_pair().public.encode(), alice.public, alice.secret)
    error = turned_away(studio.address, wrong, BusyError)
    assert error.detail[HANDSHAKE] == "silence"
    assert error.retryable
    assert "busy" in error.text
    assert "gateway_key" in error.text


def test_a_server_that_does_not_encrypt_gets_nothing(server: Service, keyring: Keyring):
    """A client with a key says not even hello to a plain server."""
    error = turned_away(server.address, keyring.curve("alice"))
    assert error.detail[HANDSHAKE] == "plain server"


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("alice", {"show": OTHER}),
        ("eve", {"show": SHOW}),
        ("bob", {}),
        ("farm", {"user": "bob"}),
        ("farm", {"user": "alice", "show": OTHER}),
        ("farm", {}),
    ],
    ids=["show", "other show", "no show of two", "other artist", "farm's show", "no artist"],
)
def test_a_key_opens_only_what_its_file_says(
    enter: Callable[..., Peer], name: str, identity: dict[str, str]
):
    """Another show, another artist or none where there are several is denied."""
    peer = enter(name, hello=False)
    peer.send(Hello((1,), **identity))
    assert peer.expect(Error).code == "denied"
    peer.send(StatusGet())
    assert peer.expect(Error).code == "unknown_session"


def test_an_artist_is_who_his_key_says(enter: Callable[..., Peer]):
    """What a hello claims counts for nothing beside the key."""
    welcome = enter("alice", user="bob", show=SHOW).welcome
    assert (welcome.user, welcome.show) == ("alice", SHOW)
    assert enter("farm", user="alice").welcome.user == "alice"


def test_a_stolen_resume_token_is_worthless(enter: Callable[..., Peer]):
    """A session is resumed under its own key alone, even by one that may speak for its artist."""
    alice = enter("alice")
    token = alice.welcome.resume
    for thief in (enter("bob", show=SHOW, resume=token), enter("farm", user="alice", resume=token)):
        assert not thief.welcome.resumed
        assert thief.welcome.resume != token
    alice.send(StatusGet())
    assert alice.expect(StatusPage)
    assert enter("alice", resume=token).welcome.resumed


# Revoking.


def test_a_revoked_key_ends_its_session_within_seconds(make_service, tmp_path: Path):
    """An open session is told and shut, and the key opens no other; other keys do not notice."""
    keyring = Keyring(tmp_path / "keys")
    keyring.authorise("alice", SHOW)
    keyring.authorise("bob", SHOW)
    log = tmp_path / "audit.jsonl"
    service = make_service(**keyring.settings, audit_log=str(log))
    with (
        service.client(curve=keyring.curve("alice")) as alice,
        service.client(curve=keyring.curve("bob")) as bob,
    ):
        alice.wait_connected()
        bob.wait_connected()
        keyring.revoke("alice")
        with pytest.raises(DeniedError):
            wait_until(lambda: alice.status() is None, "the session to end")
        assert turned_away(service.address, keyring.curve("alice")).detail
        assert bob.status().state == "running"
    assert ("key revoked", "alice") in [(each["event"], each.get("key")) for each in lines(log)]


def test_a_raw_peer_of_a_revoked_key_is_shut(make_service, tmp_path: Path):
    """Whoever does not heed the answer finds his connection closed."""
    keyring = Keyring(tmp_path / "keys")
    keyring.authorise("alice", SHOW)
    service = make_service(**keyring.settings)
    with Peer(service.port, options=keyring.options("alice"), token="") as peer:
        watch = peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        keyring.revoke("alice")
        assert peer.expect(Error).code == "denied"
        assert watch.poll(20_000)
        peer.socket.disable_monitor()
        watch.close(0)


def test_changes_of_a_file_reach_open_sessions(make_service, tmp_path: Path):
    """A show that is taken from a key ends its sessions there; what is added is there at once."""
    keyring = Keyring(tmp_path / "keys")
    keyring.authorise("alice", SHOW, models=["no such model"])
    service = make_service(**keyring.settings)
    options = keyring.options("alice")
    with Peer(service.port, options=options, token="", show=SHOW) as peer:
        keyring.authorise("alice", SHOW, OTHER)
        wait_until(lambda: bool(models(peer)), "the models to be there")
        keyring.authorise("alice", OTHER)
        assert peer.expect(Error).code == "denied"


def models(peer: Peer) -> list[str]:
    """Return the names of the models that a peer is shown."""
    peer.send(ModelsList())
    return [model.name for model in peer.expect(ModelsPage).models]


def test_a_damaged_file_locks_out_its_own_key_alone(make_service, tmp_path: Path):
    """A file that cannot be read lets nobody in and hurts nobody else."""
    keyring = Keyring(tmp_path / "keys")
    keyring.authorise("alice", SHOW)
    keyring.authorise("bob", SHOW)
    (keyring.authorized / "bob.toml").write_text("key = ", encoding="utf-8")
    service = make_service(**keyring.settings)
    with service.client(curve=keyring.curve("alice")) as alice:
        alice.wait_connected()
    assert turned_away(service.address, keyring.curve("bob"))
    assert "lets nobody in" in service.log


# Shows.


def test_shows_are_apart(enter: Callable[..., Peer]):
    """Another show learns of a blob neither by asking for it nor by submitting the same work."""
    work, _ = negate_tensor(77, (600, 600, 3))
    payload = bytes(work.inputs[0].data)
    alice, bob = enter("alice"), enter("bob", show=OTHER)
    job = alice.submit(work)
    alice.expect(JobAccepted)
    alice.put(payload)
    output = alice.expect(JobReady).outputs[0].digest
    for digest in (output, job.refs[0].digest):
        bob.grant(MIB)
        bob.send(BlobGet(digest))
        assert bob.expect(Error).code == "unknown_blob"
    again = bob.submit(work)
    assert [missing.digest for missing in bob.expect(JobAccepted).missing] == [job.refs[0].digest]
    bob.send(JobCancel(again.id))
    bob.expect(JobEnded)
    for message in (JobQuery(job.id), JobCancel(job.id)):
        bob.send(message)
        assert bob.expect(Error).code == "denied"
    bob.send(JobSubmit(job.id, spec_of(job)))
    assert bob.expect(JobRefused).code == "denied"
    alice.send(JobCancel(job.id))
    alice.expect(JobEnded)


def test_an_artist_sees_his_own_queue_and_a_supervisor_the_show(enter: Callable[..., Peer]):
    """Lines of the queue go to whom they concern; the totals are for everybody."""
    alice, bob, elsewhere = enter("alice"), enter("bob", show=SHOW), enter("bob", show=OTHER)
    jobs = []
    for seed, peer in enumerate((alice, bob, elsewhere)):
        jobs.append((peer, peer.submit(negate_tensor(80 + seed, (600, 600, 3))[0])))
        peer.expect(JobAccepted)
    assert users(alice) == [("alice", SHOW)]
    assert users(enter("farm", user="alice")) == [("alice", SHOW)]
    assert users(enter("tina")) == [("alice", SHOW), ("bob", SHOW)]
    assert users(elsewhere) == [("bob", OTHER)]
    for peer, job in jobs:
        peer.send(JobCancel(job.id))
        peer.expect(JobEnded)


def users(peer: Peer) -> list[tuple[str, str]]:
    """Return whose lines a peer is shown."""
    peer.send(StatusGet())
    page = peer.expect(StatusPage)
    assert page.counters["jobs_open"] == 3
    return sorted((user.user, user.show) for user in page.users)


def test_models_may_be_kept_from_a_key(studio: Service, keyring: Keyring, enter):
    """A key that covers some models neither sees nor runs the others."""
    eve = enter("eve")
    assert models(eve)
    assert all(name.startswith("denoise") for name in models(eve))
    eve.submit(negate_tensor(5)[0])
    assert eve.expect(JobRefused).code == "denied"
    with studio.client(curve=keyring.curve("alice")) as alice:
        hidden = next(each for each in alice.models() if each.name == "negate")
    eve.grant(MIB)
    eve.send(BlobGet(hidden.manifest))
    assert eve.expect(Error).code == "unknown_blob"
    with studio.client(curve=keyring.curve("eve")) as client, pytest.raises(UnknownModelError):
        client.manifest("negate")


# Roles.


def test_a_farm_submits_batch_work_only(studio: Service, keyring: Keyring, ledger: Ledger, enter):
    """Interactive work of a farm is refused with what to do; batch work is the artist's."""
    farm = enter("farm", user="alice")
    farm.submit(negate_tensor(6)[0])
    refused = farm.expect(JobRefused)
    assert (refused.code, "batch" in refused.remedy) == ("denied", True)
    with studio.client(curve=keyring.curve("farm"), user="alice") as client:
        work, _ = negate_exr(6)
        assert client.submit(work, Options(priority="batch")).result(30).outputs
    by_farm = [line for line in lines(keyring.audit_log) if line.get("key") == "farm"]
    assert ("job accepted", "alice") in [(line["event"], line.get("user")) for line in by_farm]


def test_only_a_supervisor_purges_and_only_his_show(studio: Service, keyring: Keyring, enter):
    """After a purge the show's inputs are gone; artists, farms and other shows are refused."""
    with studio.client(curve=keyring.curve("alice")) as client:
        work, _ = negate_exr(40)
        client.run(work)
        wait_idle(client)
        assert client.run(work).uploaded_bytes == 0
        for name, identity, show in (
            ("alice", {}, SHOW),
            ("farm", {"user": "alice"}, SHOW),
            ("tina", {}, OTHER),
        ):
            peer = enter(name, **identity)
            peer.send(CachePurge(show))
            assert peer.expect(Error).code == "denied"
        wait_idle(client)
        tina = enter("tina")
        tina.send(CachePurge(SHOW))
        assert tina.expect(CachePurged).blobs > 0
        assert client.run(work).uploaded_bytes > 0
    purges = [line for line in lines(keyring.audit_log) if line["event"] == "purge"]
    assert [(line["key"], line["purged"]) for line in purges] == [("tina", SHOW)]


def test_a_supervisor_ends_a_job_of_his_show(enter: Callable[..., Peer]):
    """He may cancel what others have submitted, and they are told; nobody else may."""
    alice, tina, bob = enter("alice"), enter("tina"), enter("bob", show=SHOW)
    job = alice.submit(negate_tensor(90, (600, 600, 3))[0])
    alice.expect(JobAccepted)
    bob.send(JobCancel(job.id))
    assert bob.expect(Error).code == "denied"
    tina.send(JobCancel(job.id))
    assert alice.expect(JobEnded).outcome == "cancelled"
    assert tina.expect(JobEnded).outcome == "cancelled"


# The audit log and the key's file.


def test_the_audit_log_holds_neither_pixels_nor_parameters(studio: Service, keyring: Keyring):
    """A line says who, what and when, and nothing of the work's content."""
    with studio.client(curve=keyring.curve("alice")) as client:
        client.run(negate_exr(50)[0])
    found = lines(keyring.audit_log)
    assert {"time", "event", "key", "user", "show", "address"} <= set(found[-1])
    allowed = {"job", "model", "priority", "work", "outcome", "code", "what", "text", "public_key"}
    known = {"time", "event", "key", "user", "show", "address", "purged", "blobs", *allowed}
    assert {name for line in found for name in line} <= known
    assert keyring.audit_log.stat().st_mode & 0o077 == 0


def test_a_full_disk_under_the_audit_log_stops_nothing(make_service, ledger: Ledger):
    """Work goes on; the server's own log says that lines are lost."""
    service = make_service(audit_log="/dev/full")
    with service.client() as client:
        ledger.submit(client, *negate_exr(1))
        ledger.all_end("result")
        wait_idle(client)
    ledger.audit(service)
    assert "audit log cannot be written" in service.log


def test_a_server_key_that_others_can_read_is_refused(tmp_path: Path):
    """The server does not start with a secret that is none."""
    keyring = Keyring(tmp_path / "keys")
    keyring.server_key.chmod(0o644)
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", **keyring.settings)
    with pytest.raises(ConfigError, match="other users may read it"):
        service.__enter__()


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_may_write_is_refused(tmp_path: Path, mode: int):
    """Whoever may write there, as one of the group or as anybody, could let himself in."""
    keyring = Keyring(tmp_path / "keys")
    keyring.authorized.chmod(mode)
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", **keyring.settings)
    with pytest.raises(ConfigError, match="chmod go-w"):
        service.__enter__()


# Floods.


def test_a_flood_of_handshakes_is_bounded(make_service, tmp_path: Path):
    """Beyond its share an address's new connections are shut; sessions that are open go on."""
    keyring = Keyring(tmp_path / "keys")
    keyring.authorise("alice", SHOW)
    service = make_service(**keyring.settings, handshakes_per_s=2)
    with service.client(curve=keyring.curve("alice")) as client, ExitStack() as opened:
        client.wait_connected()
        place = ("127.0.0.1", service.port)
        flood = [opened.enter_context(socket.create_connection(place)) for _ in range(60)]
        wait_until(lambda: sum(map(_is_shut, flood)) >= 50, "the flood to be shut")
        assert not all(map(_is_shut, flood))
        assert client.status().state == "running"


def _is_shut(connection: socket.socket) -> bool:
    """Say whether the server has ended a connection; what it said before is passed over."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def test_keys_are_not_shown(keyring: Keyring):
    """What may be printed of a key is its public half."""
    curve = keyring.curve("alice")
    assert curve.secret.decode() not in repr(curve) + repr(keyring.pairs["alice"])
    assert os.stat(keyring.server_key).st_mode & 0o077 == 0  # noqa: PTH116


def test_an_idle_connection_outlives_heartbeats(studio: Service, keyring: Keyring):
    """Heartbeats pass through the encryption: a silent peer with short ones stays connected."""
    options = {**keyring.options("alice"), zmq.HEARTBEAT_IVL: 20, zmq.HEARTBEAT_TIMEOUT: 200}
    with Peer(studio.port, options=options, token="") as peer:
        watch = peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        assert not watch.poll(1000)
        assert peer.silent_but_for(Error)
        peer.socket.disable_monitor()
        watch.close(0)
