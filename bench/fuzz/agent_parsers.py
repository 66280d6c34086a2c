"""Coverage-guided fuzzing of the agent's parsers: `python -m bench.fuzz.agent_parsers [--seconds 600] [PARSER…]`.

Any input must give samples or ValueError; anything else stops the run and prints the input. Seeds are the sample
pages and fixtures of the tests. It needs `atheris`, which is no dependency of the project: pip install atheris.
"""

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests/golden/agent_host"
SAMPLES = ROOT / "tests/unit/agent/sources/server/samples"
LARGEST = 16_384
HOST_FILES = {
    "stat": "proc/stat",
    "loadavg": "proc/loadavg",
    "meminfo": "proc/meminfo",
    "vmstat": "proc/vmstat",
    "filefd": "proc/sys/fs/file-nr",
    "diskstats": "proc/diskstats",
    "netdev": "proc/net/dev",
    "softnet": "proc/net/softnet_stat",
    "netstat": "proc/net/netstat",
    "pressure": "proc/pressure/io",
    "mounts": "proc/1/mounts",
}

Parser = Callable[[bytes], Any]
TextParser = Callable[[str], Any]


def module(name: str) -> Any:
    """Import late: atheris must be there to instrument what is imported."""
    return importlib.import_module(f"agent.{name}")


def reading(parser: TextParser) -> Parser:
    """Return a parser of text as one of bytes, read as the collectors read them."""
    return lambda data: parser(data.decode("utf-8", "replace"))


def host_parser(name: str) -> Parser:
    """Return the parser of one file of the host."""
    collector = module(f"host.{'filesystem' if name == 'mounts' else name}")
    if name == "mounts":
        return reading(collector.parse_mounts)
    if name == "pressure":
        return reading(lambda text: list(collector.parse(dict.fromkeys(collector.RESOURCES, text))))
    if name == "netstat":
        return reading(lambda text: list(collector.parse(collector.Read(text, text, text))))
    if name in ("diskstats", "netdev"):
        host = module("host.root").Host()
        return reading(lambda text: list(collector.parse(collector.Read(text, host))))
    return reading(lambda text: list(collector.parse(text)))


def preset_parser(name: str) -> Parser:
    """Return the parser of one vendor's page."""
    preset = module("sources.server.preset")
    loaded = module("sources.presets").load_preset(preset.ServerPreset, "server", name)
    return reading(lambda text: list(preset.parse(loaded, "s", text)))


def subscribers_parser(_: str) -> Parser:
    """Return the parser of a middleware's JSON."""
    collector, settings = module("sources.subscribers.http"), module("sources.subscribers.settings")
    asked = settings.SubscribersSettings("s", url="http://h/", subscribers_path="totals", online_path="now.watching")
    return reading(lambda text: list(collector.parse(collector.Read(text, asked))))


def certificate_parser(_: str) -> Parser:
    """Return the reader of a certificate's expiry."""
    collector = module("sources.certificate.collect")
    return lambda data: list(collector.parse(collector.Presented("portal", data, trusted=False)))


def certificates() -> list[bytes]:
    """Return certificates with both notations of a date (RFC 5280, 4.1.2.5)."""
    from cryptography import x509  # noqa: PLC0415 - of the tests' dependencies
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Operator")])
    made = []
    for year in (2031, 2061):
        begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(year, 1, 1, tzinfo=UTC)
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), year, begin, end)
        made.append(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    return made


def targets() -> dict[str, tuple[Callable[[str], Parser], list[bytes]]]:
    """Return for each parser what makes it and its seeds."""
    found: dict[str, tuple[Callable[[str], Parser], list[bytes]]] = {
        name: (host_parser, [(FIXTURES / file).read_bytes()]) for name, file in HOST_FILES.items()
    }
    for file in sorted((ROOT / "agent/sources/server/presets").glob("*.toml")):
        samples = [*SAMPLES.glob(f"{file.stem}.*"), *SAMPLES.glob(f"{file.stem}-*")]
        found[file.stem] = (preset_parser, [sample.read_bytes() for sample in samples])
    found["subscribers_http"] = (subscribers_parser, [b'{"totals": {"active": 1}, "now": {"watching": 2}}'])
    found["certificate"] = (certificate_parser, certificates())
    return found


def fuzz(name: str, seconds: int, corpus: str) -> None:
    """Fuzz one parser in this process; libFuzzer ends it."""
    import atheris  # noqa: PLC0415 - installed by hand where this runs

    with atheris.instrument_imports(include=["agent", "json", "jmespath", "prometheus_client.parser"]):
        parser = targets()[name][0](name)

    def one(data: bytes) -> None:
        try:
            parser(data)
        except ValueError:
            return

    atheris.Setup(["fuzz", f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-print_final_stats=1", corpus], one)
    atheris.Fuzz()


def results(names: list[str], seconds: int) -> Iterator[dict[str, object]]:
    """Fuzz each parser in a process of its own; yield what it said at the end."""
    for name in names:
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(targets()[name][1]):
                (Path(corpus) / str(number)).write_bytes(seed)
            began = time.monotonic()
            run = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "bench.fuzz.agent_parsers",
                    "--one",
                    name,
                    "--seconds",
                    str(seconds),
                    "--corpus",
                    corpus,
                ],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                cwd=corpus,
                env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            )
        executions = re.search(r"number_of_executed_units: (\d+)", run.stderr)
        yield {
            "parser": name,
            "seconds": round(time.monotonic() - began),
            "executions": int(executions[1]) if executions else 0,
            "clean": run.returncode == 0,
            **({} if run.returncode == 0 else {"said": run.stderr[-2000:]}),
        }


def main() -> int:
    """Fuzz, print one JSON line for each parser."""
    parser = argparse.ArgumentParser("bench.fuzz.agent_parsers", description=__doc__)
    parser.add_argument("parsers", nargs="*", choices=[[], *targets()], metavar="PARSER")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--corpus", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        fuzz(arguments.one, arguments.seconds, arguments.corpus)
    clean = True
    for result in results(arguments.parsers or list(targets()), arguments.seconds):
        print(json.dumps(result), flush=True)
        clean = clean and bool(result["clean"])
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
