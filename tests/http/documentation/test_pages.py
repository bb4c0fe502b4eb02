import gzip
import hashlib
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from donebook.http.documentation.pages import add_pages, wants_html
from donebook.settings import Mount

ASSETS = files("donebook.http.documentation") / "assets"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PAGES = ["/", "/docs", "/redoc", "/docs/enveloped", "/redoc/flat", "/docs/everything"]


def make_app(name: str = "Donebook") -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    contracts = (Mount("flat"), Mount("enveloped", "/enveloped"))
    add_pages(app, name=name, version="1.2.3", contracts=contracts, document=document_of)
    return app


def document_of(contract: str) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": contract}}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(make_app()) as client:
        yield client


def client_of(app: FastAPI, root_path: str = "") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"Accept": BROWSER})


class Page(HTMLParser):
    """What a page makes a browser load, link to and run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.text = ""
        self._tag = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attrs:
            if name in {"href", "src", "data-openapi"}:
                self.addresses.append(str(value))
                if tag in {"link", "script", "img"}:
                    self.loaded.append(str(value))
            elif name == "style" or name.startswith("on"):
                self.inline.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        if self._tag in {"script", "style"} and data.strip():
            self.inline.append(data)
        self.text += data


async def test_a_program_gets_json_at_the_root(client: httpx.AsyncClient) -> None:
    response = await client.get("/", headers={"Accept": "*/*"})
    assert 200 == response.status_code
    assert "application/json" == response.headers["content-type"]
    assert "Accept" == response.headers["vary"]
    assert {
        "message": "Todo API is running",
        "name": "Donebook",
        "version": "1.2.3",
        "docs": "/docs",
        "redoc": "/redoc",
        "openapi": "/openapi.json",
        "health": "/health",
        "contracts": [
            {"name": "flat", "path": "/api/tasks"},
            {"name": "enveloped", "path": "/enveloped/api/{user_id}/tasks"},
        ],
    } == response.json()


async def test_a_browser_gets_a_page_at_the_root_that_links_the_documentation(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/")
    page = Page(response.text)
    assert "text/html; charset=utf-8" == response.headers["content-type"]
    assert "Accept" == response.headers["vary"]
    assert {"/docs", "/redoc", "/openapi.json", "/health"} <= set(page.addresses)
    assert "/enveloped/api/{user_id}/tasks" in page.text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("application/json;q=0.5, text/html", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("text/html;q=nonsense", False),
        ("text/html;q=nan", False),
        ("text/htmlx", False),
    ],
)
def test_html_is_for_those_who_ask_for_it_by_name(accept: str, html: bool) -> None:
    assert html == wants_html(accept)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_asks_nobody_but_this_server(client: httpx.AsyncClient, path: str) -> None:
    page = Page((await client.get(path)).text)
    assert [] == [address for address in page.addresses if not re.match(r"/(?!/)", address)]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_runs_and_styles_nothing_inline(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    policy = response.headers["content-security-policy"]
    assert [] == Page(response.text).inline
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "no-cache" == response.headers["cache-control"]


@pytest.mark.parametrize("path", PAGES)
async def test_everything_a_page_loads_is_served_compressed_and_cached_for_good(
    client: httpx.AsyncClient, path: str
) -> None:
    loaded = Page((await client.get(path)).text).loaded
    assert len(loaded) >= 2
    for address in loaded:
        response = await client.get(address, headers={"Accept-Encoding": "br, gzip"})
        assert 200 == response.status_code
        assert "gzip" == response.headers["content-encoding"]
        assert "Accept-Encoding" == response.headers["vary"]
        assert "public, max-age=31536000, immutable" == response.headers["cache-control"]
        types = {
            "js": "text/javascript; charset=utf-8",
            "css": "text/css; charset=utf-8",
            "svg": "image/svg+xml",
        }
        assert types[address.rpartition(".")[2]] == response.headers["content-type"]


@pytest.mark.parametrize("encoding", ["identity", "br", "gzip;q=0"])
async def test_a_client_that_cannot_decompress_gets_the_same_asset_plain(
    client: httpx.AsyncClient, encoding: str
) -> None:
    for address in Page((await client.get("/docs")).text).loaded:
        compressed = await client.get(address, headers={"Accept-Encoding": "gzip"})
        plain = await client.get(address, headers={"Accept-Encoding": encoding})
        assert "content-encoding" not in plain.headers
        assert compressed.content == plain.content


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc"])
async def test_head_is_answered(client: httpx.AsyncClient, path: str) -> None:
    assert 200 == (await client.head(path)).status_code


async def test_an_unknown_asset_is_not_found(client: httpx.AsyncClient) -> None:
    assert 404 == (await client.get("/docs/assets/../pages.py")).status_code
    assert 404 == (await client.get("/docs/assets/origins.json")).status_code


async def test_the_pages_work_below_a_path_of_a_proxy() -> None:
    async with client_of(make_app(), root_path="/tasks") as client:
        for path in PAGES:
            page = Page((await client.get(f"/tasks{path}")).text)
            assert [] == [address for address in page.addresses if not address.startswith("/tasks/")]
            for address in page.loaded:
                assert 200 == (await client.get(address)).status_code


async def test_the_name_cannot_break_a_page() -> None:
    async with client_of(make_app(name='</title><script>"&$version')) as client:
        for path in PAGES:
            html = (await client.get(path)).text
            assert "&lt;/title&gt;&lt;script&gt;&quot;&amp;$version" in html
            assert [] == Page(html).inline


async def test_the_pages_stay_out_of_the_openapi_document(client: httpx.AsyncClient) -> None:
    assert {} == (await client.get("/openapi.json")).json()["paths"]


def test_vendored_files_are_those_their_origins_tell() -> None:
    origins = json.loads((ASSETS / "origins.json").read_text("utf-8"))
    told = {
        name: hashlib.sha256(
            (ASSETS / name).read_bytes()
            if name.endswith(".txt")
            else gzip.decompress((ASSETS / f"{name}.gz").read_bytes())
        ).hexdigest()
        for name in origins
    }
    vendored = {
        file.name.removesuffix(".gz") for file in ASSETS.iterdir() if file.name.endswith((".gz", ".txt"))
    }
    assert {name: origin["sha256"] for name, origin in origins.items()} == told
    assert vendored == set(origins)


def test_vendored_scripts_do_not_fetch_from_their_makers() -> None:
    redoc = gzip.decompress((ASSETS / "redoc.standalone.js.gz").read_bytes())
    styles = gzip.decompress((ASSETS / "swagger-ui.css.gz").read_bytes())
    assert b"cdn.redoc.ly" not in redoc
    assert b"validatorUrl: null" in (ASSETS / "swagger-start.js").read_bytes()
    assert [] == [
        url for url in re.findall(rb"url\(([^)]{0,9})", styles) if not url.strip(b"\"'").startswith(b"data:")
    ]


@pytest.mark.parametrize("kind", ["docs", "redoc"])
async def test_each_contract_has_a_page_and_each_page_leads_to_the_others(
    client: httpx.AsyncClient, kind: str
) -> None:
    documents = {
        f"/{kind}": "/openapi/flat.json",
        f"/{kind}/flat": "/openapi/flat.json",
        f"/{kind}/enveloped": "/openapi/enveloped.json",
        f"/{kind}/everything": "/openapi.json",
    }
    for path, document in documents.items():
        html = (await client.get(path)).text
        page = Page(html)
        contract = path.removeprefix(f"/{kind}").strip("/") or "flat"
        assert f"<title>{contract} · " in html, "tabs can be told apart"
        assert document in page.addresses
        assert documents.keys() - {f"/{kind}"} <= set(page.addresses)
        assert 200 == (await client.get(document)).status_code
    assert "flat" == (await client.get("/openapi/flat.json")).json()["info"]["title"]
    assert 404 == (await client.get(f"/{kind}/v2")).status_code, "it is not mounted"


async def test_a_document_below_a_path_of_a_proxy_says_where_the_server_is() -> None:
    async with client_of(make_app(), root_path="/tasks") as client:
        document = (await client.get("/tasks/openapi/flat.json")).json()
    assert [{"url": "/tasks"}] == document["servers"]


async def test_the_icon_is_where_browsers_look_for_it_and_is_kept_by_them(client: httpx.AsyncClient) -> None:
    response = await client.get("/favicon.ico")
    assert (200, "image/x-icon") == (response.status_code, response.headers["content-type"])
    assert "public, max-age=86400" == response.headers["cache-control"]
    assert response.content.startswith(b"\0\0\1\0")
    assert len(response.content) < 2000


def test_an_event_stream_is_not_tried_on_the_page_because_it_has_no_end() -> None:
    script = (ASSETS / "swagger-start.js").read_text("utf-8")
    assert "text/event-stream" in script
    assert "allowTryItOutFor" in script
    bundle = gzip.decompress((ASSETS / "swagger-ui-bundle.js.gz").read_bytes())
    assert b"allowTryItOutFor" in bundle, "what is replaced is still there"
