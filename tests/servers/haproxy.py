"""HAProxy for the tests, before two replicas."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.servers.daemon import run_daemon

CONFIGURATION = Path(__file__).parents[2] / "deploy/haproxy/haproxy.cfg"


def run_haproxy(replicas: Sequence[int], configuration: str) -> Any:
    """Run it with the text of a file such as deploy/haproxy's; the file's variables are in another before it.

    ``replicas`` are the two ports of this machine that it leads to.
    """

    def configure(directory: Path, port: int) -> Sequence[str]:
        variables = {
            "PROXY_ADDRESS": f"127.0.0.1:{port}",
            "REPLICA_A": f"127.0.0.1:{replicas[0]}",
            "REPLICA_B": f"127.0.0.1:{replicas[1]}",
        }
        lines = [f"    setenv {name} {value}" for name, value in variables.items()]
        (directory / "variables.cfg").write_text("\n".join(["global", *lines, ""]))
        (directory / "haproxy.cfg").write_text(configuration)
        return ["-db", "-f", "variables.cfg", "-f", "haproxy.cfg"]

    return run_daemon("haproxy", configure)
