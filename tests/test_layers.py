"""The house rules that a machine can hold: who imports whom, and how big a thing may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "p2pnet"

MAY_IMPORT = {
    "core": {"core"},
    "world": {"world", "core"},
    "links": {"links", "core"},
    "peer": {"peer", "world", "links", "core"},
    "testing": {"testing", "peer", "world", "links", "core"},
    "cli": {"cli", "testing", "peer", "world", "links", "core", ""},
    "": {"peer", "world", "core"},  # p2pnet/__init__.py: the names that games import
}
"""Each layer, and the layers that it may import from. The empty name is `p2pnet` itself."""

PURE = ("core", "world")
NOT_IN_PURE = {
    *("asyncio", "datetime", "multiprocessing", "os", "random", "secrets", "select", "signal"),
    *("socket", "ssl", "subprocess", "threading", "time", "trio", "trio_websocket", "uuid"),
}

ONLY_IN = {"trio_websocket": {"links/websocket.py"}}

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 600
MODULE_LINES_AIM = 400
MODULES_ABOVE_AIM = {f"core/{name}.py" for name in ("events", "routing")}

UNTESTED = {"core/errors.py", "core/replica.py"}
"""Modules that need no test module of their own: they declare, and do nothing."""


@attrs.frozen
class Module:
    """One source file of the package."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(PACKAGE).as_posix()

    @property
    def layer(self) -> str:
        first, slash, _ = self.name.partition("/")
        return first if slash else {"__main__.py": "cli"}.get(first, "")

    @property
    def lines(self) -> int:
        return len(self.path.read_text("utf-8").splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of the tree, at any depth."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[str]:
        """Absolute dotted names of all that is imported, at any depth of the code."""
        return list(self._imports())

    def _imports(self) -> Iterator[str]:
        package = ("p2pnet", *self.name.split("/")[:-1])
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else ()
                origin = ".".join((*base, *([node.module] if node.module else [])))
                yield from (f"{origin}.{alias.name}" for alias in node.names)


MODULES = [Module(path) for path in sorted(PACKAGE.rglob("*.py"))]
LAYERS = sorted({path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()})


def by_name(module: Module) -> str:
    return module.name


def layer_of_import(name: str) -> str | None:
    """The layer that an imported name belongs to; None if it is not of this project."""
    first, *rest = name.split(".")
    if first != "p2pnet":
        return None
    return rest[0] if rest and rest[0] in LAYERS else ""


def defines_something(module: Module) -> bool:
    """Whether there is anything to test: a function or a class."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, definitions) for node in module.nodes)


def test_the_package_is_found() -> None:
    assert set(LAYERS) == set(MAY_IMPORT) - {""}
    assert len(MODULES) > len(LAYERS)


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_imports_run_downwards(module: Module) -> None:
    layers = {name: layer_of_import(name) for name in module.imports}
    upwards = [
        name
        for name, layer in layers.items()
        if layer is not None and layer not in MAY_IMPORT[module.layer]
    ]
    assert upwards == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.layer in PURE], ids=by_name)
def test_pure_layers_have_no_clock_no_chance_and_no_io(module: Module) -> None:
    assert {name.split(".")[0] for name in module.imports} & NOT_IN_PURE == set()


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_some_libraries_have_one_importer(module: Module) -> None:
    roots = {name.split(".")[0] for name in module.imports}
    wrong = [lib for lib, places in ONLY_IN.items() if lib in roots and module.name not in places]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_nothing_imports_the_simulations(module: Module) -> None:
    assert [name for name in module.imports if name.split(".")[0] in ("simulations", "tests")] == []


def test_the_front_door_has_names_and_nothing_else() -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    body = Module(PACKAGE / "__init__.py").tree.body
    others = [node for node in body if not isinstance(node, allowed) and not is_docstring(node)]
    assert others == []


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_a_function_fits_a_screen(module: Module) -> None:
    functions = (
        node for node in module.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    sizes = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES_MAX} == {}


def test_a_module_has_one_subject() -> None:
    sizes = {module.name: module.lines for module in MODULES}
    assert {name: size for name, size in sizes.items() if size > MODULE_LINES_MAX} == {}
    assert {name for name, size in sizes.items() if size > MODULE_LINES_AIM} == MODULES_ABOVE_AIM


@pytest.mark.parametrize("module", MODULES, ids=by_name)
def test_modules_postpone_annotations(module: Module) -> None:
    if defines_something(module):
        assert "__future__.annotations" in set(module.imports)


def place_of_tests(module: Module) -> str:
    """Where the tests of a module are: `tests/core/test_mesh.py` for `core/mesh.py`."""
    *folders, file = module.name.split("/")
    stem = file.removesuffix(".py").strip("_")
    return "/".join(("tests", *folders, f"test_{stem}.py"))


@pytest.mark.parametrize("layer", LAYERS)
def test_tests_mirror_the_tree(layer: str) -> None:
    wanted = {
        place_of_tests(module): module.name
        for module in MODULES
        if module.layer == layer and defines_something(module) and module.name not in UNTESTED
    }
    assert [name for path, name in wanted.items() if not (ROOT / path).exists()] == []
