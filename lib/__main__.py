"""The command line: `python -m lib COMMAND`. Exit status: 0 all well, 1 a figure or a check failed, 2 a wrong call."""

import os
import sys
import time
from pathlib import Path

try:
    import click
except ModuleNotFoundError:  # called by another Python than the one that was set up
    from lib.environment import go_on_there

    go_on_there()

from lib.errors import DataError, ParameterError, UserError


class Commands(click.Group):
    """Turns errors that a user can mend into one sentence and an exit status."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except UserError as error:
            if context.params["debug"]:
                raise
            click.echo(f"{'wrong call' if isinstance(error, ParameterError) else 'failed'}: {error}", err=True)
            context.exit(2 if isinstance(error, ParameterError) else 1)
        except KeyboardInterrupt:
            click.echo("stopped; run again to resume.", err=True)
            context.exit(1)


def _data_option(function):
    def move(context, option, folder):
        if folder:
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
        click.secho(f"{notebook.stem}  {notebooks.heading(notebook)}", bold=True)
        for p in notebooks.declared(notebook).values():
            click.echo(f"  {p.name}: {p.type} = {p.default!r}  {p.help}")
            if p.allowed:
                click.echo(f"      allowed: {', '.join(map(str, p.allowed))}")
    for name, path in parameters.own_cohorts().items():
        click.echo(f"{name}: your own cohort, from {parameters.OWN}/{path.name}")
    for reason in parameters.unread_files().values():
        click.echo(reason, err=True)


def _render_options(function):
    options = (
        click.option(
            "--workers",
            type=click.IntRange(1),
            default=(os.cpu_count() or 1) + 1,  # a notebook often waits for its kernel to answer
            show_default=True,
            help="Notebooks at a time.",
        ),
        click.option(
            "--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop a notebook after S seconds."
        ),
        click.option("--memory", type=click.IntRange(1), metavar="MIB", help="Memory for each kernel (Linux)."),
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
    from lib.render import run
    from lib.render.values import parameter_values

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
    well = _work(jobs, gallery=True, explain=explain or dry_run, dry_run=dry_run, **options)
    for error in broken:
        click.echo(f"failed: {error}", err=True)
    if compare:
        from lib.paths import outputs_dir
        from lib.render.compare import differences

        click.echo(
            "\n".join(differences(compare, outputs_dir())) or f"no figure's data and no claim differs from {compare}"
        )
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
    if scheduler:
        done = sweep.on_cluster(jobs, scheduler, click.echo, **options)
    else:
        done = _work(jobs, gallery=False, explain=False, dry_run=False, keep_going=True, **options)
    click.echo(sweep.gather(jobs, Path(grid).stem))
    if not done:
        sys.exit(1)


def _work(jobs, *, gallery, explain, dry_run, force, keep_going, workers, cold, timeout, memory) -> bool:
    """Render the jobs that need it, with progress on the way; True where all went well."""
    from lib.render import run

    with run.sole_render(lambda text: click.echo(text, err=True)):
        manifest = run.Manifest()
        due = []
        for task in jobs:
            reasons = ["--force"] if force else manifest.why(task)
            if explain:
                click.echo(f"{task.slot}: {'; '.join(reasons) or 'nothing changed'}")
            if reasons:
                due.append(task)
        if len(jobs) > len(due):
            click.echo(f"{len(jobs) - len(due)} of {len(jobs)} unchanged", err=True)
        if dry_run or not (due or (gallery and run.gallery_is_behind())):
            return True
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
        if page:
            click.echo(page)
    for outcome in failed:
        click.echo(f"failed: {outcome.sentence()}", err=True)
    if failed:
        click.echo(f"{len(failed)} of {len(due)} failed.", err=True)
    return not failed


def _progress(total: int):
    """Reports each outcome: a bar with an estimate on a terminal, a line in a log."""
    done = 0
    if sys.stderr.isatty():
        from tqdm import tqdm

        bar = tqdm(total=total, unit="figure", leave=False, disable=not total)
        return lambda outcome: (bar.set_postfix_str(outcome.job.slot), bar.update(), done + 1 == total and bar.close())

    def line(outcome):
        nonlocal done
        done += 1
        state = "failed" if outcome.error else "done"
        now = time.strftime("%H:%M:%S")
        click.echo(f"{now} [{done}/{total}] {outcome.job.slot}: {state} in {outcome.seconds:.1f} s", err=True)

    return line


@main.command()
@_data_option
def claims() -> None:
    """Print each claim as published and as rebuilt; exit 1 where a verdict is not the one on record."""
    from lib.claims import ledger

    _require_sound_tables()
    rows = ledger()
    for _, row in rows.iterrows():
        click.echo(click.style(f"{row['claim_id']:13}{row['verdict']:11}", bold=True) + row["claim"])
        click.echo(f"{'':24}published {row['published_text']}; rebuilt {row['rebuilt'] or 'nothing'} ({row['reason']})")
    changed = rows[rows["verdict"] != rows["verdict_on_record"]]
    for _, row in changed.iterrows():
        click.echo(
            f"{row['claim_id']}: {row['verdict']}, but {row['verdict_on_record']} is on record in data/claims.csv; "
            "find out why, then mend the data or accept the new verdict there.",
            err=True,
        )
    if len(changed):
        sys.exit(1)


@main.command()
@_data_option
def check() -> None:
    """Hold every table in data/ to the codebook, and every file in data/cohorts to what its README asks."""
    from lib import parameters, tables
    from lib.rows import own

    problems = tables.check()
    problems += [] if problems else own.check()  # which looks industries up in the tables
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"{len(problems)} problems.", err=True)
        sys.exit(1)
    names = tables.table_names()
    click.echo(
        f"{len(names)} tables, {sum(len(tables.load(name)) for name in names):,} rows: all hold to the codebook."
    )
    for name in parameters.own_cohorts():
        rows = own.spending(name)
        drawn = parameters.fiscal_years()
        years = ", ".join(f"{year}" if year in drawn else f"{year} (not drawn)" for year in own.years(name))
        click.echo(f"{name}: your own cohort, {rows['company_id'].nunique():,} companies, fiscal {years}.")


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
            click.echo(run.plan(source))
        return
    run.begin(chosen)
    failures = 0
    for source in chosen:
        try:
            run.refresh(source, click.echo)
        except UserError as error:
            failures += 1
            click.echo(f"failed: {error}", err=True)
        except KeyboardInterrupt:
            raise UserError(f"{source.name}: stopped; its data are as they were, and the next run goes on.") from None
    if failures:
        click.echo(f"{failures} of {len(chosen)} sources failed; their figures in data/ are as they were.", err=True)
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
        click.echo(path)


@main.command()
@click.argument("path", metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path), required=False)
@_render_options
def replication(path: Path | None, **options) -> None:
    """Render what has changed, then pack data, code, outputs and a README for a journal's data editor into one zip."""
    from lib import notebooks
    from lib.paths import outputs_dir
    from lib.render import run

    jobs = [run.job(notebook.stem) for notebook in notebooks.figures()]
    if not _work(jobs, gallery=True, explain=False, dry_run=False, keep_going=False, **options):
        sys.exit(1)
    from lib.render.replication import pack

    click.echo(pack(path or outputs_dir() / "replication.zip"))


@main.command()
def codebook() -> None:
    """Print the codebook as a page to read."""
    from lib.render.codebook import page

    click.echo(page(), nl=False)


def _require_sound_tables() -> None:
    from lib import tables

    if problems := tables.check():
        raise DataError(problems)


if __name__ == "__main__":
    main(prog_name="python -m lib")
