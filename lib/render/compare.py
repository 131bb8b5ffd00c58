"""What differs between two renders: which figures' data, and which claims."""

import csv
import json
from pathlib import Path

from lib.errors import ParameterError


def differences(old: Path, new: Path) -> list[str]:
    """One sentence per difference between two outputs folders; empty where figures' data and claims agree.

    Raises ParameterError where `old` or `new` holds no manifest.
    """
    before, after = _figures(old), _figures(new)
    found = []
    for slot in sorted(before.keys() | after.keys()):
        if slot not in after:
            found.append(f"{slot}: only in {old}")
        elif slot not in before:
            found.append(f"{slot}: only in {new}")
        elif before[slot]["status"] != after[slot]["status"]:
            found.append(f"{slot}: {before[slot]['status']} before, {after[slot]['status']} now")
        elif after[slot]["status"] == "done":
            name = after[slot]["figure"]
            found += [f"{slot}: {words}" for words in _of_bundle(old / slot / name, new / slot / name)]
    return found


def _of_bundle(old: Path, new: Path) -> list[str]:
    if not new.with_suffix(".json").is_file():
        return []
    records = [json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) for path in (old, new)]
    found = []
    for name, value in records[1]["headline"].items():
        if (was := records[0]["headline"].get(name)) != value:
            found.append(f"{name} was {was}, is {value}")
    rows = [
        set(map(tuple, csv.reader(path.with_suffix(".csv").open(encoding="utf-8", newline="")))) for path in (old, new)
    ]
    if rows[0] != rows[1]:
        found.append(
            f"{len(rows[1] - rows[0])} plotted rows are new or changed, {len(rows[0] - rows[1])} gone or as they were"
        )
    claims = [{claim["claim_id"]: claim for claim in record["claims"]} for record in records]
    for claim_id in sorted(claims[0].keys() | claims[1].keys()):
        was, now = (side.get(claim_id, {"verdict": "absent", "rebuilt": ""}) for side in claims)
        if (was["verdict"], was["rebuilt"]) != (now["verdict"], now["rebuilt"]):
            found.append(
                f"claim {claim_id} was {was['verdict']} ({was['rebuilt']}), is {now['verdict']} ({now['rebuilt']})"
            )
    return found


def _figures(folder: Path) -> dict:
    try:
        return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["figures"]
    except (OSError, ValueError, KeyError):
        raise ParameterError(
            f"--compare {folder}: no manifest.json in it; name the outputs folder of an earlier render."
        ) from None
