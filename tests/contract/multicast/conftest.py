"""The clean stream, made once."""

import pytest

from tests.contract.multicast.streams import Packets, make


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Packets:
    """Return the packets of a stream without a fault."""
    return make(tmp_path_factory.mktemp("stream"))
