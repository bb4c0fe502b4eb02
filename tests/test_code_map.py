"""The code map in ARCHITECTURE.md has every module, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "donebook"
CODE_MAP = (ROOT / "ARCHITECTURE.md").read_text().partition("## Code map")[2].partition("\n## ")[0]
ENTRIES = {
    entry
    for row in re.findall(r"^\| (`.+?) \|", CODE_MAP, re.MULTILINE)
    for entry in re.findall(r"`([^`]+)`", row)
}
MODULES = {
    path.relative_to(SOURCE).with_suffix("").as_posix()
    for path in SOURCE.rglob("*.py")
    if not path.name.startswith("__")
}


def is_about(entry: str, module: str) -> bool:
    if entry == "contracts/<name>":
        return re.fullmatch(r"contracts/[a-z]+", module) is not None
    return module.startswith(entry) if entry.endswith("/") else module == entry


def test_every_module_is_on_the_map() -> None:
    assert [] == sorted(module for module in MODULES if not any(is_about(entry, module) for entry in ENTRIES))


def test_everything_on_the_map_is_there() -> None:
    assert [] == sorted(
        entry
        for entry in ENTRIES
        if not any(is_about(entry, module) for module in MODULES) and not (ROOT / entry).is_dir()
    )
