"""How figures cite the sources of the rows that they draw, in the figure's language; the sources are in data/sources.csv."""

import hashlib
from pathlib import Path

import pandas as pd

from lib import tables
from lib.parameters import OWN
from lib.paths import data_dir
from lib.rows import origins
from lib.words import clauses, phrase, say, sentences, term


def source_line(source_ids) -> str:
    """The line that names the sources of the rows with these ids, each once, in the order of first use."""
    used = pd.Series(pd.unique(pd.Series(source_ids).dropna()), dtype="str")
    vintages = pd.unique(used[used.str.startswith("refresh-")].str[-10:])
    mixed = (
        say("Figures of different retrievals: a later restatement may be in some only.") if len(vintages) > 1 else ""
    )
    return sentences(say("Sources: {names}.", names=cite(used)), mixed)


def cite(source_ids) -> str:
    """The sources with these ids as figures cite them, each once, in the order of first use.

    An id like cohorts/my_chips.csv is a user's own file, which no row of sources.csv knows.
    """
    sources = tables.load("sources").set_index("source_id")["cite_as"]
    used = (source for source in source_ids if pd.notna(source))
    words = (supplied(source) if source.startswith(f"{OWN}/") else term(sources[source]) for source in used)
    return clauses(dict.fromkeys(words))


def supplied(file: str) -> str:
    """How a source line cites a user's own file: by its name, and by that of the export that it was made from."""
    found, name = origin(file), Path(file).name
    if not found:
        return say("{file}, supplied by the user", file=name)
    if not found["vendor"]:
        return say("{file}, supplied by the user, made from {export}", file=name, export=found["file"])
    words = phrase("{file}, supplied by the user, made from {export} ({vendor})")
    return say(words, file=name, export=found["file"], vendor=found["vendor"])


def origin(file: str) -> dict:
    """Where the user's file `file`, as cohorts/my_chips.csv, comes from, as in `origins`; {} where that is not known."""
    path = data_dir() / file
    found = origins.read(path)
    if found:
        beside = origins.beside(path)
        tables.note_read({f"{OWN}/{beside.name}": hashlib.sha256(beside.read_bytes()).hexdigest()})
    return found


def cited_in(line: str) -> list[str]:
    """The sources that a line made by `source_line` in this language cites, in its words."""
    before, after = say("Sources: {names}.", names="\n").split("\n")
    return line.removeprefix(before).removesuffix(after).split(clauses(["", ""]))
