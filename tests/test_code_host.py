"""What a code host reads of the project: workflows, the container for editors, and what Binder installs."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lib.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_rights_are_named_and_scripts_are_the_projects_own(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(VENV)", ".venv")
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
            command = step.get("run", "")
            for target in re.findall(r"^make (\S+)", command, re.MULTILINE):
                assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target
            for script in re.findall(r"^(\.ci/\S+)", command, re.MULTILINE):
                assert (ROOT / script).stat().st_mode & 0o111, script
            for package, version in re.findall(r"install (?:--quiet )?(\w+)==(\S+)", command):
                assert f"\n{package}=={version}" in (ROOT / "requirements-test.lock").read_text(encoding="utf-8")


def test_an_audit_of_the_workflows_finds_nothing():
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run([zizmor, "--offline", "--no-progress", *WORKFLOWS], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_on_windows_pytest_is_installed_and_finds_the_modules_that_tests_import_at_once():
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]["windows"]
    assert any("install -r requirements-test.lock" in step.get("run", "") for step in job["steps"])
    absent = {"fcntl", "forkserver", "grp", "pty", "pwd", "resource", "termios"}
    for path in (ROOT / "tests").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not absent & {alias.name for alias in node.names}, path.name


def test_only_the_job_that_publishes_may_write_pages():
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"} and "permissions" not in workflow["jobs"]["render"]
    assert workflow["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_the_container_for_editors_sets_up_as_make_does():
    text = (ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8")
    settings = json.loads(re.sub(r"^//.*$", "", text, flags=re.MULTILINE))
    assert settings["postCreateCommand"].endswith("make .venv/ready")


def test_binder_installs_what_is_pinned():
    lines = (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for name in re.findall(r"-r (\S+)", "\n".join(lines)):
        assert (ROOT / ".binder" / name).is_file()
