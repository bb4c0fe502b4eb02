"""The pages for people: a landing page, and documentation that works without the internet."""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from donebook.settings import Mount

MESSAGE = "Todo API is running"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# Redoc fills an empty style element by script and has a fixed one for its search; it searches in a blob.
REDOC_POLICY = POLICY.replace(
    "style-src 'self'",
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    " 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; worker-src blob:",
)

_FILES = files("donebook.http.documentation") / "assets"
_MEDIA_TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "ico": "image/x-icon",
}
# Placeholder in the templates: file.
_ASSETS = {
    "icon": "icon.svg",
    "style": "style.css",
    "chooser": "chooser.css",
    "swagger_css": "swagger-ui.css",
    "swagger_js": "swagger-ui-bundle.js",
    "swagger_start": "swagger-start.js",
    "redoc_js": "redoc.standalone.js",
    "redoc_start": "redoc-start.js",
}

EVERYTHING = "everything"
"""The page that has all contracts at once."""

Page = Callable[[Request], Awaitable[Response]]
Document = Callable[[str], dict[str, Any]]
"""The OpenAPI document of the contract with this name."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the pages, kept compressed; its path changes with its content, so it is cached for good."""

    path: str
    media_type: str
    compressed: bytes

    async def answer(self, request: Request) -> Response:
        """The file, compressed for every client that can take it."""
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        if _quality(request.headers.get("accept-encoding", ""), "gzip"):
            content = self.compressed
            headers["Content-Encoding"] = "gzip"
        else:
            content = gzip.decompress(self.compressed)
        return Response(content, media_type=self.media_type, headers=headers)


def add_pages(
    app: FastAPI, *, name: str, version: str, contracts: Sequence[Mount], document: Document
) -> None:
    """Serve ``/``, ``/docs``, ``/redoc``, their assets and documents, none of them in the OpenAPI document.

    Each contract has a page and a document of its own; ``/docs`` shows the first, and leads to the others.
    The app itself must be made with ``docs_url=None, redoc_url=None``. Links carry the request's
    ``root_path``, so the pages work below a path of a proxy.
    """
    assets = {placeholder: _asset(file) for placeholder, file in _ASSETS.items()}
    links = {placeholder: asset.path for placeholder, asset in assets.items()}
    links |= {"docs": "/docs", "redoc": "/redoc", "openapi": "/openapi.json", "health": "/health"}
    words = {"name": name, "version": version, "message": MESSAGE}
    names = [*dict.fromkeys(mount.name for mount in contracts), EVERYTHING]

    def page(
        file: str,
        policy: str = POLICY,
        choice: Callable[[str], str] = lambda root: "",
        openapi: str = "",
        contract: str = "",
    ) -> Page:
        template = Template((_FILES / file).read_text("utf-8"))
        shown = links | ({"openapi": openapi} if openapi else {})

        async def show(request: Request) -> Response:
            root = _root(request)
            values = {key: escape(value) for key, value in _below(root, shown, words).items()}
            html = template.substitute(values, contracts=choice(root), contract=contract)
            return HTMLResponse(
                html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
            )

        return show

    landing = page("landing.html", choice=lambda root: "\n".join(_row(root, mount) for mount in contracts))

    async def root(request: Request) -> Response:
        if wants_html(request.headers.get("accept", "")):
            answer = await landing(request)
        else:
            shown = {key: links[key] for key in ("docs", "redoc", "openapi", "health")}
            body = {"message": MESSAGE, "name": name, "version": version}
            mounted = {"contracts": [{"name": mount.name, "path": _claim(mount)} for mount in contracts]}
            answer = JSONResponse(_below(_root(request), shown, body) | mounted)
        answer.headers["Vary"] = "Accept"
        return answer

    app.add_route("/", root, include_in_schema=False)
    for each in names:
        openapi = _document_path(each)
        for kind, policy in (("docs", POLICY), ("redoc", REDOC_POLICY)):
            made = page(f"{kind}.html", policy, partial(_chooser, names, each, f"/{kind}"), openapi, each)
            app.add_route(f"/{kind}/{each}", made, include_in_schema=False)
            if each == names[0]:
                app.add_route(f"/{kind}", made, include_in_schema=False)
        if each != EVERYTHING:
            app.add_route(openapi, _document(document, each), include_in_schema=False)
    for asset in assets.values():
        app.add_route(asset.path, asset.answer, include_in_schema=False)
    app.add_route("/favicon.ico", _favicon, include_in_schema=False)


def _document_path(name: str) -> str:
    return "/openapi.json" if name == EVERYTHING else f"/openapi/{name}.json"


def _document(make: Document, name: str) -> Page:
    """Answers a contract's document, which is made when it is first asked for."""
    kept = cache(lambda: make(name))

    async def show(request: Request) -> Response:
        root = _root(request)
        return JSONResponse(kept() | ({"servers": [{"url": root}]} if root else {}))

    return show


def _chooser(names: Sequence[str], current: str, base: str, root: str) -> str:
    """Links to the page of each contract."""
    return "\n".join(
        f'<a href="{escape(root + base)}/{each}"{_CURRENT if each == current else ""}>{each}</a>'
        for each in names
    )


_CURRENT = ' aria-current="page"'
_ICON = (_FILES / "favicon.ico").read_bytes()


async def _favicon(_: Request) -> Response:
    """The icon where browsers look for it when a page, or JSON, names none."""
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(_ICON, media_type=_MEDIA_TYPES["ico"], headers=headers)


def wants_html(accept: str) -> bool:
    """Whether an ``Accept`` header asks for HTML by name, and no less than for JSON, as browsers do."""
    html = _quality(accept, "text/html")
    return html > 0 and html >= _quality(accept, "application/json")


def _quality(header: str, wanted: str) -> float:
    """The weight (RFC 9110, section 12.4.2) a header gives to exactly this name; 0 if it is not named."""
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name == wanted:
            weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
            try:
                return float(weight)
            except ValueError:
                return 0
    return 0


def _asset(file: str) -> Asset:
    vendored = _FILES / f"{file}.gz"
    stored = (vendored if vendored.is_file() else _FILES / file).read_bytes()
    compressed = stored if vendored.is_file() else gzip.compress(stored, mtime=0)
    stem, _, suffix = file.rpartition(".")
    # Of what is stored, not of what this Python compresses it to: replicas must agree on the path.
    digest = hashlib.sha256(stored).hexdigest()[:12]
    return Asset(f"/docs/assets/{stem}.{digest}.{suffix}", _MEDIA_TYPES[suffix], compressed)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _below(root: str, links: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    return {**words, **{key: root + path for key, path in links.items()}}


def _claim(mount: Mount) -> str:
    return "/" + "/".join(mount.claim)


def _row(root: str, mount: Mount) -> str:
    link = f'<a href="{escape(root)}/docs/{escape(mount.name)}">{escape(mount.name)}</a>'
    return f"<tr><td>{link}</td><td><code>{escape(root + _claim(mount))}</code></td></tr>"
