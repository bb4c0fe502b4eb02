"""Put the scripts of the documentation pages into the package: ``make docs-assets`` (needs npm).

To update one, change its version here, run this, run the tests, look at ``/docs`` and ``/redoc``, commit.
"""

import gzip
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "src" / "donebook" / "http" / "documentation" / "assets"

# Redoc 2, not 3: half the size, and 3 carries code that reports usage to its maker.
PACKAGES = {
    "swagger-ui-dist@5.35.0": {
        "swagger-ui-bundle.js": "swagger-ui-bundle.js",
        "swagger-ui.css": "swagger-ui.css",
        "LICENSE": "swagger-ui.LICENSE.txt",
        "NOTICE": "swagger-ui.NOTICE.txt",
        "swagger-ui-bundle.js.LICENSE.txt": "swagger-ui-bundle.js.LICENSE.txt",
    },
    "redoc@2.5.4": {
        "bundles/redoc.standalone.js": "redoc.standalone.js",
        "LICENSE": "redoc.LICENSE.txt",
        "bundles/redoc.standalone.js.LICENSE.txt": "redoc.standalone.js.LICENSE.txt",
    },
}

# The one picture Redoc fetches from its maker's site. It hides a picture that fails to load.
LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
SOURCE_MAP = re.compile(rb"\n(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+\*/)\s*$")


def main() -> None:
    """Fetch, mend, compress and note where each file came from."""
    origins = {}
    with tempfile.TemporaryDirectory() as directory:
        for package, files in PACKAGES.items():
            archive = fetch(package, Path(directory))
            for source, target in files.items():
                content = mend(read(archive, source), target)
                write(target, content)
                origins[target] = {
                    "package": package,
                    "path": source,
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
    (ASSETS / "origins.json").write_text(json.dumps(origins, indent=2) + "\n")


def fetch(package: str, directory: Path) -> Path:
    """The package's archive, checked by npm against its registry's digest."""
    packed = subprocess.run(  # noqa: S603 - a fixed command with the versions above
        ["npm", "pack", "--json", package],  # noqa: S607 - the npm on the path
        cwd=directory,
        check=True,
        capture_output=True,
    )
    return directory / str(json.loads(packed.stdout)[0]["filename"])


def read(archive: Path, name: str) -> bytes:
    """One file of an npm archive."""
    with tarfile.open(archive) as tar:
        file = tar.extractfile(f"package/{name}")
        if file is None:
            raise FileNotFoundError(name)
        return file.read()


def mend(content: bytes, target: str) -> bytes:
    """Without what would make a browser ask elsewhere."""
    if target == "redoc.standalone.js":
        if content.count(LOGO) != 1:
            raise ValueError("Redoc's logo is no longer where it was; look for what replaced it")
        content = content.replace(LOGO, b"data:,")
    return SOURCE_MAP.sub(b"", content)


def write(target: str, content: bytes) -> None:
    """Compressed if a browser gets it, plain if people read it; untouched if it is the same."""
    if target.endswith(".txt"):
        (ASSETS / target).write_bytes(content)
        return
    file = ASSETS / f"{target}.gz"
    if not file.exists() or gzip.decompress(file.read_bytes()) != content:
        file.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    main()
