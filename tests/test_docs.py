"""README, CONTRIBUTING and docs lead somewhere, and name only commands and figures that there are."""

import re
import shlex

import pytest

from lib import notebooks
from lib.__main__ import main
from lib.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            assert (page.parent / link.split("#")[0]).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page):
    for line in re.findall(r"^python -m lib (.*?)(?:  +#.*)?$", page.read_text(encoding="utf-8"), re.MULTILINE):
        name, *words = shlex.split(line)
        assert name in main.commands, line
        command = main.commands[name]
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        for word in words:
            assert not word.startswith("-") or word in known, line


def test_targets_of_make_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_figure_is_in_the_readme():
    named = re.findall(r"^\| \d+ \| `(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(path.stem for path in notebooks.figures()) <= set(named)
