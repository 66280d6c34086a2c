"""`ott-dashboards`: build, check, compare, publish and export the Grafana dashboards."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from service import progress
from service.program import Exit, missing_extra, parser, run, subcommands
from service.prometheus import PrometheusError
from service.setting_types import time_zone

try:
    from dashboards import build, check, export, known, live
    from dashboards.context import Local
    from dashboards.grafana import Grafana, GrafanaError
    from dashboards.publish import Change, Order, Wanted, diff, publish
    from dashboards.words import LANGUAGES
except ImportError as error:
    if error.name is None or error.name.partition(".")[0] in {"dashboards", "service", "agent", "alerts"}:
        raise
    sys.exit(missing_extra("ott-dashboards", "dashboards", error))

_COMMANDS = (
    ("build", "write the dashboards as JSON; --check only tells whether the files are fresh"),
    ("check", "look for faults in the dashboards and for files that are not fresh"),
    ("verify", "ask a Prometheus every query of every panel and tell which have no data"),
    ("diff", "show what publishing would change; exit status 1 when it would"),
    ("publish", "create or update the data source, the folders and the dashboards in a Grafana"),
    ("export", "write a folder from which a Grafana provisions data source and dashboards by itself"),
)

_EXAMPLES = (
    "ott-dashboards build --output dashboards",
    "ott-dashboards check",
    "ott-dashboards verify --prometheus-url http://127.0.0.1:9090",
    "ott-dashboards diff --url http://127.0.0.1:3000",
    "ott-dashboards publish --url http://127.0.0.1:3000 --language ru",
    "ott-dashboards export provisioned",
)

_SHIPPED = Local()
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = command_line().parse_args(arguments)
    return run(_HANDLERS[options.command], options)


def command_line() -> argparse.ArgumentParser:
    """Return the parser."""
    result = parser("ott-dashboards", "Builds, checks and publishes the Grafana dashboards of ottwatch.", _EXAMPLES)
    commands = subcommands(result, _COMMANDS)
    for name in ("build", "diff", "publish", "export"):
        local = commands[name].add_argument_group("this control centre")
        local.add_argument("--time-zone", type=_zone, default=_SHIPPED.time_zone, help="default: %(default)s")
        local.add_argument(
            "--desk-url", default=_SHIPPED.desk, help="address of the desk's console; default: %(default)s"
        )
    for name in ("diff", "publish", "export"):
        commands[name].add_argument(
            "--prometheus-url",
            default=_SHIPPED.prometheus,
            help="Prometheus as Grafana reaches it; default: %(default)s",
        )
        commands[name].add_argument("--language", choices=[*LANGUAGES, "all"], default="all")
    for name in ("diff", "publish"):
        where = commands[name]
        where.add_argument("--url", default=os.environ.get("GRAFANA_URL"), help="Grafana; default: $GRAFANA_URL")
        where.add_argument("--wait", type=float, default=30.0, metavar="SECONDS", help="for a Grafana that is not up")
        where.add_argument("--no-data-source", action="store_true", help="leave the data source to someone else")
        where.add_argument("--keep-edits", action="store_true", help="leave dashboards that were edited in the browser")
        where.epilog = "The token of a service account is read from GRAFANA_TOKEN."
    asked = commands["verify"]
    asked.add_argument("--prometheus-url", default=_SHIPPED.prometheus, help="default: %(default)s")
    asked.add_argument("--strict", action="store_true", help="a panel without data fails even where that is an answer")
    commands["build"].add_argument("--check", action="store_true")
    commands["build"].add_argument("--output", type=Path, default=build.JSON, metavar="FOLDER")
    commands["export"].add_argument("folder", type=Path)
    return result


def _zone(text: str) -> str:
    try:
        return time_zone(text).key
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _local(options: argparse.Namespace) -> Local:
    prometheus = getattr(options, "prometheus_url", _SHIPPED.prometheus)
    return Local(options.time_zone, options.desk_url.rstrip("/"), prometheus)


def _build(options: argparse.Namespace) -> int:
    wanted = build.files(_local(options))
    if options.check:
        return _faults(build.stale(options.output, wanted))
    return _written(lambda: build.write(options.output, wanted))


def _check(_: argparse.Namespace) -> int:
    metrics = known.metrics()
    faults = [f"{fault}; run ott-dashboards build" for fault in build.stale(build.JSON, build.files(_SHIPPED))]
    for board, language, built in build.everything(_SHIPPED):
        faults += [f"{language}/{board.name}: {fault}" for fault in check.check(built, metrics)]
    return _faults(faults)


def _verify(options: argparse.Namespace) -> int:
    prometheus = live.connect(options.prometheus_url, time.time())
    faults = []
    try:
        for _, _, board in build.everything(_SHIPPED):
            answers = list(live.ask(prometheus, board))
            print(f"{board['uid']}: {len(answers)} queries in {sum(answer.seconds for answer in answers):.2f} s")
            faults += [str(answer) for answer in answers if answer.fails(strict=options.strict)]
    except PrometheusError as error:
        print(error, file=sys.stderr)
        return Exit.FAILED
    finally:
        prometheus.client.close()
    return _faults(faults)


def _faults(faults: list[str]) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    return Exit.FAILED if faults else Exit.FINE


def _wanted(options: argparse.Namespace) -> tuple[Wanted, ...]:
    return tuple(
        Wanted(language, built)
        for _, language, built in build.everything(_local(options))
        if options.language in {language, "all"}
    )


def _with_grafana(options: argparse.Namespace, use: Callable[[Grafana, Order], int]) -> int:
    token = os.environ.get("GRAFANA_TOKEN", "").strip()
    if not options.url or not token:
        missing = "GRAFANA_URL (or --url)" if not options.url else "GRAFANA_TOKEN"
        print(f"{missing} is not set; it tells which Grafana, and as whom", file=sys.stderr)
        return Exit.UNUSABLE
    order = Order(
        _wanted(options),
        _local(options),
        source=not options.no_data_source,
        edits="keep" if options.keep_edits else "replace",
    )
    try:
        grafana = Grafana(options.url, token, patience=options.wait)
    except ValueError as error:
        print(error, file=sys.stderr)
        return Exit.UNUSABLE
    try:
        print(f"Grafana {grafana.version()} at {grafana.url}", file=sys.stderr)
        return use(grafana, order)
    except GrafanaError as error:
        print(error, file=sys.stderr)
        return Exit.FAILED
    finally:
        grafana.close()


def _diff(options: argparse.Namespace) -> int:
    def use(grafana: Grafana, order: Order) -> int:
        changes = [_printed(change) for change in diff(grafana, order)]
        return Exit.FAILED if any(change.action in {"create", "update", "move"} for change in changes) else Exit.FINE

    return _with_grafana(options, use)


def _publish(options: argparse.Namespace) -> int:
    def use(grafana: Grafana, order: Order) -> int:
        done = 0
        try:
            with progress.steps(order.steps, "publish", "steps", _say) as told:
                for change in publish(grafana, order):
                    told(str(change))
                    done += 1
        except (GrafanaError, KeyboardInterrupt) as error:
            if str(error):
                print(error, file=sys.stderr)
            print(f"steps done: {done} of {order.steps}; the same call does the rest", file=sys.stderr)
            return Exit.FAILED if isinstance(error, GrafanaError) else _INTERRUPTED
        return Exit.FINE

    return _with_grafana(options, use)


def _printed(change: Change) -> Change:
    _say(str(change))
    return change


def _say(line: str) -> None:
    print(line, flush=True)


def _export(options: argparse.Namespace) -> int:
    return _written(lambda: export.write(options.folder, _wanted(options), _local(options)))


def _written(write: Callable[[], list[Path]]) -> int:
    try:
        files = write()
    except OSError as error:
        print(f"{error.filename} cannot be written: {error.strerror}; name another folder", file=sys.stderr)
        return Exit.FAILED
    for file in files:
        print(file)
    return Exit.FINE


_HANDLERS: dict[str, Callable[[argparse.Namespace], int]] = {
    "build": _build,
    "check": _check,
    "verify": _verify,
    "diff": _diff,
    "publish": _publish,
    "export": _export,
}


if __name__ == "__main__":
    sys.exit(main())
