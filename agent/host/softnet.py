"""Packets that wait at each CPU's queue or are lost there, from /proc/net/softnet_stat, a line a CPU in hexadecimal."""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, integer, lines
from agent.runtime.collector import Collector
from service.metric import Sample
from service.nouns import counted

FEWEST_COLUMNS = 9  # Linux 2.6; 3.11 has eleven
# Since Linux 5.10 (and in kernels it was ported to) the CPU's number: CPUs that are switched off have no line.
CPU_COLUMN = 12
_WHERE = "/proc/net/softnet_stat"


def read(host: Host) -> str:
    return host.text_or_nothing(f"{host.network()}/softnet_stat")


def parse(softnet_stat: str) -> Iterator[Sample]:
    """Yield the drops and the squeezes of every CPU."""
    for line_number, line in enumerate(lines(softnet_stat)):
        columns = line.split()
        if len(columns) < FEWEST_COLUMNS:
            raise ValueError(f"{_WHERE}: {line[:40]!r} has {counted(len(columns), 'column')}")
        cpu = str(integer(columns[CPU_COLUMN], _WHERE, 16) if len(columns) > CPU_COLUMN else line_number)
        yield catalogue.SOFTNET_DROPPED.sample(float(integer(columns[1], _WHERE, 16)), cpu)
        yield catalogue.SOFTNET_SQUEEZED.sample(float(integer(columns[2], _WHERE, 16)), cpu)


COLLECTOR = Collector("softnet", read, parse, (catalogue.SOFTNET_DROPPED, catalogue.SOFTNET_SQUEEZED))
