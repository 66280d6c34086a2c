"""A site's machine as a network namespace beside those of a pair: an uplink that can be cut, and a way that stays.

The uplink goes to the switch between the pair's machines. The address that viewers reach does not depend on it: each
side of the pair reaches it by a line of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.namespaces import entering, inside, namespace, run
from bench.pair_network import PairNetwork
from deploy.pair.loopback import SIDES

TABLE = 5  # of the ways from the public address


@dataclass(frozen=True, slots=True)
class SiteNetwork:
    """The address of the site's machine, and the one at which its viewers reach it."""

    address: str
    public: str
    space: int
    switch: int

    @property
    def through(self) -> Sequence[str]:
        """Return what starts a command on the machine."""
        return entering(self.space)

    def cut(self) -> None:
        """Let nothing pass through the uplink."""
        inside(self.switch, "ip link set port-site nomaster")

    def join(self) -> None:
        """Let everything pass again."""
        inside(self.switch, "ip link set port-site master switch")


@contextmanager
def site_network(pair: PairNetwork) -> Iterator[SiteNetwork]:
    """Lay the ways. Raises OSError where that is not permitted."""
    base = pair.near.rpartition(".")[0]
    address, public = f"{base}.4", f"{base}.5"
    with ExitStack() as stack:
        space = stack.enter_context(namespace())
        outer = f"site{base.rpartition('.')[2]}.4"
        run(f"ip link add {outer} type veth peer name near netns {space}")
        run(f"ip addr add {pair.near}/32 dev {outer}")
        run(f"ip link set {outer} up")
        run(f"ip route add {address}/32 dev {outer} src {pair.near}")
        inside(
            space,
            "ip link set lo up",
            f"ip addr add {address}/32 dev lo",
            f"ip addr add {public}/32 dev lo",
            "ip link set near up",
            f"ip route add {pair.near}/32 dev near src {address}",
            f"ip link add uplink type veth peer name port-site netns {pair.switch}",
            "ip link set uplink up",
            f"ip rule add from {public} table {TABLE}",
        )
        inside(pair.switch, "ip link set port-site up", "ip link set port-site master switch")
        for side in SIDES:
            centre = pair.addresses[side]
            inside(
                space,
                f"ip route add {centre}/32 dev uplink src {address}",
                f"ip link add public-{side} type veth peer name out netns {pair.spaces[side]}",
                f"ip link set public-{side} up",
                f"ip route add {centre}/32 dev public-{side} table {TABLE}",
            )
            inside(
                pair.spaces[side],
                "ip link set out up",
                f"ip route add {address}/32 dev peers src {centre}",
                f"ip route add {public}/32 dev out src {centre}",
            )
        yield SiteNetwork(address, public, space, pair.switch)
