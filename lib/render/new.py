"""Lay out a new figure: a small one that renders at once, to be turned into the figure that is meant."""

import json
import keyword
import re
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment, PackageLoader, StrictUndefined

from lib import figures, notebooks
from lib.errors import ParameterError, UserError
from lib.paths import ROOT, notebooks_dir
from lib.words import LOCALE, catalogue

TEMPLATES = "templates/new"
NAME = re.compile(r"(?P<number>0[1-9]|[1-9][0-9])_(?P<stem>[a-z][a-z0-9_]{2,39})")
#: What a question may not hold: it stands in a heading, a table and a docstring.
UNFIT = re.compile(r'["\\|`<>{}$*]|[^ \S]|[\x00-\x1f\x7f\ud800-\udfff]')
README = ROOT / "README.md"
#: A row of README's list: number, name, question, and what else it says of the figure. A row of the start page's.
README_ROW = re.compile(r"^\| \d+ \| `(?P<name>\w+)` \| [^|]+ \|(?P<rest>.*)\n", re.MULTILINE)
START_ROW = re.compile(r"^\| \[\w+\]\(\w+\.ipynb\) \| [^|]+ \|\n", re.MULTILINE)


def lay_out(name: str, question: str) -> list[Path]:
    """Write the files of the figure `name`, such as 11_my_figure, and list it; gives the files written or added to.

    Raises ParameterError, and writes nothing, for a name or number that is malformed or taken and for a question that
    cannot stand in a heading.
    """
    number, stem = _parts(name)
    if not 8 <= len(question) <= 100 or UNFIT.search(question) or question != question.strip():
        raise ParameterError(
            "the question must be one line of 8 to 100 characters, without quotation marks, bars, brackets or other signs "
            f"that a heading or a table reads as its own; not {question!r}."
        )
    loader = PackageLoader("lib.render", TEMPLATES)
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    words = {"name": name, "number": number, "stem": stem, "question": question}
    texts = {
        path: environment.get_template(template).render(words)
        for template, path in (
            ("rows.py.j2", ROOT / "lib" / "rows" / f"{stem}.py"),
            ("figure.py.j2", ROOT / "lib" / "figures" / f"{stem}.py"),
            ("test.py.j2", ROOT / "tests" / f"test_{stem}.py"),
        )
    }
    notebook = json.loads(loader.get_source(environment, "notebook.ipynb.j2")[0])
    for cell in notebook["cells"]:
        cell["source"] = [environment.from_string(line).render(words) for line in cell["source"]]
    texts[notebooks_dir() / f"{name}.ipynb"] = _as_notebook(notebook)
    if taken := [path for path in texts if path.exists()]:
        raise ParameterError(f"{name}: {shown(taken[0])} is there already; choose another name.")
    texts[LOCALE / "zh.po"] = _with_wordings()
    _lists_found()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    lists = listed()
    for path, text in lists.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return [*texts, *lists]


def _parts(name: str) -> tuple[int, str]:
    """Number and stem of a new figure's name."""
    match = NAME.fullmatch(name)
    if not match:
        raise ParameterError(
            f"{name} is no name for a figure; two digits, _ and 3 to 40 small letters, digits and _ are, such as 11_my_figure."
        )
    for other in notebooks.figures():
        if other.stem[:2] == match["number"]:
            free = min({f"{number:02}" for number in range(1, 100)} - {path.stem[:2] for path in notebooks.figures()})
            raise ParameterError(f"{name}: {other.stem} has this number; choose another, such as {free}.")
    if keyword.iskeyword(match["stem"]) or hasattr(figures, match["stem"]):
        raise ParameterError(
            f"{name}: {match['stem']} means something else in Python or lib.figures; choose another name."
        )
    return int(match["number"]), match["stem"]


def _with_wordings() -> str:
    """The Chinese wordings with those of the template that are not there yet."""
    known, path = catalogue("zh"), Path(__file__).parent / TEMPLATES / "zh.po"
    with path.open("rb") as file:
        added = [message for message in read_po(file, locale="zh") if message.id and message.id not in known]
    entries = [f'\nmsgid "{message.id}"\nmsgstr "{message.string}"\n' for message in added]
    return "".join([(LOCALE / "zh.po").read_text(encoding="utf-8"), *entries])


def listed() -> dict[Path, str]:
    """README and the start page as they are when their lists hold every figure, each with its notebook's question."""
    readme, start = _lists_found()
    rest = {row["name"]: row["rest"] for row in README_ROW.finditer(readme)}
    asked = [(path.stem, notebooks.question(path)) for path in notebooks.figures()]
    rows = [f"| {int(name[:2])} | `{name}` | {question} |{rest.get(name, ' new |')}\n" for name, question in asked]
    links = [f"| [{name}]({name}.ipynb) | {question} |\n" for name, question in asked]
    for cell in start["cells"]:
        cell["source"] = _with_rows("".join(cell["source"]), START_ROW, links).splitlines(keepends=True)
    return {README: _with_rows(readme, README_ROW, rows), _start(): _as_notebook(start)}


def _start() -> Path:
    """The page that leads to every notebook."""
    return notebooks_dir() / "start.ipynb"


def _lists_found() -> tuple[str, dict]:
    """README's text and the start page's notebook. Raises UserError where either has no list of figures."""
    readme, start = README.read_text(encoding="utf-8"), json.loads(_start().read_text(encoding="utf-8"))
    shown_there = "".join(line for cell in start["cells"] for line in cell["source"])
    for path, text, row in ((README, readme, README_ROW), (_start(), shown_there, START_ROW)):
        if not row.search(text):
            raise UserError(
                f"{shown(path)} has no list of the figures, a row each; bring it back from version control."
            )
    return readme, start


def _with_rows(text: str, row: re.Pattern, rows: list[str]) -> str:
    """The text with `rows` in place of those that it has; as it is where it has none."""
    found = list(row.finditer(text))
    return text[: found[0].start()] + "".join(rows) + text[found[-1].end() :] if found else text


def _as_notebook(content: dict) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def shown(path: Path) -> str:
    """A path as seen from the project's folder."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def left_to_do(name: str) -> list[str]:
    """What turns the figure that was laid out into the one that is meant, a sentence each."""
    stem = name[3:]
    return [
        f"notebooks/{name}.ipynb: what is asked and of whom, how to read the chart, what could be wrong; its parameters",
        f"lib/rows/{stem}.py: which rows; lib/figures/{stem}.py: how they are drawn, and every sentence said of them",
        f"tests/test_{stem}.py: what must hold of your rows and numbers",
        "lib/locale/zh.po: the Chinese wording of each new text; take out what is no longer said",
        "README.md: the last cell of the figure's row, where it says from which article the figure is",
        "data/claims.csv and lib/claims/: a row and a judge, if the figure tests a claim; then verdicts(figure.name) in the notebook",
        f"python tests/test_pictures.py {name}: makes the picture that the tests compare with; look at it first",
        f"python -m pytest tests/test_{stem}.py tests/test_figures.py tests/test_house.py tests/test_language.py",
    ]
