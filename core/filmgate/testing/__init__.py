"""What the makers of host adapters test with: a fake host in its three drives, and the contract.

class TestMyHost(HostContract):
    @pytest.fixture
    def server(self): ...
    @pytest.fixture
    def host(self, server, tmp_path): ...
"""

from __future__ import annotations

from filmgate.testing.contract import HostContract
from filmgate.testing.contract_host import SPAN, ContractHost, ContractServer, FakeNode
from filmgate.testing.fake_host import DRIVES, PULL, PUSH, TICK, FakeHost
from filmgate.testing.models import CONTRACT_MODELS, MODEL, PARAMETER, WINDOW_MODEL, echo_of

__all__ = [
    "CONTRACT_MODELS",
    "DRIVES",
    "MODEL",
    "PARAMETER",
    "PULL",
    "PUSH",
    "SPAN",
    "TICK",
    "WINDOW_MODEL",
    "ContractHost",
    "ContractServer",
    "FakeHost",
    "FakeNode",
    "HostContract",
    "echo_of",
]
