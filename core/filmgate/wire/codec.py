"""Messages to and from bytes; decoding is total: any bytes give a message or a typed error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import msgpack

from filmgate.errors import FilmgateError, ProtocolError, RequestError, UnsupportedKindError
from filmgate.wire.fields import COUNT_MAX, LIST_MAX, MAP_MAX, TEXT_MAX, read_fields, write_fields
from filmgate.wire.messages import MESSAGES, Message

HEADER_BYTES_MAX = 65536


@dataclass(frozen=True)
class Envelope:
    """A message with its number and the number of the request that it answers."""

    message: Message
    id: int = 0
    re: Optional[int] = None


def encode(message: Message, id: int = 0, re: Optional[int] = None) -> bytes:
    """Write a header: one msgpack map with ``kind``, ``id``, perhaps ``re``, and the fields.

    Raises:
        ProtocolError: the message is longer than a header may be.
        RequestError: it holds a value that has no encoding, such as a parameter of a foreign type.
    """
    document: dict[str, Any] = {"kind": message.kind, "id": id}
    if re is not None:
        document["re"] = re
    document.update(write_fields(message))
    try:
        header = bytes(msgpack.packb(document, use_bin_type=True))
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(f"A {message.kind} holds what cannot be sent ({error}).") from error
    if len(header) > HEADER_BYTES_MAX:
        raise ProtocolError(f"A {message.kind} message of {len(header)} bytes is too long.")
    return header


def decode(header: bytes) -> Envelope:
    """Read a header.

    Raises:
        UnsupportedKindError: the kind is unknown; ``detail["id"]`` is the request's number.
        UnsupportedFieldError: the work of a job holds a field that nobody here knows.
        ProtocolError: anything else that does not follow the protocol.
    """
    document = unpack(header)
    number, answered = _number(document, "id"), _number(document, "re")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in MESSAGES:
        raise UnsupportedKindError(
            f"No message of kind {str(kind)[:40]!r} is known here.", detail={"id": number or 0}
        )
    try:
        message = read_fields(MESSAGES[kind], document)
    except FilmgateError as error:
        error.detail["id"] = number or 0
        raise
    return Envelope(message, number or 0, answered)


def unpack(content: bytes, size_max: int = HEADER_BYTES_MAX) -> dict[str, Any]:
    """Unpack one msgpack map under limits that hold for hostile bytes.

    Raises:
        ProtocolError: it is too long, too deep, too wide, or not a map with text keys.
    """
    if len(content) > size_max:
        raise ProtocolError(f"A header of {len(content)} bytes is too long.")
    try:
        document = msgpack.unpackb(
            content,
            raw=False,
            strict_map_key=True,
            max_array_len=LIST_MAX,
            max_map_len=MAP_MAX,
            max_str_len=TEXT_MAX,
            max_bin_len=TEXT_MAX,
            max_ext_len=0,
        )
    except (ValueError, RecursionError, msgpack.UnpackException, TypeError) as error:
        raise ProtocolError(f"The header is not sound msgpack: {type(error).__name__}.") from None
    if not isinstance(document, dict):
        raise ProtocolError("The header is not a map.")
    return document  # pyright: ignore[reportUnknownVariableType]


def _number(document: Mapping[str, Any], key: str) -> Optional[int]:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        return None
    return value
