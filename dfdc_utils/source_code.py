"""Which modules of this package a piece of code concerns, and a digest of what they do.

Found by their import statements alone, with nothing imported. Comments, docstrings and the layout of a file do not
change what it does, and so not its digest.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

NO_RESULT = frozenset({
    "classroom", "cli", "environment", "explore", "made_from", "models.record", "models.settings", "parallel",
    "profiles",
    "source_code", "study", "workspace",
})
"""What decides how something runs, where it lies and whether it fits, never what comes out. (The numbers in `profiles`
count one by one, as settings.)"""


def digest(names: Iterable[str]) -> str:
    """16 hex digits that change when one of the modules `names` does something else, or one that these import.

    Args:
        names: such as "dfdc_utils.training.fit".

    Raises ModuleNotFoundError for a name that the package does not have.
    """
    result = hashlib.sha256()
    for name, file in sorted(_with_imports(names).items()):
        if _has_a_say(name):
            result.update(f"{name} {_meaning(*_version(file))}\n".encode())
    return result.hexdigest()[:16]


def imported_by(code: str) -> set[str]:
    """The modules of this package that `code` imports itself, wherever in it.

    Raises SyntaxError for what is not Python.
    """
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module)
            # A name can be a module or something in one.
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == PACKAGE.name and _file(name)}


def _with_imports(names: Iterable[str]) -> dict[str, Path]:
    """`names`, what they import, what that imports, and the packages around each, with their files."""
    seen: dict[str, Path] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        file = _file(name)
        if file is None:
            raise ModuleNotFoundError(f"{PACKAGE.name} has no module {name}.", name=name)
        seen[name] = file
        # What runs a study looks into every room: through it everything would concern everything.
        if _has_a_say(name):
            waiting.extend(_imports(*_version(file)))
        waiting.extend(filter(None, [name.rpartition(".")[0]]))
    return seen


def _has_a_say(name: str) -> bool:
    """Whether what comes out of a study can depend on the module `name`."""
    path = name.split(".")[1:]
    return not {".".join(path[:length]) for length in range(1, len(path) + 1)} & NO_RESULT


def _file(name: str) -> Path | None:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _version(file: Path) -> tuple[Path, int]:
    return file, file.stat().st_mtime_ns


@functools.cache
def _imports(file: Path, modified: int) -> frozenset[str]:
    return frozenset(imported_by(file.read_text(encoding="utf-8")))


@functools.cache
def _meaning(file: Path, modified: int) -> str:
    """The syntax tree of a module without its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            # Any text that stands alone: also the one below an attribute.
            node.body = [line for line in node.body if not _is_text(line)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
