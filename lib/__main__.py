"""The command line: `python -m lib COMMAND`. Exit status: 0 all well, 1 a figure or a check failed, 2 a wrong call."""

import contextlib
import math
import os
import signal
import sys
import time
import unicodedata
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  (an older one that calls this is told so)
    sys.exit("failed: Python 3.11 or newer is needed; name one with `make PYTHON=python3.12 figures`.")
from lib.environment import go_on_there, is_elsewhere

if __name__ == "__main__" and is_elsewhere():
    go_on_there()
try:
    import click
except ModuleNotFoundError:  # called by another Python than the one that was set up
    go_on_there()

from lib.errors import DataError, ParameterError, UserError

NOT_SET_UP = (
    "failed: the package {} is not installed for this Python; run `make figures`, or set up what the README says."
)


def visible(text) -> str:
    """A text as a terminal may show it: what would steer the terminal, or turn its line around, is written out."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else f"\\u{ord(c):04x}"
        for c in str(text)
    )


def echo(text, **options) -> None:
    """Print a line; all that this command line prints comes by here."""
    click.secho(visible(text), **options)


def tell(text) -> None:
    """Print a line on progress to standard error; in a log it bears the time."""
    echo(text if sys.stderr.isatty() else f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", err=True)


class Commands(click.Group):
    """Turns errors that a user can mend into one sentence and an exit status."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except UserError as error:
            if context.params["debug"]:
                raise
            echo(f"{'wrong call' if isinstance(error, ParameterError) else 'failed'}: {error}", err=True)
            context.exit(2 if isinstance(error, ParameterError) else 1)
        except OSError as error:  # a disk, a pipe, a limit: what the system says names it best
            if context.params["debug"] or isinstance(error, BrokenPipeError):
                raise
            echo(
                f"failed: {error.filename or 'the system'}: {error.strerror or error}; mend that, then call again.",
                err=True,
            )
            context.exit(1)
        except ModuleNotFoundError as error:
            if context.params["debug"] or (error.name or "lib").split(".")[0] == "lib":
                raise
            echo(NOT_SET_UP.format(error.name), err=True)
            context.exit(1)
        except KeyboardInterrupt:
            echo("stopped; run again to resume.", err=True)
            context.exit(1)


def _data_option(function):
    def move(context, option, folder):
        if folder:
            if not (Path(folder) / "datapackage.json").is_file():
                raise ParameterError(
                    f"--data: {folder} holds no codebook (datapackage.json); give the folder that holds the tables."
                )
            os.environ["FIGURES_DATA"] = folder

    path = click.Path(exists=True, file_okay=False, resolve_path=True)
    return click.option(
        "--data", type=path, callback=move, expose_value=False, help="Read the tables of another folder than data/."
    )(function)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show a traceback where a command fails.")
def main(debug: bool) -> None:
    """Rebuild, test and extend the figures of two articles on China's Little Giants and hard tech."""


@main.command("list")
def list_figures() -> None:
    """Print the figures and their parameters, with type, default, allowed values and help."""
    from lib import notebooks, parameters

    for notebook in notebooks.figures():
        echo(f"{notebook.stem}  {notebooks.heading(notebook)}", bold=True)
        for p in notebooks.declared(notebook).values():
            echo(f"  {p.name}: {p.type} = {p.default!r}  {p.help}")
            if p.allowed:
                echo(f"      allowed: {', '.join(map(str, p.allowed))}")
    for name, path in parameters.own_cohorts().items():
        echo(f"{name}: your own cohort, from {parameters.OWN}/{path.name}")
    for reason in parameters.unread_files().values():
        echo(reason, err=True)


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _finite(context, option, number):
    if number is not None and math.isnan(number):
        raise click.BadParameter("nan is no number of seconds.")
    return number


def _render_options(function):
    options = (
        click.option(
            "--workers",
            type=click.IntRange(1),
            default=cores() + 1,  # a notebook often waits for its kernel to answer
            show_default=True,
            help="Notebooks at a time.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(0, 1_000_000, min_open=True),
            callback=_finite,
            metavar="S",
            help="Stop a notebook after S seconds.",
        ),
        click.option(
            "--memory",
            type=click.IntRange(1, 2**30),
            metavar="MIB",
            help="Memory for each kernel, beside what it shares with the warm process (Linux).",
        ),
        click.option("--cold", is_flag=True, help="Start ordinary kernels, not forks of a warm process."),
        click.option("--force", is_flag=True, help="Render also what is unchanged."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@main.command()
@click.argument("figures", metavar="[FIGURE ...]", nargs=-1)
@click.option("-p", "--parameters", "pairs", metavar="NAME=VALUE", multiple=True, help="A parameter; may be repeated.")
@click.option(
    "-r",
    "--parameters-raw",
    "raw",
    metavar="NAME=TEXT",
    multiple=True,
    help="A parameter as text, whatever it looks like.",
)
@click.option("-y", "--parameters-yaml", "yamls", metavar="YAML", multiple=True, help="Parameters as a YAML mapping.")
@click.option(
    "-f",
    "--parameters-file",
    "files",
    type=click.Path(dir_okay=False),
    multiple=True,
    help="Parameters in a YAML file.",
)
@click.option("--explain", is_flag=True, help="Say for each figure why it is rendered, or that nothing changed.")
@click.option("--dry-run", is_flag=True, help="Say what would be rendered and why; render nothing.")
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="Then say what differs from the outputs folder OLD.",
)
@click.option("--keep-going", is_flag=True, help="Go on with the other figures when one fails.")
@_render_options
@_data_option
def render(figures, pairs, raw, yamls, files, explain, dry_run, compare, **options) -> None:
    """Render figures, by number, name or a notebook's path; all of them where none is named. Then build the gallery."""
    from lib import notebooks
    from lib.paths import outputs_dir
    from lib.render import run
    from lib.render.compare import differences, require_render
    from lib.render.values import parameter_values

    if compare:
        if dry_run:
            raise ParameterError(
                "--compare: nothing is rendered with --dry-run, so nothing is compared; leave one of them out."
            )
        require_render(compare, outputs_dir())
    values = parameter_values(files, yamls, pairs, raw)
    jobs, broken = [], []
    for word in figures or [path.stem for path in notebooks.figures()]:
        try:
            jobs.append(run.job(word, **values))
        except ParameterError:
            raise
        except UserError as error:
            if not options["keep_going"]:
                raise
            broken.append(error)
    well, _ = _work(
        jobs, gallery=any(task.promises_bundle for task in jobs), explain=explain or dry_run, dry_run=dry_run, **options
    )
    for error in broken:
        echo(f"failed: {error}", err=True)
    if compare:
        echo("\n".join(differences(compare, outputs_dir())) or f"no figure's data and no claim differs from {compare}")
    if broken or not well:
        sys.exit(1)


@main.command()
@click.argument("figure")
@click.argument("grid", type=click.Path(dir_okay=False))
@click.option("--scheduler", metavar="TCP", help="Hand the sets to a Dask cluster, for example tcp://10.0.0.5:8786.")
@_render_options
@_data_option
def sweep(figure, grid, scheduler, **options) -> None:
    """Render FIGURE for every set of parameters in the YAML file GRID, and gather the results in one table."""
    from lib import notebooks
    from lib.render import sweep

    jobs = sweep.jobs(notebooks.find(figure), Path(grid))
    echo(f"{len(jobs)} sets of parameters", err=True)
    if scheduler:
        done = sweep.on_cluster(jobs, scheduler, tell, **options)
    else:
        done, jobs = _work(jobs, gallery=False, explain=False, dry_run=False, keep_going=True, **options)
    echo(sweep.gather(jobs, Path(grid).stem, tell))
    if not done:
        sys.exit(1)


def _work(jobs, *, gallery, explain, dry_run, force, keep_going, workers, cold, timeout, memory):
    """Render the jobs that need it, with progress on the way; gives whether all went well, and each job once."""
    from lib.paths import outputs_dir
    from lib.render import run
    from lib.render.manifest import Manifest

    with contextlib.nullcontext() if dry_run else run.sole_render(tell):
        manifest = Manifest()
        if manifest.damage:
            echo(manifest.damage, err=True)
        jobs = run.kept_apart(jobs, manifest)
        due = []
        for task in jobs:
            reasons = ["--force"] if force else manifest.why(task)
            if explain:
                echo(f"{task.folder}: {'; '.join(reasons) or 'nothing changed'}")
            if reasons:
                due.append(task)
        if len(jobs) > len(due):
            echo(f"{len(jobs) - len(due)} of {len(jobs)} unchanged", err=True)
        if dry_run or not (due or (gallery and manifest.gallery_is_behind())):
            return True, jobs
        failed, page = run.work(
            due,
            manifest,
            _progress(len(due)),
            gallery=gallery,
            workers=workers,
            cold=cold,
            timeout=timeout,
            memory=memory,
            keep_going=keep_going,
        )
        for task in due:
            if not task.promises_bundle and task.folder in manifest.whole:
                echo(outputs_dir() / task.folder / task.notebook.name)
        if page:
            echo(page)
    for outcome in failed:
        echo(f"failed: {outcome.sentence()}", err=True)
    if failed:
        echo(f"{len(failed)} of {len(due)} failed.", err=True)
    return not failed, jobs


def _progress(total: int):
    """Reports each outcome: a bar with an estimate on a terminal, a line in a log."""
    done = 0
    if sys.stderr.isatty():
        from tqdm import tqdm

        bar = tqdm(total=total, unit="figure", leave=False, disable=not total)
        return lambda outcome: (
            bar.set_postfix_str(visible(outcome.job.folder)),
            bar.update(),
            done + 1 == total and bar.close(),
        )

    def line(outcome):
        nonlocal done
        done += 1
        state = "failed" if outcome.error else "done"
        tell(f"[{done}/{total}] {outcome.job.folder}: {state} in {outcome.seconds:.1f} s")

    return line


@main.command()
@click.option(
    "--cohort", metavar="NAME", help="Judge the claims on the article's 93 on a cohort of your own; the record stays."
)
@_data_option
def claims(cohort: str | None) -> None:
    """Print each claim as published and as rebuilt; exit 1 where a verdict is not the one on record."""
    from lib.claims import OURS, ledger

    _require_sound_tables()
    if cohort:
        _claims_on(cohort)
        return
    rows = ledger()
    for _, row in rows.iterrows():
        echo(f"{row['claim_id']:13}{row['verdict']:11}", bold=True, nl=False)
        echo(row["claim"])
        said = "a thesis of ours:" if row["article"] == OURS else "published"
        echo(f"{'':24}{said} {row['published_text']}; rebuilt {row['rebuilt'] or 'nothing'} ({row['reason']})")
        if row["decided_by"]:
            echo(f"{'':24}would be decided by {row['decided_by']}")
    changed = rows[rows["verdict"] != rows["verdict_on_record"]]
    for _, row in changed.iterrows():
        echo(
            f"{row['claim_id']}: {row['verdict']}, but {row['verdict_on_record']} is on record in data/claims.csv; "
            "find out why, then mend the data or accept the new verdict there.",
            err=True,
        )
    if len(changed):
        sys.exit(1)


def _claims_on(cohort: str) -> None:
    """Print what a user's own cohort says of the claims on the article's 93, and how much of the 93 it holds."""
    from lib.claims import on_own
    from lib.rows import cohorts

    for reading in on_own.readings(cohort):
        echo(reading.coverage())
    for sentence in on_own.standing(cohort):
        echo(sentence)
    for _, row in on_own.ledger(cohort).iterrows():
        echo(f"{row['claim_id']:13}{row['verdict']:11}", bold=True, nl=False)
        echo(f"read as {row['reading']}")
        echo(f"{'':24}published {row['published_text']}; rebuilt {row['rebuilt'] or 'nothing'} ({row['reason']})")
    echo(cohorts.provenance(cohort))


@main.command()
@_data_option
def check() -> None:
    """Hold every table in data/ to the codebook, and every file in data/cohorts to what its README asks."""
    import pandas as pd

    from lib import parameters, tables
    from lib.rows import own
    from lib.style import signs_missing

    problems = tables.check()
    problems += [] if problems else own.check()  # which looks industries up in the tables
    for problem in problems:
        echo(problem, err=True)
    if problems:
        echo("1 problem." if len(problems) == 1 else f"{len(problems)} problems.", err=True)
        sys.exit(1)
    names = tables.table_names()
    echo(f"{len(names)} tables, {sum(len(tables.load(name)) for name in names):,} rows: all hold to the codebook.")
    for name in parameters.own_cohorts():
        rows = own.spending(name)
        drawn = parameters.fiscal_years()
        years = ", ".join(f"{year}" if year in drawn else f"{year} (not drawn)" for year in own.years(name))
        echo(f"{name}: your own cohort, {rows['company_id'].nunique():,} companies, fiscal {years}.")
        if not rows[["rd_expense_cny", "selling_expense_cny"]].notna().all(axis=1).any():
            echo(f"  No row has both rd and sm, of {len(rows):,}: no figure can draw it before they are filled in.")
        members = own.members(name)
        for company in pd.concat([members["name_en"], members["name_zh"]]).dropna().unique():
            if signs := signs_missing(company):
                words = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in signs)
                echo(f"  {company}: the figures' fonts lack {words}, so that no figure can name it.")


@main.group()
def cohort() -> None:
    """Add a cohort of your own: from a data vendor's export, or as an empty file to fill in."""


@cohort.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="The cohort's name; else the file's.")
@click.option(
    "--unit", help="Unit of the amounts where the file states none: 元, 千元, 万元, 百万元, 亿元, or in English."
)
@click.option("--sheet", help="The sheet to read where several hold something.")
@click.option(
    "--year", type=click.IntRange(1900, 2099), help="The fiscal year to take, needed where the file names none."
)
@click.option("--filed", metavar="first|latest", help="Which of several figures for one year to take.")
@_data_option
def import_cohort(file: Path, **answers) -> None:
    """Read an export of Wind, CSMAR, Choice, iFinD, Tushare, akshare, Compustat or Stata, and write it to data/cohorts.

    What was understood is printed. Where something is not plain nothing is written, and a sentence names the option that
    settles it.
    """
    from lib import parameters, vendor
    from lib.paths import read_bounded
    from lib.vendor.readers import MOST_BYTES

    _require_sound_tables()
    try:
        content = read_bounded(file, MOST_BYTES)
    except OSError as error:
        raise UserError(
            f"{file}: cannot be read ({error.strerror}); see that it is an export that you may read, and that no program holds it."
        ) from error
    found = vendor.take(file.name, content, **answers)
    if found.report:
        echo(found.report)
    if found.problem:
        echo("nothing was written.", err=True)
        raise found.problem
    echo(
        f"written: {parameters.OWN}/{found.path.name}, with its origin beside it; python -m lib render 1 -p cohort={found.cohort}"
    )


@cohort.command("new")
@click.argument("name")
@click.option(
    "--year", type=click.IntRange(1900, 2099), default=2021, show_default=True, help="The fiscal year to fill in."
)
@_data_option
def new_cohort(name: str, year: int) -> None:
    """Write an empty file for a cohort of the project, such as bse93: its companies, to fill in rd, sm and revenue."""
    from lib.paths import data_dir
    from lib.vendor import template

    _require_sound_tables()
    book, table, count = template.create(name, year)
    echo(f"{count:,} companies, fiscal {year}: fill in rd, sm and revenue, in yuan, and leave empty what is not known.")
    echo(f"  {book.relative_to(data_dir().parent)}: to fill in; it is the cohort {book.stem}")
    echo(f"  {table.relative_to(data_dir().parent)}: the same list, to merge with; it is not read")


@main.command()
@click.argument("sources", metavar="[SOURCE ...]", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and fetch nothing.")
@_data_option
def refresh(sources: tuple[str], dry_run: bool) -> None:
    """Fetch newer figures from fx, sec, hk, bse, listed, or all of them, and swap them in where they are sound."""
    from lib.refresh import run

    _require_sound_tables()
    chosen = run.choose(sources)
    if dry_run:
        for source in chosen:
            echo(run.plan(source))
        return
    run.begin(chosen)
    failures = 0
    for source in chosen:
        try:
            run.refresh(source, echo)
        except UserError as error:
            failures += 1
            echo(f"failed: {error}", err=True)
        except KeyboardInterrupt:
            raise UserError(f"{source.name}: stopped; its data are as they were, and the next run goes on.") from None
    if failures:
        echo(f"{failures} of {len(chosen)} sources failed; their figures in data/ are as they were.", err=True)
        sys.exit(1)


@main.command()
@click.option("--to", "kind", type=click.Choice(["dta", "parquet", "csv", "xlsx"]), required=True, help="Kind of file.")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@_data_option
def export(kind: str, folder: Path) -> None:
    """Write every table of data/ to DIR: for Stata (dta), as Parquet, CSV, or Excel workbooks."""
    from lib.bundle.export import write_tables

    _require_sound_tables()
    for path in write_tables(kind, folder):
        echo(path)


@main.command("replication")
@click.argument("path", metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path), required=False)
@_render_options
def replication_package(path: Path | None, **options) -> None:
    """Render what has changed, then pack data, code, outputs and a README for a journal's data editor into one zip."""
    from lib import notebooks
    from lib.paths import outputs_dir
    from lib.render import replication, run

    path = path or outputs_dir() / "replication.zip"
    replication.require_free(path)
    jobs = [run.job(notebook.stem) for notebook in notebooks.figures()]
    well, _ = _work(jobs, gallery=True, explain=False, dry_run=False, keep_going=False, **options)
    if not well:
        sys.exit(1)
    echo(replication.pack(path))


@main.command()
@click.argument("name")
@click.argument("question")
def new(name: str, question: str) -> None:
    """Lay out a figure of your own: NAME such as 11_my_figure, QUESTION in quotes. It renders at once; then make it yours."""
    from lib.render.new import lay_out, left_to_do, shown

    for path in lay_out(name, question):
        echo(f"written: {shown(path)}")
    echo(f"python -m lib render {int(name[:2])} draws it. Left to do:")
    for task in left_to_do(name):
        echo(f"- {task}")


@main.command()
def codebook() -> None:
    """Print the codebook as a page to read."""
    from lib.tables.page import page

    echo(page(), nl=False)


def _require_sound_tables() -> None:
    from lib import tables

    if problems := tables.check():
        raise DataError(problems)


def _ready_for_any_caller() -> None:
    """Let the signals that end a job end it as Ctrl-C does, whatever streams and settings it was started with."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, signal.default_int_handler)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed: what is opened next, here or by a kernel, must not take its number
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
        elif name != "stdin":
            getattr(sys, name).reconfigure(errors="backslashreplace")
    os.environ["MPLBACKEND"] = "agg"  # no window is opened here


if __name__ == "__main__":
    _ready_for_any_caller()
    main(prog_name="python -m lib")
