"""What differs between two renders: which figures' data, and which claims."""

import csv
import io
from pathlib import Path

from lib.bundle import folders
from lib.errors import ParameterError
from lib.paths import TABLE, read_bounded
from lib.render.manifest import Manifest
from lib.words import first_few

SHOWN = 3  # folders that one side alone has, by name: there may be hundreds


def require_render(old: Path, new: Path) -> None:
    """Raise ParameterError where the folder `old` holds no manifest of a render, or is the one that is rendered to."""
    if old.resolve() == new.resolve():
        raise ParameterError(f"--compare {old}: this render writes there; compare with a copy of it from before.")
    manifest = Manifest(old)
    if manifest.damage or not manifest.entries:
        raise ParameterError(
            f"--compare {old}: no manifest.json of a render in it; name the outputs folder of an earlier one."
        )


def differences(old: Path, new: Path) -> list[str]:
    """One sentence per difference between two outputs folders; empty where figures' data and claims agree."""
    before, after = (Manifest(folder).entries for folder in (old, new))
    found = []
    for folder in sorted(before.keys() & after.keys()):
        if before[folder].status != after[folder].status:
            found.append(f"{folder}: {before[folder].status} before, {after[folder].status} now")
        elif f"{after[folder].figure}.json" in after[folder].outputs:
            found += [f"{folder}: {words}" for words in _of_bundle(old / folder, new / folder, after[folder].figure)]
    for place, alone in ((old, before.keys() - after.keys()), (new, after.keys() - before.keys())):
        if alone:
            found.append(f"only in {place}: {first_few(sorted(alone), SHOWN)}")
    return found


def _of_bundle(old: Path, new: Path, name: str) -> list[str]:
    if unread := [folder for folder in (old, new) if folders.faults(folder, name)]:
        return [f"its bundle in {' and in '.join(map(str, unread))} is not whole, so it is not compared"]
    records = [folders.record_in(folder, name) for folder in (old, new)]
    found = []
    for number, value in records[1]["headline"].items():
        if (was := records[0]["headline"].get(number)) != value:
            found.append(f"{number} was {was}, is {value}")
    try:
        before, after = (_rows(folder / f"{name}.csv") for folder in (old, new))
        if before != after:
            found.append(
                f"{len(after - before)} plotted rows are new or changed, {len(before - after)} gone or as they were"
            )
    except (ValueError, csv.Error) as error:
        found.append(f"its plotted rows are not compared, as {name}.csv is no table of this project's ({error})")
    claims = [{claim["claim_id"]: claim for claim in record["claims"]} for record in records]
    for claim_id in sorted(claims[0].keys() | claims[1].keys()):
        was, now = (side.get(claim_id, {"verdict": "absent", "rebuilt": ""}) for side in claims)
        if (was["verdict"], was["rebuilt"]) != (now["verdict"], now["rebuilt"]):
            found.append(
                f"claim {claim_id} was {was['verdict']} ({was['rebuilt']}), is {now['verdict']} ({now['rebuilt']})"
            )
    return found


def _rows(path: Path) -> set[tuple[str, ...]]:
    text = read_bounded(path, TABLE).decode("utf-8")
    return set(map(tuple, csv.reader(io.StringIO(text, newline=""))))
