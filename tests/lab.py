"""A real JupyterLab in a headless browser: notebooks opened, run and explored as a reader does."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from playwright.sync_api import expect

from lib.paths import ROOT

QUIET = "--disable-gpu --disable-quic --disable-sync --no-first-run --disable-background-networking --disable-component-update"
SETTINGS = {
    # All cells are in the page, also those that are not in sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}


def find_chromium() -> str | None:
    """Where the machine's Chromium is; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def launch(playwright, chromium: str | None):
    """A headless Chromium that calls nobody by itself."""
    return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", *QUIET.split()])


class Lab:
    """JupyterLab on a copy of the notebooks and tables, so that nothing it saves reaches the project."""

    def __init__(self, folder: Path):
        self.folder, self.outputs = folder, folder / "outputs"
        for name in ("notebooks", "data"):
            shutil.copytree(ROOT / name, folder / name)
        for name, content in SETTINGS.items():
            self.set(name, content)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        words = ["--no-browser", "--allow-root", "--expose-app-in-browser", f"--port={self.address.rsplit(':')[-1]}"]
        words += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
        self.log = (folder / "lab.log").open("w")
        self.server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *words, f"--notebook-dir={folder}"],
            env={
                **os.environ,
                "FIGURES_DATA": str(folder / "data"),
                "FIGURES_OUTPUTS": str(self.outputs),
                "JUPYTER_CONFIG_DIR": str(folder / "config"),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            },
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.server.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/api", timeout=5):
                return
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start: {(folder / 'lab.log').read_text()[-2000:]}")

    def set(self, name: str, content: dict) -> None:
        """Change a setting of JupyterLab; pages that are opened later have it."""
        path = self.folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def stop(self) -> None:
        """End the server and its kernels."""
        self.server.terminate()
        self.server.wait(30)
        self.log.close()

    def open(self, page, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        # Each in a workspace of its own, so that no other test's notebook comes back.
        page.goto(f"{self.address}/lab/workspaces/{uuid.uuid4().hex}/tree/notebooks/{name}.ipynb")
        page.get_by_text("| Idle").wait_for(timeout=60_000)

    def open_instead(self, page, name: str) -> None:
        """Open a notebook in a page that JupyterLab is in already, in place of what is open there, of which nothing is saved.

        It gets the kernel of what was open, which has all packages imported.
        """
        panels, discard = page.locator(".jp-NotebookPanel"), page.get_by_role("button", name="Discard")
        kernel = page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
        page.add_locator_handler(
            discard, lambda button: button.click(), no_wait_after=True
        )  # one for each that was changed
        # In braces, since its answer waits for that of the question.
        page.evaluate("() => { window.jupyterapp.commands.execute('application:close-all') }")
        expect(panels).to_have_count(0, timeout=30_000)
        page.remove_locator_handler(discard)
        page.evaluate(
            "asked => { window.jupyterapp.commands.execute('docmanager:open', asked) }",
            {"path": f"notebooks/{name}.ipynb", "kernel": {"id": kernel}},
        )
        page.get_by_text("| Idle").wait_for(timeout=60_000)

    def run_all(self, page) -> None:
        """Run all cells, to the end."""
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(one => one.textContent)"
        page.wait_for_function(f"{prompts}.every(text => /\\d/.test(text))", timeout=120_000)

    def shut_kernel(self, name: str) -> None:
        """End a notebook's kernel, so that the next has the machine to itself."""
        for session in self.sessions():
            if session["path"] == f"notebooks/{name}.ipynb":
                request = urllib.request.Request(f"{self.address}/api/sessions/{session['id']}", method="DELETE")
                urllib.request.urlopen(request).close()

    def sessions(self) -> list[dict]:
        """The notebooks that the server says have a kernel."""
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/api/sessions") as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                # The server cannot list a kernel that it is about to start: it fails, for that moment.
                if error.code != 500 or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
