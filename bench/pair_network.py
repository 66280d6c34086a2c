"""Three machines of a pair as network namespaces: a switch between them from which one can be cut, and a way to all.

Nodes, people and mail stay within everybody's reach; what is cut is the way between one side and the two others,
without a word, as by a switch that died.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.namespaces import entering, inside, namespace, run
from center.pair_settings import MACHINES, Machine


@dataclass(frozen=True, slots=True)
class PairNetwork:
    """The address of each machine, and the one under which they reach this process."""

    addresses: Mapping[Machine, str]
    near: str
    spaces: Mapping[Machine, int]
    switch: int

    def through(self, machine: Machine) -> Sequence[str]:
        """Return what starts a command on a machine."""
        return entering(self.spaces[machine])

    def cut(self, machine: Machine) -> None:
        """Let nothing pass between a machine and the two others."""
        inside(self.switch, f"ip link set port-{machine} nomaster")

    def join(self, machine: Machine) -> None:
        """Let everything pass again."""
        inside(self.switch, f"ip link set port-{machine} master switch")


@contextmanager
def pair_network() -> Iterator[PairNetwork]:
    """Lay the ways. Raises OSError where that is not permitted."""
    # RFC 2544 keeps these addresses for measurements.
    number = os.getpid() % 512
    base = f"198.{18 + number // 256}.{number % 256}"
    near = f"{base}.9"
    addresses = {machine: f"{base}.{last}" for last, machine in enumerate(MACHINES, 1)}
    with ExitStack() as stack:
        switch = stack.enter_context(namespace())
        inside(switch, "ip link add name switch type bridge", "ip link set switch up")
        spaces: dict[Machine, int] = {}
        for machine, address in addresses.items():
            space = spaces[machine] = stack.enter_context(namespace())
            outer = f"pair{os.getpid()}.{address[-1]}"
            # The devices vanish with the namespaces that hold their other ends.
            run(f"ip link add {outer} type veth peer name near netns {space}")
            run(f"ip addr add {near}/32 dev {outer}")
            run(f"ip link set {outer} up")
            run(f"ip route add {address}/32 dev {outer} src {near}")
            inside(
                space,
                "ip link set lo up",
                f"ip addr add {address}/32 dev lo",
                "ip link set near up",
                f"ip route add {near}/32 dev near src {address}",
                f"ip link add peers type veth peer name port-{machine} netns {switch}",
                "ip link set peers up",
                *(
                    f"ip route add {other}/32 dev peers src {address}"
                    for other in addresses.values()
                    if other != address
                ),
            )
            inside(switch, f"ip link set port-{machine} up", f"ip link set port-{machine} master switch")
        yield PairNetwork(addresses, near, spaces, switch)
