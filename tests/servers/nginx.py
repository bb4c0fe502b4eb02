"""nginx for the tests, before one server, with the lines that its users copy for WebSockets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.servers.daemon import run_daemon

# One worker and one idle connection, so that clients do share it.
_CONFIGURATION = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream service {{
        server 127.0.0.1:{upstream};
        keepalive 1;
    }}
    server {{
        listen 127.0.0.1:{port};
        {rules}
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
    }}
}}
"""


def run_nginx(upstream: int, rules: str = "") -> Any:
    """Run it before the server on this port of this machine, with more directives of its own."""

    def configure(directory: Path, port: int) -> Sequence[str]:
        text = _CONFIGURATION.format(upstream=upstream, port=port, rules=rules)
        (directory / "nginx.conf").write_text(text)
        return ["-p", str(directory), "-e", "stderr", "-c", "nginx.conf"]

    return run_daemon("nginx", configure)
