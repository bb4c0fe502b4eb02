"""Checks of a server that runs."""

from typing import Any

import httpx

from donebook import __version__
from donebook.cli.doctor.findings import Finding, doubtful, failed, judged, ok

_NAME = "Donebook"


def check_server(url: str) -> list[Finding]:
    """Whether a Donebook answers at the address, is ready, and is of this version."""
    if not url.startswith(("http://", "https://")):
        found = f"{url} cannot be reached (it does not begin with http:// or https://)"
        return [failed("server", found, f"try --url http://{url}")]
    try:
        with httpx.Client(base_url=url, timeout=10, follow_redirects=False) as client:
            landing = client.get("/", headers={"Accept": "application/json"})
            ready = client.get("/health/ready")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        reason = str(problem).partition("\n")[0] or type(problem).__name__
        return [
            failed("server", f"{url} cannot be reached ({reason})", "is it running, and is that its address?")
        ]
    told = _object(landing)
    if told.get("name") != _NAME:
        found = f"{url} answers {landing.status_code} and is no {_NAME}"
        return [failed("server", found, "give the address without a path, unless a proxy puts it below one")]
    version = told.get("version")
    findings = [
        ok("server", f"{url} answers, version {version}")
        if version == __version__
        else doubtful("server", f"{url} runs version {version}, this command is {__version__}")
    ]
    good = ready.status_code == httpx.codes.OK
    found = "ready" if good else f"{ready.status_code}: {_object(ready).get('reason', 'no reason given')}"
    return [*findings, judged("server's database", good=good, found=found)]


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
