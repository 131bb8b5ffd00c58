"""How long a reader waits in JupyterLab from a control's change to the new picture, measured in the browser.

Writes benchmarks/explore.json: for each figure the milliseconds of each change.
"""

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from lab import Lab, find_chromium, launch  # noqa: E402  (the same harness as the tests')
from playwright.sync_api import sync_playwright  # noqa: E402

#: For each figure a control and the values that it goes through, as the menu has them; a slider's by their place.
CONTROLS = {
    "01_rd_against_sm": ("cohort", ["star", "chinext", "little giants"]),
    "02_public_sector": ("fiscal year", [0, 1, 2]),
    "03_who_are_the_93": ("count", [90, 93, 100]),
    "04_does_65_hold": ("thresholds", ["0.8, 1.0", "1.0, 1.2", "0.9, 1.0, 1.1"]),
    "05_accounting_break": ("cohort", ["star", "chinext", "all listed"]),
    "06_hard_tech_fields": ("cohort", ["star", "chinext", "all listed"]),
    "07_huawei_acfic": ("decade end", [0, 1, 2]),
    "08_services_to_industry": ("panel", ["all firms", "same firms"]),
}
ROUNDS = 2

#: Sets a control, and gives the milliseconds until another picture is on the screen.
CHANGE = """
async ([name, value]) => {
    const labels = [...document.querySelectorAll('.jp-OutputArea label')];
    const control = labels.find((one) => one.textContent.trim().startsWith(name)).control;
    const picture = document.querySelector('.figure-view img');
    const shown = new Promise((done) => picture.addEventListener('load', done, { once: true }));
    const start = performance.now();
    if (control.tagName === 'SELECT') [...control.options].find((one) => one.text.replaceAll('\u00a0', ' ') === value).selected = true;
    else control.value = value;
    for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, { bubbles: true }));
    await shown;
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}
"""


def main() -> None:
    waits = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        browser = launch(playwright, find_chromium())
        try:
            for name, (label, values) in CONTROLS.items():
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                lab.open(page, name)
                lab.run_all(page)
                page.locator(".figure-view img").wait_for()
                waits[name] = [round(page.evaluate(CHANGE, [label, value])) for value in values * ROUNDS]
                page.close()
                lab.shut_kernels()
                print(name, sorted(waits[name]), flush=True)
        finally:
            lab.stop()
    (HERE / "explore_run.json").write_text(json.dumps(waits, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
