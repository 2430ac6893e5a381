"""The wire: messages, their encoding and the protocol's version. ``docs/protocol.md`` specifies it."""
