"""Turn the measurements in benchmarks/*.json into the tables of benchmarks/README.md, ratios first."""

import json
import statistics
from pathlib import Path

HERE = Path(__file__).parent
LOOP = "papermill command line, in a loop"
SNAKEMAKE = "Snakemake with papermill, all cores"
WEIGHED_FROM = 2.0  # seconds that a run lasts for its memory to be worth telling


CASES = {
    "full": "All {figures} figures",
    "unchanged": "Nothing changed",
    "sweep": "Sweep of Figure 1, per set",
    "growth": "Sweeps of more and more sets, per set",
}


def table(title: str, rows: dict[str, dict]) -> str:
    """One case as Markdown, the fastest first; times a set where there are sets."""
    each = {who: row["wall"] / row["sets"] for who, row in rows.items()}
    lines = [
        f"## {title}",
        "",
        "| | times ours | sets | wall, s | CPU, s | peak, MiB | load before |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for who, row in sorted(rows.items(), key=lambda item: each[item[0]] if "ours" in rows else item[1]["sets"]):
        ratio = f"{each[who] / each['ours']:.2f}" if "ours" in rows else ""
        peak = f"{row['mib']:.0f}" if row["wall"] > WEIGHED_FROM else ""
        failed = "" if row["exit"] == 0 else f" (exit {row['exit']:.0f})"
        lines.append(
            f"| {who}{failed} | {ratio} | {row['sets']} | {each[who]:.2f} | {row['cpu'] / row['sets']:.2f} | "
            f"{peak} | {row['load']:.2f} |"
        )
    return "\n".join(lines)


def waits(measured: dict[str, dict[str, list[int]]]) -> str:
    """How long a reader waits in the explorer, as Markdown."""
    lines = ["| figure | median, s | worst, s | changes | table, s |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, one in measured.items():
        times, held = one["changes"], max(one["held"]) / 1000
        lines.append(
            f"| {name} | {statistics.median(times) / 1000:.2f} | {max(times) / 1000:.2f} | {len(times)} | {held:.2f} |"
        )
    return "\n".join(lines)


def soon(measured: dict[str, dict[str, list[int]]]) -> str:
    """Whether the aim for the explorer is met, in a sentence."""
    met = [name[:2].lstrip("0") for name, one in measured.items() if statistics.median(one["changes"]) <= 200]
    named = " and ".join(f"Figure {number}" for number in met) or "no figure"
    return f"The aim was a median of 0.1 to 0.2 s, which {named} of {len(measured)} meets."


def before_after(measured: dict) -> str:
    """This version beside an older one, as Markdown."""
    rows = {"full render": measured["render"]} | {
        f"a change in {name}": one for name, one in measured["explorer"].items()
    }
    lines = ["| | now, before = 1 | before, s | now, s |", "| --- | ---: | ---: | ---: |"]
    for what, one in rows.items():
        lines.append(f"| {what} | {one['now'] / one['before']:.2f} | {one['before']:.2f} | {one['now']:.2f} |")
    return "\n".join(lines)


def no_faster(measured: dict) -> str:
    """The figures whose change in the explorer takes no less than before, in a sentence; '' where all take less."""
    slow = {name: one["now"] / one["before"] for name, one in measured["explorer"].items()}
    named = [f"{name[:2].lstrip('0')} ({ratio:.2f})" for name, ratio in slow.items() if ratio >= 1]
    return f"Changes of these figures are no faster: {', '.join(named)}." if named else ""


def installs(seconds: dict[str, float]) -> str:
    """Ways to install, as Markdown."""
    rows = [f"| {way} | {spent / seconds['pip']:.2f} | {spent:.0f} |" for way, spent in seconds.items()]
    return "\n".join(["| | pip = 1 | wall, s |", "| --- | ---: | ---: |", *rows])


def apart(results: dict) -> str:
    """What stands between ours and the others, in words."""
    full, sweep = results["full"], results["sweep"]
    times = {who: full[who]["wall"] / full["ours"]["wall"] for who in (LOOP, SNAKEMAKE)}
    floors = [case["floor"] for case in (full, sweep)]
    ours = [case["ours"] for case in (full, sweep)]
    more = [one["cpu"] / one["sets"] - low["cpu"] / low["sets"] for one, low in zip(ours, floors, strict=True)]
    return (
        f"Ours does more than the floor: a full render takes {more[0]:.1f} s of CPU more, a set of a sweep {more[1]:.2f} s. That is a kernel of its own for "
        "each notebook, papermill, the picture that the notebook shows and what it tells, its tables and resampled intervals, and once in each call "
        "the packages, the gallery or the sweep's table and sheets. How much each takes was not measured. A full render eight times faster than "
        f"the loop and four times faster than Snakemake was the aim; here it is {times[LOOP]:.1f} and {times[SNAKEMAKE]:.1f} times. On other machines, with "
        "eight figures, it was 4.9 to 6.6 times the loop's speed."
    )


def main() -> None:
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    machine = results.pop("machine")
    parts = [
        "# Benchmarks",
        "`make bench` measures the render engine against its peers in one run: the same notebooks, the same packages, each as a user "
        "would start it. The peers write executed notebooks and bundles; ours also builds the gallery, unless the table says that it does "
        "not, and a sweep's table, sheets and page. The floor calls the figures' functions in one warm process, start-up left out of its wall time. "
        "A loop starts a process or a kernel for each notebook; ploomber-engine runs them all in one process, so that each sees what the "
        "last one left. It gets its pictures as text, since nbformat refuses the notebooks that it writes with a picture's bytes.\n\nThe peers "
        "run as many of a sweep's sets as the table says, spread evenly over it. Of a full render the median of three rounds is given, after one in "
        "which processes were weighed. Memory is weighed every other second, so it stays empty for what is over sooner. CPU time is the whole "
        "machine's, so it holds the weighing, and the floor's holds its start-up; load is the machine's, before. An exit status in brackets means that the call failed. Tables are made "
        "by `python benchmarks/table.py`.",
        f"{machine['cpus']} cores, {machine['platform']}, Python {machine['python']}, papermill {machine['papermill']}, nbconvert "
        f"{machine['nbconvert']}, ploomber-engine {machine['ploomber-engine']}, Snakemake {machine['snakemake']}.",
    ]
    loop = results["full"].get(LOOP)
    for case, rows in results.items():
        if case == "unchanged" and loop:
            rows = rows | {f"{LOOP} (cannot skip)": loop}
        parts.append(table(CASES.get(case, case.capitalize()).format(**machine), rows))
    parts.append(apart(results))
    beside = json.loads((HERE / "before_after.json").read_text(encoding="utf-8"))
    explored = json.loads((HERE / "explore.json").read_text(encoding="utf-8"))
    parts += [
        "## The explorer: from a control's change to the new picture",
        "Measured in the browser, in JupyterLab, by `python benchmarks/explore.py`: from the event of the control until the new picture is on "
        "the screen, the kernel on the same machine. The table follows a moment later; the last column is how long it holds the browser, at worst. "
        f"{soon(explored)}",
        waits(explored),
        "## This version beside the one before",
        "CPU seconds in one run on one machine that others used, too, by `python benchmarks/before_after.py OLD`; only the ratios say something. "
        "A change is made there and back again, six times, and the times hold the table, too, which a reader gets after the picture. What is saved is in "
        "the numbers: a regression fits what the other factors leave, what was estimated of the same firms is found again, labels are dealt by one "
        "sort, medians are resampled by place, and what most figures ask for is looked up before kernels are forked. A third less for a full render "
        f"was the aim and is not met. {no_faster(beside)}",
        before_after(beside),
        "## To install",
        "The same lock file into an empty environment, nothing kept from before, one after the other on one machine that others used, too, by "
        "`python benchmarks/install.py`. `make` takes uv where it is, else pip without compiling.",
        installs(json.loads((HERE / "install.json").read_text(encoding="utf-8"))),
    ]
    (HERE / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
