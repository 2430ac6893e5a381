"""The wire: messages, their encoding and their version; ``docs/protocol.md`` specifies it."""
