"""A study of three small notebooks that write what their stages say, without videos or networks."""

import nbformat

OPEN = "from dfdc_utils.workspace import Workspace\nworkspace = Workspace.open(PROFILE, STUDY, **OVERRIDES)"


def write_notebook(folder, name, *cells):
    nodes = [
        nbformat.v4.new_markdown_cell(f"# {name}"),
        nbformat.v4.new_code_cell(
            'PROFILE = "mini"\nOVERRIDES = {}\nSTUDY = None', metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell(OPEN),
        *(nbformat.v4.new_code_cell(cell) for cell in cells),
    ]
    folder.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def write(name, text="done"):
    """A cell that writes `name` into the run's folder, as a notebook writes its artefacts."""
    return (
        f"path = workspace.run / {name!r}\n"
        "path.parent.mkdir(parents=True, exist_ok=True)\n"
        f"_ = path.write_text({text!r})"
    )


def draw(name):
    """A cell that writes a figure."""
    return (
        f"path = workspace.figure({name!r})\n"
        "path.parent.mkdir(parents=True, exist_ok=True)\n"
        "_ = path.write_text('picture')"
    )


TABLE = (
    "import pandas as pd\n"
    "workspace.run.mkdir(parents=True, exist_ok=True)\n"
    "pd.DataFrame({'video': ['a.mp4']}).to_parquet(workspace.table)"
)
MODEL = write("models/custom_cnn.keras")
MESO = write("models/meso4.keras")
METRICS = write("metrics/custom_cnn.json")


def executed(workspace, name):
    return nbformat.read(workspace.notebooks / f"{name}.ipynb", as_version=4)


def text_of(notebook):
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
