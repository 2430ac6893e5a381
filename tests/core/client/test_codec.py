"""Messages to and from bytes, sound and hostile."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filmgate.errors import (
    FilmgateError,
    ProtocolError,
    RequestError,
    UnsupportedFieldError,
    UnsupportedKindError,
)
from filmgate.wire.codec import HEADER_BYTES_MAX, Envelope, decode, encode, unpack
from filmgate.wire.fields import read_fields
from filmgate.wire.messages import (
    MESSAGES,
    Credit,
    Error,
    JobQuery,
    JobSubmit,
    Message,
    ModelsList,
    StatusPage,
)
from filmgate.wire.records import BlobRef, WorkSpec

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "messages.json"


def revived(value: Any) -> Any:
    """Return what a golden file says, with its bytes as bytes."""
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {key: revived(item) for key, item in value.items()}
    return [revived(item) for item in value] if isinstance(value, list) else value


SAMPLES: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))


def sample(kind: str) -> Message:
    """Return the golden message of a kind, made from the fields that the file names."""
    return read_fields(MESSAGES[kind], revived(SAMPLES[kind]["fields"]))


def test_every_kind_has_golden_bytes() -> None:
    """No message can be added or renamed without its bytes being fixed."""
    assert set(SAMPLES) == set(MESSAGES)


@pytest.mark.parametrize("kind", SAMPLES)
def test_encoding_is_golden(kind: str) -> None:
    """Each message has exactly the golden bytes."""
    golden = SAMPLES[kind]
    assert encode(sample(kind), golden["id"], golden["re"]).hex() == golden["header"]


@pytest.mark.parametrize("kind", SAMPLES)
def test_decoding_is_golden(kind: str) -> None:
    """The golden bytes of each message give its fields back."""
    golden = SAMPLES[kind]
    decoded = decode(bytes.fromhex(golden["header"]))
    assert decoded == Envelope(sample(kind), golden["id"], golden["re"])


@pytest.mark.parametrize("kind", SAMPLES)
def test_unknown_fields_are_ignored(kind: str) -> None:
    """A newer side may say more without being misunderstood."""
    document = msgpack.unpackb(bytes.fromhex(SAMPLES[kind]["header"]))
    document["from_the_future"] = {"a": [1, 2]}
    assert decode(msgpack.packb(document)).message == sample(kind)


@pytest.mark.parametrize("place", ["work", "inputs", "wish"])
def test_unknown_fields_of_work_are_refused(place: str) -> None:
    """A field that might change pixels is never ignored, and the request's number is kept."""
    document = msgpack.unpackb(bytes.fromhex(SAMPLES["job.submit"]["header"]))
    work = document["work"]
    target = {"work": work, "inputs": work["inputs"][0], "wish": work["wish"]}[place]
    target["sharper"] = True
    with pytest.raises(UnsupportedFieldError, match="sharper") as caught:
        decode(msgpack.packb(document))
    assert caught.value.detail["id"] == document["id"]


def test_unknown_kind_keeps_its_number() -> None:
    """A request of an unknown kind can be answered, so that nobody waits for ever."""
    with pytest.raises(UnsupportedKindError) as caught:
        decode(msgpack.packb({"kind": "job.paint", "id": 77}))
    assert caught.value.detail["id"] == 77


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "job.ack", "id": 5},
        {"kind": "job.ack", "id": 5, "job_id": b"short"},
        {"kind": "credit", "id": 5, "size": -1},
    ],
)
def test_unsound_fields_keep_the_number(document: dict[str, Any]) -> None:
    """A request with a missing or wrong field is an error that names it and can be answered."""
    with pytest.raises(ProtocolError, match=r"job_id|size") as caught:
        decode(msgpack.packb(document))
    assert caught.value.detail["id"] == 5


@pytest.mark.parametrize("number", [None, -1, "1", True, 1.0, 2**53])
def test_unsound_numbers_are_none(number: Any) -> None:
    """A number that is none is taken as 0, and an answer to it as no answer."""
    header = msgpack.packb({"kind": "models.list", "id": number, "re": number})
    assert decode(header) == Envelope(ModelsList(), 0, None)


NESTED = b"\x91" * 70 + b"\xc0"
BOMBS = {
    "empty": b"",
    "not a map": msgpack.packb([1, 2]),
    "two values": msgpack.packb({}) + b"\xc0",
    "cut off": bytes.fromhex(SAMPLES["welcome"]["header"])[:-1],
    "too long": msgpack.packb({"kind": "drain", "x": ["y" * 4000] * 17}),
    "wide array": b"\x81\xa1x\xdd\xff\xff\xff\xff",
    "wide map": b"\xdf\xff\xff\xff\xff",
    "long text": b"\x81\xa1x\xdb\xff\xff\xff\xff",
    "long bytes": b"\x81\xa1x\xc6\xff\xff\xff\xff",
    "array of 257": msgpack.packb({"x": [None] * 257}),
    "map of 65": msgpack.packb({str(n): n for n in range(65)}),
    "text of 4097": msgpack.packb({"x": "y" * 4097}),
    "deep": b"\x81\xa1x" + b"\x91" * 60000 + b"\xc0",
    "extension": b"\x81\xa1x\xd4\x05\x00",
    "timestamp": b"\x81\xa1x\xd6\xff\x00\x00\x00\x00",
    "keys that are numbers": msgpack.packb({1: 2}),
    "keys that are lists": b"\x81\x91\x01\x02",
    "no Unicode": b"\x81\xa1x\xa2\xff\xfe",
    "reserved": b"\x81\xa1x\xc1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_unsound_msgpack_is_refused(name: str) -> None:
    """Whatever is not one map within the limits is a protocol error."""
    with pytest.raises(ProtocolError):
        decode(BOMBS[name])


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x81\xa1x" + b"\xdc\x01\x00" * 21000,
        b"\x81\xa1x\xdc\x01\x00" + (b"\xdc\x00\xff" + b"\x90" * 255) * 253,
        b"\x81\xa1x\xdc\x01\x00" + (b"\xdc\x00\xff" + b"\x80" * 255) * 253,
        b"\x81\xa1x" + b"\xdd\x00\x00\x01\x00" * 13000,
    ],
    ids=["nested arrays", "empty arrays", "empty maps", "nested wide arrays"],
)
def test_bombs_take_bounded_memory(bomb: bytes) -> None:
    """A header can make us allocate a few megabytes at most, far from the gigabyte it might ask."""
    assert len(bomb) <= HEADER_BYTES_MAX
    tracemalloc.start()
    try:
        decode(bomb)
    except FilmgateError:
        pass
    finally:
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 32 << 20


@given(st.binary(max_size=300))
@example(NESTED)
def test_decoding_is_total(noise: bytes) -> None:
    """Random bytes are a message or a typed error."""
    try:
        envelope = decode(noise)
    except (ProtocolError, UnsupportedKindError, UnsupportedFieldError):
        return
    assert isinstance(envelope, Envelope)


@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_decoding_mutated_messages_is_total(kind: str, changes: list[tuple[int, int]]) -> None:
    """Golden messages with changed bytes are messages that can be sent again, or typed errors."""
    header = bytearray.fromhex(SAMPLES[kind]["header"])
    for place, value in changes:
        header[place % len(header)] = value
    try:
        envelope = decode(bytes(header))
    except FilmgateError:
        return
    assert decode(encode(envelope.message, envelope.id, envelope.re)) == envelope


@given(
    st.dictionaries(
        st.text(max_size=4),
        st.recursive(st.none() | st.floats() | st.text(max_size=3), st.lists),
        max_size=3,
    )
)
def test_unpacking_any_small_map_gives_it_back(document: dict[str, Any]) -> None:
    """The limits do not touch what is within them."""
    assert repr(unpack(msgpack.packb(document))) == repr(document)


def test_long_messages_are_not_sent() -> None:
    """A message that the other side would refuse is refused here."""
    page = StatusPage("0.1.0", "running", {}, (), (), 0)
    assert decode(encode(page)).message == page
    with pytest.raises(ProtocolError, match=r"error.*too long"):
        encode(Error("internal", "x" * 70000))


@pytest.mark.parametrize(
    "value", [pytest.param(object(), id="object"), {1, 2}, 2**70, "\ud800", complex(1)], ids=repr
)
def test_foreign_values_are_not_sent(value: Any) -> None:
    """A parameter of a foreign type is an error of the request, not of the thread that sends."""
    work = WorkSpec("negate", {"strength": value})
    with pytest.raises(RequestError, match=r"job\.submit"):
        encode(JobSubmit(b"j" * 16, work))


def test_numbers_are_written_as_given() -> None:
    """The envelope carries the number and the answered number beside the fields."""
    document = struct.pack("B", 0x84) + b"\xa4kind\xa6credit\xa2id\x07\xa2re\x03\xa4size\x00"
    assert encode(Credit(0), 7, 3) == document


def test_nested_records_survive() -> None:
    """Inputs keep their order and every field."""
    inputs = (
        BlobRef("color", b"a" * 32, 3, "image/x-exr", 1001.5, "left"),
        BlobRef("albedo", b"b" * 32, 0),
    )
    submit = JobSubmit(b"j" * 16, WorkSpec("denoise", inputs=inputs))
    assert decode(encode(submit)).message == submit
    assert decode(encode(JobQuery(b"q" * 16), 9)).id == 9
