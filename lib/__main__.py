"""The command line: `python -m lib COMMAND`. Exit status: 0 all well, 1 a figure or a check failed, 2 a wrong call."""

import os
import sys

import click

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
    from lib import parameters
    from lib.render import run

    for notebook in run.figures():
        click.secho(f"{notebook.stem}  {run.heading(notebook)}", bold=True)
        for p in parameters.declared(notebook).values():
            click.echo(f"  {p.name}: {p.type} = {p.default!r}  {p.help}")
            if p.allowed:
                click.echo(f"      allowed: {', '.join(map(str, p.allowed))}")


@main.command()
@click.argument("figures", metavar="[FIGURE ...]", nargs=-1)
@click.option("-p", "--parameter", "pairs", metavar="NAME=VALUE", multiple=True, help="A parameter; may be repeated.")
@click.option("--keep-going", is_flag=True, help="Go on with the other figures when one fails.")
@_data_option
def render(figures: tuple[str], pairs: tuple[str], keep_going: bool) -> None:
    """Render figures, by number or name; all of them where none is named."""
    from lib import parameters
    from lib.render import run

    notebooks = [run.find(word) for word in figures] or run.figures()
    values = dict(_pair(pair) for pair in pairs)
    checked = [(notebook, parameters.check_all(notebook, values)) for notebook in notebooks]
    _require_sound_tables()
    failures = 0
    for place, (notebook, all_values) in enumerate(checked, 1):
        given = {name: all_values[name] for name in values}
        click.echo(f"[{place}/{len(checked)}] {notebook.stem}: rendering", err=True)
        try:
            done = run.render(notebook, given)
        except UserError as error:
            if not keep_going:
                raise
            failures += 1
            click.echo(f"failed: {error}", err=True)
        else:
            click.echo(f"{done.folder}  ({done.seconds:.1f} s)")
    if failures:
        click.echo(f"{failures} of {len(checked)} figures failed.", err=True)
        sys.exit(1)


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
    """Hold every table in data/ to the codebook."""
    from lib import tables

    problems = tables.check()
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"{len(problems)} problems.", err=True)
        sys.exit(1)
    names = tables.table_names()
    click.echo(
        f"{len(names)} tables, {sum(len(tables.load(name)) for name in names):,} rows: all hold to the codebook."
    )


@main.command()
def codebook() -> None:
    """Print the codebook as a page to read."""
    from lib.render.codebook import page

    click.echo(page(), nl=False)


def _require_sound_tables() -> None:
    from lib import tables

    if problems := tables.check():
        raise DataError(problems)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ParameterError(f"-p {text}: write it as name=value, for example -p fiscal_year=2020.")
    return name.strip(), value.strip()


if __name__ == "__main__":
    main(prog_name="python -m lib")
