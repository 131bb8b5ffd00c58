"""outputs/manifest.json: for each folder below outputs what went in, what came out and how it went.

Only what reads as we write it is believed: the rest counts as absent, and is remade.
"""

import hashlib
import json
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from lib import notebooks
from lib.bundle import folders
from lib.errors import UserError
from lib.paths import OWN_FILE, ROOT, outputs_dir, read_bounded, swapped_in
from lib.render import inputs


@dataclass(frozen=True)
class Fault:
    """What went wrong in a run. cell: as counted in the notebook; line: of the cell; name: of a Python error."""

    message: str
    cell: int | None = None
    line: int | None = None
    name: str = ""

    def __str__(self) -> str:
        place = f"cell {self.cell}" if self.cell else ""
        place += f", line {self.line}" if self.cell and self.line else ""
        return ": ".join(part for part in (place, self.name, self.message) if part)


class Entry(BaseModel):
    """A run on record. notebook: a hash of its path; inputs and outputs: hashes by name; rendered: when, in UTC."""

    figure: str
    notebook: str = ""
    parameters: dict[str, Any]
    status: Literal["done", "failed"]
    error: Fault | None
    warnings: list[str]
    inputs: dict[str, str]
    outputs: dict[str, str]
    rendered: str
    seconds: float


class Manifest:
    """The manifest of an outputs folder. damage: what of it is not believed, in a sentence; empty where there is no such."""

    def __init__(self, outputs: Path | None = None):
        self.path = (outputs or outputs_dir()) / "manifest.json"
        self.damage = ""
        self._lock = threading.Lock()
        self._whole: set[str] = set()
        content = self._read()
        self.tables = content.get("tables")
        self.gallery = content.get("gallery")
        self.entries: dict[str, Entry] = {}
        entries = content.get("figures")
        for folder, entry in entries.items() if isinstance(entries, dict) else ():
            try:
                self.entries[folder] = Entry.model_validate(entry)
            except ValidationError:
                self.damage = f"{self.path}: what it says of {folder} is damaged, so it counts as not rendered."

    def _read(self) -> dict:
        try:
            content = json.loads(read_bounded(self.path, OWN_FILE).decode("utf-8"))
            if not isinstance(content, dict):
                raise ValueError("no mapping")
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, RecursionError):
            self.damage = f"{self.path} cannot be read, so nothing counts as rendered."
            return {}
        return content

    def why(self, task) -> list[str]:
        """Why the job must run, in words; empty where its outputs are those of the inputs as they are now."""
        entry = self.entries.get(task.folder)
        if entry is None:
            return ["not rendered yet"]
        if entry.status != "done":
            return ["the last run failed"]
        read = [name.removeprefix("data/") for name in entry.inputs if name.startswith("data/")]
        reasons = inputs.changes(entry.inputs, inputs.of(task.notebook, read))
        if entry.parameters != task.values:
            reasons.append("a default parameter changed")
        if not entry.outputs.keys() >= set(task.files):
            reasons.append("its files are not all on record")
        for file, sha256 in entry.outputs.items():
            found = inputs.file_hash(self.path.parent / task.folder / file)
            if found != sha256:
                reasons.append(f"outputs/{task.folder}/{file} was {'edited' if found else 'deleted'}")
        if not reasons:
            self._whole.add(task.folder)
        return reasons

    @property
    def whole(self) -> dict[str, dict[str, str]]:
        """Hashes, as of this render, of the files of the bundles that were looked at or made in it, by folder."""
        return {folder: self.entries[folder].outputs for folder in self._whole}

    def longest_first(self, jobs: list) -> list:
        """The jobs in the order that leaves no long one to run alone at the end: by their last run, before it by size."""

        def length(task) -> tuple[float, int]:
            entry = self.entries.get(task.folder)
            return entry.seconds if entry else math.inf, task.notebook.stat().st_size

        return sorted(jobs, key=length, reverse=True)

    def record(self, outcome) -> None:
        """Store what became of a job, at once. Raises UserError where the manifest cannot be written."""
        folder = outcome.job.folder
        self.entries[folder] = Entry(
            figure=outcome.job.name,
            notebook=outcome.job.identity,
            parameters=outcome.job.values,
            status="failed" if outcome.error else "done",
            error=outcome.error,
            warnings=outcome.warnings,
            inputs=outcome.inputs,
            outputs=outcome.outputs,
            rendered=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            seconds=round(outcome.seconds, 1),
        )
        if not outcome.error:
            self._whole.add(folder)
        self.save()

    def gallery_is_behind(self) -> bool:
        """Whether the gallery is missing, or was made from other bundles, tables, templates or modules than are there now."""
        return bool(self.entries) and (
            not (self.path.parent / "index.html").exists() or self.gallery != self._gallery_now()
        )

    def gallery_is_built(self) -> None:
        """Store what the gallery was made from."""
        self.gallery = self._gallery_now()
        self.save()

    def _gallery_now(self) -> str:
        room, home = ROOT / "lib" / "render", self.path.parent
        runs = self.entries.items()
        records = (
            folder / f"{notebook.stem}.json"
            for notebook in notebooks.figures()
            for folder in folders.variants(notebook.stem)
            if folder.relative_to(home).as_posix() not in self.entries
        )
        made_from = {
            "by hand": {record.relative_to(home).as_posix(): inputs.file_hash(record) for record in records},
            "bundles": {folder: run.outputs for folder, run in runs if f"{run.figure}.json" in run.outputs},
            "tables": inputs.of_tables(),
            "modules": inputs.of_module(room / "gallery.py"),
            "templates": [inputs.file_hash(path) for path in sorted(room.glob("templates/gallery/*"))],
        }
        return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()

    def save(self) -> None:
        """Write the manifest, whole or not at all; UserError where it cannot be written."""
        content = {
            "tables": self.tables,
            "gallery": self.gallery,
            "figures": {folder: entry.model_dump() for folder, entry in self.entries.items()},
        }
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        with self._lock:
            try:
                with swapped_in(self.path.parent) as stage:
                    (stage / self.path.name).write_text(text, encoding="utf-8")
            except OSError as error:
                raise UserError(f"cannot write {self.path} ({error.strerror}); free it, then render again.") from error
