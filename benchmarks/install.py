"""How long it takes to install the packages into an empty environment, by each of the ways that the Makefile may take.

Writes benchmarks/install.json: wall seconds, with nothing kept from an earlier install. uv has to be on PATH.
"""

import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE.parent / "requirements.lock"


def main() -> None:
    seconds = {}
    for way in ("pip", "pip, without compiling", "uv"):
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            python = str(Path(folder) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
            pip = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir"]
            words = {
                "pip": pip,
                "pip, without compiling": [*pip, "--no-compile"],
                "uv": ["uv", "pip", "install", "--quiet", "--no-cache", "--python", python],
            }[way]
            start = time.perf_counter()
            subprocess.run([*words, "-r", str(LOCK)], check=True)
            seconds[way] = round(time.perf_counter() - start, 1)
            print(way, seconds[way], flush=True)
    (HERE / "install.json").write_text(json.dumps(seconds, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
