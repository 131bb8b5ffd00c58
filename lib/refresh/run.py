"""One refresh: fetch to one side, check, show the difference, swap in whole. What fails leaves data/ as it was.

Beside data/ stands .refresh/: a folder of raw answers per source, from which a broken-off run goes on; `staged`, the
tables to be; and `report.md`, the last run's differences.
"""

import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from lib import tables
from lib.environment import install
from lib.errors import DataError, ParameterError, UserError
from lib.paths import data_dir
from lib.refresh import merge, reconcile, sources
from lib.refresh.polite import Nonsense, Session, setting

MOST_LINES = 8  # of each kind of difference on the terminal; the report has all


def choose(names: tuple[str, ...]) -> list[sources.Source]:
    """The sources called `names`, all where none is named; ParameterError for an unknown one."""
    known = sources.sources()
    for name in names:
        if name not in known:
            raise ParameterError(f"there is no source {name}. Sources: {', '.join(known)}.")
    return [source for source in known.values() if not names or source.name in names]


def plan(source: sources.Source) -> str:
    """What a run would fetch, in a sentence."""
    count = len(source.targets())
    total = count * source.requests_each
    kept = len(list((_state() / source.name).glob("*.gz")))
    rate = setting("REFRESH_RATE", 1)
    minutes = max(0, total - kept) / rate / 60
    resumed = f"; {kept:,} answers of a broken-off run are there" if kept else ""
    return (
        f"{source.name}: {count} {'years' if source.name == 'fx' else 'companies'} at {source.url}, fiscal "
        f"{sources.FIRST_YEAR} to the latest, about {total:,} requests, at most {rate:g} a second: some {minutes:.0f} "
        f"minutes{resumed}."
    )


def refresh(source: sources.Source, say: Callable[[str], None]) -> None:
    """Fetch one source and swap its figures in. UserError, with data/ as it was, where that cannot be done."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # akshare draws a bar per company; ours is enough
    try:
        _refresh(source, _state() / source.name, say)
    except OSError as error:
        raise UserError(
            f"{source.name}: cannot write beside {data_dir()} ({error.strerror}); free space, then run again. "
            "data/ is as it was."
        ) from error


def _refresh(source: sources.Source, folder: Path, say: Callable[[str], None]) -> None:
    before = _digests()
    targets = source.targets()
    try:
        rows, failures = _fetch(source, targets, Session(folder))
    except Nonsense as reason:  # the answers that were sound stay, for the next run
        raise UserError(f"{source.name}: refused, data/ is as it was. {reason}") from None
    try:
        change = _judge(source, targets, rows, failures)
    except Nonsense as reason:
        aside = folder.with_name(f"{source.name}-refused")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        raise UserError(f"{source.name}: refused, data/ is as it was. {reason} The answers are in {aside}.") from None
    for sentence in failures:
        change.say("companies without a usable answer, their rows kept as they are", sentence)
    stage = _stage(change) if change.frames else None
    _report(source, change, say)
    if stage:
        if before != _digests():
            raise UserError(f"{source.name}: the tables changed during the run; run again to work on the new ones.")
        swap(stage, list(change.frames))
    _tell_codebook()
    shutil.rmtree(folder)


def _fetch(source: sources.Source, targets: list, session: Session) -> tuple[list[dict], list[str]]:
    """All rows of a source, and one sentence per company without a usable answer."""
    known: dict[str, dict] = {}
    for row in tables.load("spending")[["company_id", "fiscal_year", *sources.AMOUNTS]].to_dict("records"):
        known.setdefault(row["company_id"], {})[int(row["fiscal_year"])] = row
    rows, failures = [], []
    with click.progressbar(targets, label=source.name, show_pos=True, file=sys.stderr) as bar:
        for target in bar:
            session.begin()
            try:
                found = source.fetch(target, session)
                if source.name == "fx":
                    rows += [row | {"retrieved": session.answers[-1]["retrieved"]} for row in found]
                else:
                    rows += reconcile.company(target, found, known.get(target.company_id, {}))
            except Nonsense as reason:
                session.forget()
                failures.append(str(reason))
                reconcile.too_many(len(targets), failures)  # do not go on asking a source that is not well
    return rows, failures


def _judge(source: sources.Source, targets: list, rows: list[dict], failures: list[str]) -> merge.Change:
    reconcile.too_many(len(targets), failures)
    if source.name == "fx":
        return merge.rates(source, rows)
    reconcile.source(source, rows, tables.load("spending"))
    return merge.statements(source, targets, rows)


def _stage(change: merge.Change) -> Path:
    """A folder with all tables as they are to be, which holds to the codebook."""
    stage = _state() / "staged"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    for name in ("datapackage.json", *(f"{name}.csv" for name in tables.table_names())):
        shutil.copy2(data_dir() / name, stage / name)
    for name, frame in change.frames.items():
        with (stage / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            frame.to_csv(file, index=False, lineterminator="\n")
            file.flush()
            os.fsync(file.fileno())
    if problems := tables.check(stage):
        raise DataError(problems)
    return stage


def swap(stage: Path, names: list[str]) -> None:
    """Move the changed tables into data/, spending.csv last.

    Each file is replaced in one step. Sources, companies and vintages only gain rows, which nothing reads until
    spending.csv names them: whenever a run is killed, the figures see the old data whole or the new data whole.
    """
    for name in sorted(names, key=lambda name: name == "spending"):
        (stage / f"{name}.csv").replace(data_dir() / f"{name}.csv")
    shutil.rmtree(stage)


def _report(source: sources.Source, change: merge.Change, say: Callable[[str], None]) -> None:
    for line in change.lines(MOST_LINES) or ["nothing new"]:
        say(f"{source.name}: {line}")
    with (_state() / "report.md").open("a", encoding="utf-8") as file:
        file.write(f"## {source.name}\n\n" + "\n".join(change.lines() or ["nothing new"]) + "\n\n")


def begin(chosen: list[sources.Source]) -> None:
    """Before the first source: the settings are there, the libraries too, and the report is empty."""
    if not importlib.util.find_spec("akshare") or not importlib.util.find_spec("edgar"):
        raise UserError(f"refresh needs akshare and edgartools: {install('-r requirements-refresh.txt')}.")
    if any(source.name == "sec" for source in chosen) and "@" not in os.environ.get("EDGAR_IDENTITY", ""):
        raise ParameterError(
            "sec: the SEC asks every program who is calling; set EDGAR_IDENTITY='Your Name your@address', then call again."
        )
    _state().mkdir(parents=True, exist_ok=True)
    (_state() / "report.md").write_text("# What the refresh changed\n\n", encoding="utf-8")


def _tell_codebook() -> None:
    """CODEBOOK.md again, since it tells how many rows each table has."""
    from lib.tables.page import page

    beside = _state() / "CODEBOOK.md"
    beside.write_text(page(), encoding="utf-8")
    beside.replace(data_dir() / "CODEBOOK.md")


def _digests() -> dict[str, str]:
    return {
        name: hashlib.sha256((data_dir() / f"{name}.csv").read_bytes()).hexdigest() for name in tables.table_names()
    }


def _state() -> Path:
    """Folder of answers and staged tables, beside data/ so that files move between the two in one step."""
    return data_dir().parent / ".refresh"
