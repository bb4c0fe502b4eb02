"""The image's own install commands, in an empty directory, as the image's own user."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deployment.image import ROOT, Image, context_files, read_steps
from tests.servers.ports import free_port

PATIENCE = 60.0
SECRET = "a secret of forty characters for the image"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # Not pytest's directory, which is closed to other accounts.
    with tempfile.TemporaryDirectory(prefix="donebook-image-", dir="/tmp") as directory:
        built = Image(Path(directory))
        built.build()
        yield built
        _make_writable(built.root)


def _make_writable(root: Path) -> None:
    directories = [root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())]
    for path in directories:
        path.chmod(0o755)


def _freeze(image: Image) -> None:
    """Take away the right to write from everything but the volume, as in a read-only container."""
    volume = image.root / "data"
    for path in (image.root, *image.root.rglob("*")):
        if not path.is_symlink() and not path.is_relative_to(volume):
            path.chmod(path.stat().st_mode & ~0o222)


@pytest.mark.clean_root
def test_the_image_serves_on_the_port_it_is_given_and_stops_when_told(image: Image) -> None:
    _freeze(image)
    port = free_port()
    settings = {"PORT": str(port), "JWT_SECRET": SECRET, "TMPDIR": str(image.root / "data")}
    with subprocess.Popen(
        [image.program(image.command[0]), *image.command[1:]], **image.options(settings)
    ) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                assert server.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server does not become ready"
                time.sleep(0.1)
            healthy = [image.program(image.healthcheck[0]), *image.healthcheck[1:]]
            assert 0 == subprocess.run(healthy, check=False, **image.options(settings)).returncode
            assert 401 == httpx.get(f"{url}/api/v1/tasks").status_code
            assert 200 == httpx.get(f"{url}/docs").status_code
            server.send_signal(signal.SIGTERM)
            assert 0 == server.wait(timeout=PATIENCE)
        finally:
            server.kill()
    unwell = subprocess.run(healthy, capture_output=True, check=False, **image.options(settings))
    assert 0 != unwell.returncode
    assert 0 != (image.root / "data" / "donebook.db").stat().st_uid


@pytest.mark.clean_root
def test_without_a_secret_the_image_says_what_it_lacks(image: Image) -> None:
    told = image.run("donebook", "serve")

    assert 0 != told.returncode
    assert "JWT_SECRET" in told.stderr


@pytest.mark.clean_root
def test_the_image_has_the_packages_that_are_locked_and_the_project(image: Image) -> None:
    listed = image.run("python", "-m", "pip", "freeze", "--all").stdout

    assert "donebook @" in listed
    assert "pytest" not in listed
    assert 0 == image.run("python", "-m", "pip", "check").returncode


def test_nothing_in_the_last_stage_runs_as_root() -> None:
    steps = read_steps(ROOT / "Dockerfile")
    last = max(index for index, step in enumerate(steps) if step.instruction == "FROM")

    assert [] == [step for step in steps[last:] if step.instruction == "RUN"]
    assert ["1000:1000"] == [step.value for step in steps[last:] if step.instruction == "USER"]


def test_every_package_of_the_image_is_checked_by_its_hash_and_none_is_compiled() -> None:
    installs = [
        step.value
        for step in read_steps(ROOT / "Dockerfile")
        if step.instruction == "RUN" and "pip install" in step.value
    ]

    assert 2 == len(installs)
    assert all(
        {"--require-hashes", "--only-binary"} <= set(each.split())
        or {"--no-deps", "--no-build-isolation"} <= set(each.split())
        for each in installs
    )


def test_the_build_context_holds_nothing_but_what_the_image_is_made_of(tmp_path: Path) -> None:
    for name in (".env", "donebook.db", ".donebook-secret", "tests/x.py", ".git/config", "deploy/a.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    wanted = {"pyproject.toml", "README.md", "requirements.txt", "src/donebook/app.py"}
    for name in wanted | {"src/donebook/__pycache__/app.cpython-313.pyc"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text((ROOT / ".dockerignore").read_text())

    assert wanted == context_files(tmp_path)
