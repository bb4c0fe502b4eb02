"""The secret of a first start, in its file."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from donebook.app import shared_secrets
from donebook.settings import Settings, SettingsMistakes
from donebook.tokens.secret_file import FILE_NAME, SecretUnusable, load_or_make_secret, read_secret

GOOD = "x" * 32


def keep(directory: Path, content: bytes) -> Path:
    path = directory / FILE_NAME
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    assert read_secret(tmp_path) is None
    secret = load_or_make_secret(tmp_path)
    assert len(secret) >= 64
    assert secret == load_or_make_secret(tmp_path) == read_secret(tmp_path)
    assert [FILE_NAME] == [path.name for path in tmp_path.iterdir()]
    assert 0o600 == stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode)


def test_processes_that_start_at_once_agree_on_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        made = set(threads.map(lambda _: load_or_make_secret(tmp_path), range(64)))
    assert 1 == len(made)
    assert [FILE_NAME] == [path.name for path in tmp_path.iterdir()]


def test_it_is_on_the_disk_before_its_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def note(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object) -> object:
            done.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    note("fsync")
    note("link")
    load_or_make_secret(tmp_path)
    assert ["fsync", "link", "fsync"] == done


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"abc\n", "has 3 characters, and needs 32"),
        (b"x" * 31 + b"\n", "has 31 characters, and needs 32"),
        (b"\0" * 65, "has other characters than a secret has"),
        (b"\xff" * 64 + b"\n", "has other characters than a secret has"),
        (b"x" * 40, "is cut short: no line break ends it"),
    ],
)
def test_a_file_that_holds_no_secret_is_one_clear_line(tmp_path: Path, content: bytes, why: str) -> None:
    path = keep(tmp_path, content)
    with pytest.raises(SecretUnusable, match=why):
        load_or_make_secret(tmp_path)
    settings = Settings(database_url=f"sqlite:///{tmp_path}/donebook.db")
    with pytest.raises(SettingsMistakes) as mistakes:
        shared_secrets(settings)
    (line,) = mistakes.value.lines
    assert line.startswith(f"JWT_SECRET: the file {path} {why}; put the secret back from a backup")
    assert content == path.read_bytes()


def test_a_secret_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    path = keep(tmp_path, GOOD.encode() + b"\n")
    path.chmod(0o644)
    assert GOOD == read_secret(tmp_path)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
