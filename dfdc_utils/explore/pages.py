"""The pages of the report: its front, the executed notebooks, and those on which one clicks."""

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import psutil

from dfdc_utils import __version__
from dfdc_utils.explore.clips import Clips
from dfdc_utils.parallel import cores
from dfdc_utils.places import project_root
from dfdc_utils.study.notebook import without_widgets
from dfdc_utils.workspace import Workspace

_CLICKED = {
    "browse": ("Browse", "The clips of the test split. Sort by a column, filter by words, open one."),
    "compare": ("Compare", "An original and its fake in step. D shows the difference, the arrows go by one frame."),
    "verdict": ("Verdict over time", "What each model said of the faces of a clip. The curve is the scrubber."),
    "threshold": ("Threshold", "From which P(fake) on is a clip FAKE? Move the slider; click a number for its clips."),
}
_ON_FRONT = re.compile("02_contact_sheet|07_(roc_curves|score|confusion)|09_|11_")
_PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "av", "opencv-python", "mtcnn", "imgaug")
_LIMITS = (
    "A score is a probability for clips like those a network was trained on. It is never a proof, and a network "
    "trained on drawn heads knows nothing of real people. Do not accuse anyone on the strength of it."
)

def write(
    workspace: Workspace, folder: Path, notebooks: Sequence[Path], data: Mapping[str, Any], clips: Clips,
    states: Mapping[str, str],
) -> None:
    """Writes all pages and their figures to `folder`; arguments as `report.write` has them."""
    read = [(path.stem, nbformat.read(path, as_version=4)) for path in notebooks]
    names = {"index": "Report"} | {name: title for name, (title, _) in _CLICKED.items()}
    names |= {name: name.replace("_", " ") for name, _ in read}
    figures = [path for path in sorted(workspace.figures.glob("*.png")) if _ON_FRONT.match(path.stem)]
    (folder / "figures").mkdir()
    for path in figures:
        shutil.copyfile(path, folder / "figures" / path.name)

    def page(name: str, body: str, head: str = "") -> None:
        links = "\n".join(
            f'<a href="{key}.html"{" aria-current=page" if key == name else ""}>{escape(title)}</a>'
            for key, title in names.items()
        )
        text = _PAGE.format(title=escape(f"{names[name]} · {workspace.name}"), head=head, links=links, body=body)
        (folder / f"{name}.html").write_text(text, encoding="utf-8")

    page("index", "\n".join(_front(workspace, read, data, clips, states, figures)))
    for name, (title, words) in _CLICKED.items():
        body = f'<h1>{title}</h1><p>{words}</p><div id="view"></div><p>{_LIMITS}</p>' + _OPEN.format(view=name)
        page(name, body, '<script src="data.js"></script><script src="explore.js"></script>')
    exporter, style = _exporter()
    for name, notebook in read:
        body, _ = exporter.from_notebook_node(_for_reading(notebook))
        page(name, body, f"<style>{style}</style>")


def _exporter():
    # A second; not needed by who only explores.
    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter

    style = HtmlFormatter().get_style_defs(".highlight")
    return HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True), style


def _for_reading(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An executed notebook without what needs a kernel, its links leading to the report's pages."""
    notebook = without_widgets(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](\1.html", cell.source)
            # What lies in the checkout is not beside the report.
            cell.source = re.sub(r"(?<!!)\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", text)
    return notebook


def _front(
    workspace: Workspace, notebooks: Sequence[tuple[str, nbformat.NotebookNode]], data: Mapping[str, Any],
    clips: Clips, states: Mapping[str, str], figures: Sequence[Path],
) -> Iterator[str]:
    profile = workspace.profile
    yield f"<h1>Deepfake detection: the study {escape(workspace.name)}</h1>"
    drawn = profile.source == "synthetic"
    what = "The clips are drawn, so nothing here is about real people." if drawn else ""
    yield f"<p>{escape(profile.description)} {what}</p><p>{_LIMITS}</p>"
    yield "<h2>Data</h2>"
    table = pd.read_parquet(workspace.table).fillna({"label": "(no label)"})
    counts = table.groupby(["split", "label"]).size().unstack(fill_value=0).rename_axis(columns=None)
    yield counts.reset_index().to_html(index=False, border=0)
    yield f"<p>{len(data['previews'])} of {len(clips.table)} clips of the test split can be played here.</p>"
    yield "<h2>Results on the test split</h2>"
    yield from _results(workspace, states)
    yield from (f"<p>{escape(note)}</p>" for note in clips.notes)
    yield "<h2>Figures</h2>"
    yield from (
        f'<figure><img src="figures/{escape(path.name)}" loading="lazy" alt="">'
        f"<figcaption>{escape(path.stem.replace('_', ' '))}</figcaption></figure>" for path in figures
    )
    yield "<h2>How it was made</h2><table>"
    yield from (
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in _manifest(workspace)
    )
    yield "</table><table><tr><th>notebook</th><th>took</th><th>ended</th><th>state</th></tr>"
    for name, notebook in notebooks:
        run = notebook.metadata.get("papermill", {})
        took = f"{run['duration']:.0f} s" if run.get("duration") else "–"
        yield (
            f'<tr><td><a href="{name}.html">{escape(name)}</a></td><td class="n">{took}</td>'
            f"<td>{escape(str(run.get('end_time') or '–')[:19])}</td><td>{escape(states.get(name, '–'))}</td></tr>"
        )
    yield "</table>"


def _results(workspace: Workspace, states: Mapping[str, str]) -> Iterator[str]:
    state = next((state for name, state in states.items() if name.startswith("09")), "")
    if not workspace.comparison.is_file():
        yield "<p>No comparison table yet: notebook 09 makes it.</p>"
    elif state != "up to date":
        yield f"<p>The comparison table of before is not shown, for it is not current: {escape(state)}.</p>"
    else:
        heads = ("model", "AUC (95 % interval)", "accuracy", "with TTA", "log loss")
        yield f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
        for row in pd.read_csv(workspace.comparison).itertuples():
            numbers = [f"{row.test_auc:.3f} ({row.test_auc_low:.2f} to {row.test_auc_high:.2f})"]
            numbers += [
                "–" if pd.isna(value) else f"{value:.3f}"
                for value in (row.test_accuracy, row.test_accuracy_tta, row.test_log_loss)
            ]
            yield f"<tr><td>{escape(row.title)}</td>" + "".join(f'<td class="n">{n}</td>' for n in numbers) + "</tr>"
        yield "</table>"


def _manifest(workspace: Workspace) -> Iterator[tuple[str, Any]]:
    """What one needs to know to make it again."""
    profile = workspace.profile
    yield "dfdc_utils", f"{__version__}, commit {_commit() or 'unknown'}"
    yield "profile", profile.name
    yield "settings replaced", ", ".join(f"{key}={value}" for key, value in profile.changes().items()) or "none"
    yield "seeds", f"{profile.seed} (data), {profile.training_seed} (training)"
    yield "Python", platform.python_version()
    for package in _PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            yield package, "not installed"
    memory = psutil.virtual_memory().total / 1e9
    yield "report written on", f"{platform.system()} {platform.machine()}, {cores()} cores, {memory:.0f} GB"


def _commit() -> str | None:
    """Of the checkout, "+" where it was changed since; None where there is no git or no checkout."""
    root = project_root()
    if root is None or not shutil.which("git"):
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{title}</title><link rel="stylesheet" href="explore.css">{head}</head>
<body class="dx-page"><nav aria-label="Pages">
{links}
</nav><main>
{body}
</main></body></html>
"""
_OPEN = '<script>dfdcExplore(exploreData, "{view}", document.getElementById("view"));</script>'
