"""How long a reader waits in JupyterLab from a control's change to the new picture, measured in the browser.

Writes benchmarks/explore.json: for each figure the milliseconds of each change, and those for which the table holds the browser after one.
"""

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from changes import CHANGES, kind  # noqa: E402  (what the tests change, and their harness)
from lab import Lab, find_chromium, launch  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from lib.notebooks import Parameter  # noqa: E402

ROUNDS = 4
FILLED = 3000  # milliseconds after a change in which the table is filled

#: Sets a control, and gives the milliseconds until another picture is on the screen.
CHANGE = """
async ([name, value]) => {
    const wanted = [value].flat();
    const labels = [...document.querySelectorAll('.jp-OutputArea label')];
    const control = labels.find((one) => one.textContent.trim().startsWith(name)).control;
    const picture = document.querySelector('.figure-view img');
    const shown = new Promise((done) => picture.addEventListener('load', done, { once: true }));
    const start = performance.now();
    if (control.tagName === 'SELECT') {
        for (const one of control.options) one.selected = wanted.includes(one.text.replaceAll('\u00a0', ' '));
    } else if (control.type === 'checkbox') control.click();
    else control.value = value;
    for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, { bubbles: true }));
    await shown;
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}
"""

#: Notes how long the browser does nothing else, and gives the longest of these times.
WATCH = """
() => {
    window.held = [0];
    new PerformanceObserver((list) => window.held.push(...list.getEntries().map((one) => one.duration)))
        .observe({ type: 'longtask' });
}
"""
LONGEST = "() => Math.round(Math.max(...window.held.splice(0, Infinity, 0)))"


def as_shown(parameter: Parameter, value):
    """A value as the parameter's control has it: a place on a slider, words in a menu, else itself."""
    if kind(parameter) == "listed integer":
        return parameter.allowed.index(value)
    if kind(parameter) in ("listed string", "listed array"):
        words = [str(one).replace("_", " ") for one in ([value] if isinstance(value, str) else value)]
        return words if isinstance(value, list) else words[0]
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def main() -> None:
    waits = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        browser = launch(playwright, find_chromium())
        try:
            for name, (parameter, other) in CHANGES.items():
                label = parameter.name.replace("_", " ")
                values = [as_shown(parameter, value) for value in (other, parameter.default)]
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                lab.open(page, name)
                lab.run_all(page)
                page.locator(".figure-view img").wait_for()
                changes = [round(page.evaluate(CHANGE, [label, value])) for value in values * ROUNDS]
                page.wait_for_timeout(FILLED)
                page.evaluate(WATCH)
                held = []
                for value in values * 2:
                    page.evaluate(CHANGE, [label, value])
                    page.wait_for_timeout(FILLED)
                    held.append(page.evaluate(LONGEST))
                waits[name] = {"changes": changes, "held": held}
                page.close()
                lab.shut_kernel(name)
                print(name, sorted(changes), held, flush=True)
        finally:
            lab.stop()
    (HERE / "explore.json").write_text(json.dumps(waits, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
