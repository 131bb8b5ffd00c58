"""Turn benchmarks/results.json into the tables of benchmarks/README.md, ratios first: python benchmarks/table.py."""

import json
from pathlib import Path

HERE = Path(__file__).parent
LOOP = "papermill command line, in a loop"


def table(title: str, rows: dict[str, dict], sets: int = 1) -> str:
    """One case as Markdown; times a set where there are sets."""
    base = rows.get("ours")
    lines = [
        f"## {title}",
        "",
        "| | times ours | wall, s | CPU, s | peak, MiB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for who, row in sorted(rows.items(), key=lambda item: item[1]["wall"]):
        ratio = f"{row['wall'] / base['wall']:.2f}" if base else ""
        failed = "" if row["exit"] == 0 else f" (exit {row['exit']:.0f})"
        lines.append(
            f"| {who}{failed} | {ratio} | {row['wall'] / sets:.2f} | {row['cpu'] / sets:.2f} | {row['mib']:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    machine = results.pop("machine")
    load, note = results.pop("load_before"), results.pop("note", "")
    parts = [
        "# Benchmarks",
        "`make bench` measures the render engine against its peers in one run: the same notebooks, the same packages, each as a user "
        "would start it. The peers write executed notebooks and bundles; ours also builds the gallery and the sweep's sheet. "
        "The floor calls the figures' functions in one warm process, start-up left out. A peer with an exit status in brackets did not finish: "
        "ploomber-engine ends with an error on these notebooks and does not return, and was stopped. Tables are made by `python benchmarks/table.py`.",
        f"{machine['cpus']} cores, {machine['platform']}, Python {machine['python']}, papermill {machine['papermill']}, nbconvert "
        f"{machine['nbconvert']}, ploomber-engine {machine['ploomber-engine']}, Snakemake {machine['snakemake']}. Load before the run: {load[0]:.2f}. {note}".strip(),
    ]
    loop = results["full"].get(LOOP)
    for case, rows in results.items():
        count = int(case.split()[-1]) if case.startswith("sweep") else 1
        if case == "unchanged" and loop:
            rows = rows | {f"{LOOP} (cannot skip)": loop}
        what = {"full": "All eight figures", "unchanged": "Nothing changed"}.get(case, case.capitalize())
        parts.append(table(what + (", per set" if count > 1 else ""), rows, count))
    (HERE / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
