"""The steps of the Dockerfile, taken in a directory instead of a container.

Every path at which the Dockerfile puts something is put below one directory. Each stage is built at
that same place and then moved away, so that paths written down in one stage hold in the next, as they
do in an image. What a machine's packages would give (the base image) is the machine's own Python.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dockerfile_parse import DockerfileParser
from pathspec import GitIgnoreSpec

from tests.external_tools import find_public_python

ROOT = Path(__file__).parents[2]


class Step(NamedTuple):
    """An instruction and what stands behind it."""

    instruction: str
    value: str


def read_steps(dockerfile: Path) -> list[Step]:
    """The instructions of a Dockerfile, continued lines joined."""
    parser = DockerfileParser(path=str(dockerfile))
    return [
        Step(each["instruction"], each["value"])
        for each in parser.structure
        if each["instruction"] != "COMMENT"
    ]


def context_files(root: Path) -> set[str]:
    """What the build may copy, by .dockerignore; patterns that begin with a slash mean what git means."""
    ignored = GitIgnoreSpec.from_lines((root / ".dockerignore").read_text().splitlines())
    return {path for path in ignored.match_tree_files(root, negate=True) if (root / path).is_file()}


class Image:
    """What the Dockerfile makes, and how it is to be run.

    ``account`` has the arguments of `subprocess` for running as the image's user.
    """

    def __init__(self, directory: Path) -> None:
        self.root = directory / "image"
        self.environment: dict[str, str] = {}
        self.command: list[str] = []
        self.healthcheck: list[str] = []
        self.work = Path("/")
        self.steps = read_steps(ROOT / "Dockerfile")
        self.users = [step.value for step in self.steps if step.instruction == "USER"]
        self.account: dict[str, Any] = {}
        if os.geteuid() == 0:
            user, _, group = self.users[-1].partition(":")
            self.account = {"user": int(user), "group": int(group), "extra_groups": []}
        self._directory = directory
        self._files = sorted(context_files(ROOT))
        self._tops = {"/" + top for step in self.steps for top in self._made_by(step)}
        self._stage = ""

    def build(self) -> None:
        """Take all steps, as the image's user; raises `subprocess.CalledProcessError`."""
        self._give_away(self._directory)
        for step in self.steps:
            take = getattr(self, f"_{step.instruction.lower()}", None)
            if take is not None:
                take(step.value)
        for stage in self._directory.glob("stage-*"):
            shutil.rmtree(stage)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of the image as its user."""
        return subprocess.run(
            [self.program(command[0]), *command[1:]],
            check=False,
            capture_output=True,
            text=True,
            **self.options(),
        )

    def options(self, environment: dict[str, str] | None = None) -> dict[str, Any]:
        """The arguments of `subprocess` for running something in the image."""
        return {"env": self.environment | (environment or {}), "cwd": self._inside(self.work), **self.account}

    def program(self, name: str) -> str:
        """Where the image's PATH has a program."""
        found = shutil.which(name, path=self.environment["PATH"])
        assert found is not None, f"{name} is not on the image's PATH"
        return found

    def _made_by(self, step: Step) -> Iterator[str]:
        if step.instruction in {"WORKDIR", "COPY"}:
            yield from re.findall(r"(?:^|\s)/(\w+)", step.value)

    def _inside(self, path: str | Path) -> str:
        """The text with the image's paths replaced by where they are."""
        tops = "|".join(map(re.escape, sorted(self._tops)))
        return re.sub(rf"(?:{tops})(?=/|:|\s|$)", lambda found: f"{self.root}{found[0]}", str(path))

    def _give_away(self, *paths: Path) -> None:
        if self.account:
            for path in paths:
                os.chown(path, self.account["user"], self.account["group"])

    def _from(self, value: str) -> None:
        if self.root.exists():
            self.root.rename(self._directory / f"stage-{self._stage}")
        self.root.mkdir()
        programs = self._directory / "base"
        if not programs.exists():
            programs.mkdir()
            python = find_public_python()
            assert python is not None
            (programs / "python").symlink_to(python)
        self._give_away(self.root)
        self._stage = value.partition(" AS ")[2]
        self.environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": "/nonexistent", **_index_settings()}
        self.work = Path("/")

    def _arg(self, value: str) -> None:
        name, _, default = value.partition("=")
        self.environment[name] = default

    def _env(self, value: str) -> None:
        for name, text in re.findall(r"(\w+)=(\S+)", value):
            self.environment[name] = self._inside(text).replace("$PATH", self.environment["PATH"])

    def _workdir(self, value: str) -> None:
        self.work = Path(value)
        path = Path(self._inside(value))
        if not path.exists():
            path.mkdir(parents=True)
            self._give_away(path)

    def _run(self, value: str) -> None:
        subprocess.run(["/bin/sh", "-c", self._inside(value)], check=True, **self.options())

    def _copy(self, value: str) -> None:
        words = value.split()
        flags = dict(word[2:].split("=") for word in words if word.startswith("--"))
        *sources, target = (word for word in words if not word.startswith("--"))
        if "from" in flags:
            (source,) = sources
            self._copy_tree(self._directory / f"stage-{flags['from']}{source}", Path(self._inside(target)))
            return
        directory = Path(self._inside(self.work)) / target
        for source in sources:
            chosen = [path for path in self._files if path == source or path.startswith(f"{source}/")]
            assert chosen, f"{source} is not in the build context"
            for path in chosen:
                copy = directory / Path(path).relative_to(source if path != source else Path(path).parent)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, copy)
                self._give_away(copy, copy.parent)

    def _copy_tree(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, symlinks=True)
        if self.account:
            for path in (target, *target.rglob("*")):
                os.chown(path, self.account["user"], self.account["group"], follow_symlinks=False)

    def _cmd(self, value: str) -> None:
        self.command = json.loads(value)

    def _healthcheck(self, value: str) -> None:
        self.healthcheck = json.loads(value.partition("CMD ")[2])


def _index_settings() -> dict[str, str]:
    """Which package index this machine uses, for an account that has no configuration of its own."""
    shown = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT"))}
    for name, value in re.findall(r"^global\.([\w-]+)='(.*)'$", shown, re.MULTILINE):
        settings[f"PIP_{name.upper().replace('-', '_')}"] = value
    return settings
