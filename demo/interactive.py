"""The demo with a person: addresses on the screen, breaking and repairing on request, until Ctrl-C."""

from demo.control import Control
from demo.desk_accounts import OF_160
from demo.processes import DemoError
from demo.stack import OPERATOR, Stack


def run(stack: Stack) -> int:
    """Serve until interrupted."""
    print(_welcome(stack), flush=True)
    control = Control(stack.layout.control_socket, lambda action, name: act(stack, action, name))
    reported: set[str] = set()
    try:
        while True:
            control.serve(0.5)
            for program in stack.unexpected_ends():
                if program.name not in reported:
                    reported.add(program.name)
                    print(f"! {program.name} ended by itself{program.tail()}", flush=True)
    except KeyboardInterrupt:
        print("\n· stopping", flush=True)
        return 0
    finally:
        control.close()


def act(stack: Stack, action: str, name: str) -> str:
    """Do what a second terminal asks for and return what it reads."""
    if action == "break":
        answer = stack.break_(name)
    elif action == "repair":
        answer = stack.repair(name)
    elif action == "status":
        return "\n".join([*_addresses(stack), *_states(stack)])
    else:
        raise DemoError(f'the demo cannot "{action}"')
    print(f"· {answer}", flush=True)
    return answer


def _welcome(stack: Stack) -> str:
    return "\n".join(
        [
            "",
            *_addresses(stack),
            "",
            "  Break something from a second terminal, and watch the console:",
            "    ./run demo break edge-2",
            "    ./run demo repair edge-2",
            f"  The same with {', '.join(name for name in stack.breakable if name != 'edge-2')}.",
            "",
            "  Ctrl-C stops everything.",
        ]
    )


def _addresses(stack: Stack) -> list[str]:
    layout = stack.layout
    rows = [
        ("console", layout.url("desk"), f"user {OPERATOR}, password {stack.password}"),
        ("appeals", f"{layout.url('desk')}/appeals", f"user {OF_160}, the same password"),
        ("Prometheus", layout.url("prometheus"), "eight weeks of history and now"),
        ("Alertmanager", layout.url("alertmanager"), ""),
        ("busy hour", layout.url("busyhour"), "/metrics"),
        *(
            (name.removesuffix(" agent"), layout.url(name), "/metrics")
            for name in stack.programs
            if name.endswith(" agent")
        ),
        ("a channel", f"{layout.url('edge-1 nginx')}/live/qazaqstan/index.m3u8", "plays in VLC or mpv"),
    ]
    return [f"  {name:<13} {address}  {note}".rstrip() for name, address, note in rows]


def _states(stack: Stack) -> list[str]:
    return ["", *(f"  {name:<18} {f'process {p.pid}' if p.pid else 'down'}" for name, p in stack.programs.items())]
