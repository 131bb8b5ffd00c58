"""All tables of data/ in another program's form."""

import shutil
from pathlib import Path

import pandas as pd

from lib import tables
from lib.bundle import paper, stata
from lib.environment import install
from lib.errors import UserError
from lib.parameters import OWN
from lib.paths import data_dir, swapped_in


def write_tables(kind: str, folder: Path) -> list[Path]:
    """Write all tables to `folder` as `kind`, "dta", "parquet", "csv" or "xlsx", or none of them; gives the files.

    Raises UserError where a file cannot be written, or what writes Parquet is not there.
    """
    if folder.resolve().is_relative_to((data_dir() / OWN).resolve()):
        raise UserError(f"{folder}: the tables would be cohorts there; name a folder outside data/{OWN}.")
    resources = tables.codebook()["resources"]
    try:
        with swapped_in(folder) as stage:
            for resource in resources:
                name = resource["name"]
                path = stage / f"{name}.{kind}"
                if kind == "csv":  # as they are, so that they hold to the codebook there, too
                    shutil.copyfile(data_dir() / resource["path"], path)
                else:
                    _write(tables.load(name), path, name, resource["title"])
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror or error}); free it, then export again.") from error
    return [folder / f"{resource['name']}.{kind}" for resource in resources]


def _write(rows: pd.DataFrame, path: Path, name: str, title: str) -> None:
    if path.suffix == ".dta":
        stata.write(rows, path, title, name)
    elif path.suffix == ".parquet":
        try:
            rows.to_parquet(path, engine="pyarrow", index=False)
        except ImportError:
            raise UserError(f"Parquet needs a package that is not here: {install('pyarrow')}.") from None
    else:
        paper.workbook(path, {name: paper.rows_with_head(rows)})
