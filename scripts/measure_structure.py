"""Measures the structure of the code and prints it as a table: what the house looks like, in figures.

Files in the largest folder, circles of imports, imports that run back up, lengths, parameters, dataclasses,
private functions called once, constants without origin, comments, documented public names, loop variables
without a name of their own. ``--list NAME`` prints the places behind a figure. Nothing is imported or run.
"""

from __future__ import annotations

import argparse
import ast
import io
import statistics
import sys
import tokenize
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, path, text and syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module


@dataclass(frozen=True)
class Figure:
    """One line of the table: what is measured, its value, what was aimed at, and the places behind it."""

    name: str
    value: str
    aim: str
    places: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> int:
    """Print the table, or the places behind one figure; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="folder of the packages")
    parser.add_argument("--list", metavar="NAME", help="print the places behind the figure of this name")
    options = parser.parse_args(arguments)
    figures = measure(options.source)
    if options.list:
        chosen = [figure for figure in figures if options.list in figure.name]
        print("\n".join(place for figure in chosen for place in figure.places))
        return 0 if chosen else 1
    rows = [("figure", "value", "aim"), *((figure.name, figure.value, figure.aim) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def measure(source: Path) -> list[Figure]:
    """Every figure of the packages below a folder."""
    modules = read_modules(source)
    imports = {module.name: imported_modules(module, {m.name for m in modules}) for module in modules}
    bodies = [(module, function) for module in modules for function in functions_of(module.tree)]
    return [
        Figure("files, lines", f"{len(modules)}, {sum(m.text.count(chr(10)) for m in modules)}", ""),
        files_in_folders(modules),
        circles_of(imports),
        back_up(imports, source),
        spread("body lines: median, p90, max", [body_lines(function) for _, function in bodies], "8, 25, 60"),
        spread("parameters: median, p90, max", [len(parameters_of(f)) for _, f in bodies], "2, 6, 8"),
        dataclasses_of(modules),
        private_called_once(modules),
        constants_without_origin(modules),
        comments_of(modules),
        undocumented(modules),
        nameless_loops(modules),
    ]


def read_modules(source: Path) -> list[Module]:
    """All Python files below a folder."""
    found = []
    for path in sorted(source.rglob("*.py")):
        name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        found.append(Module(name, path.relative_to(source), text, ast.parse(text)))
    return found


def imported_modules(module: Module, known: set[str]) -> set[str]:
    """Modules of ours that a module imports, those for type checkers too."""
    names = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole in known else node.module)
    return {name for name in names if name in known and name != module.name}


def functions_of(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines from the first statement to the last, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters_of(function: Function) -> list[str]:
    """Names of the parameters, without ``self`` and ``cls``."""
    given = function.args
    starred = [argument for argument in (given.vararg, given.kwarg) if argument]
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, *starred)
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def spread(name: str, values: Sequence[int], aim: str) -> Figure:
    """Median, ninth decile and greatest of numbers."""
    ordered = sorted(values)
    ninth = ordered[int(0.9 * (len(ordered) - 1))]
    return Figure(name, f"{statistics.median(ordered):g}, {ninth}, {ordered[-1]}", aim)


def files_in_folders(modules: Sequence[Module]) -> Figure:
    """How many files lie in the fullest folder, its ``__init__`` not counted."""
    counts = Counter(str(m.path.parent) for m in modules if m.path.name != "__init__.py")
    full = tuple(f"{folder}: {count}" for folder, count in counts.most_common())
    return Figure("files in the largest folder", full[0].rpartition(" ")[2], "12", full)


def circles_of(imports: dict[str, set[str]]) -> Figure:
    """Sets of modules that import each other in a circle (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[str] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(imports[name]):
            if other not in order:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == order[name]:
            part = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(part) > 1:
                circles.append(", ".join(sorted(part)))

    sys.setrecursionlimit(10_000)
    for name in sorted(imports):
        if name not in order:
            visit(name)
    return Figure("circles of imports", str(len(circles)), "0", tuple(circles))


def back_up(imports: dict[str, set[str]], source: Path) -> Figure:
    """Imports from a lower layer into a higher one, by the layers that pyproject.toml names."""
    project = tomllib.loads((source.parent / "pyproject.toml").read_text(encoding="utf-8"))
    places = []
    for contract in project["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        for container in contract["containers"]:
            height = {
                f"{container}.{part.strip()}": -number
                for number, layer in enumerate(contract["layers"])
                for part in layer.split("|")
            }
            for name, others in imports.items():
                for other in others:
                    here, there = layer_of(name, height), layer_of(other, height)
                    if here and there and here != there and height[here] <= height[there]:
                        places.append(f"{name} -> {other}")
    return Figure("imports that run back up", str(len(places)), "0", tuple(places))


def layer_of(name: str, height: dict[str, int]) -> str | None:
    """The layer that a module lies in; ``None`` where it lies in none."""
    return next((layer for layer in height if name == layer or name.startswith(f"{layer}.")), None)


def dataclasses_of(modules: Sequence[Module]) -> Figure:
    """Classes made by ``dataclass``; those whose fields are all settings are told apart."""
    every: list[str] = []
    settings: list[str] = []
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and any(
                "dataclass" in ast.unparse(decorator) for decorator in node.decorator_list
            ):
                (settings if node.name.endswith("Settings") else every).append(f"{module.name}.{node.name}")
    value = f"{len(every) + len(settings)} ({len(settings)} of settings)"
    return Figure("dataclasses", value, "147", tuple(every + settings))


def private_called_once(modules: Sequence[Module]) -> Figure:
    """Private functions that stand in one place only."""
    once, count = [], 0
    for module in modules:
        uses = Counter(node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)) + Counter(
            node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)
        )
        for function in functions_of(module.tree):
            if function.name.startswith("_") and not function.name.startswith("__"):
                count += 1
                if uses[function.name] == 1:
                    once.append(f"{module.path}:{function.lineno}: {function.name}")
    return Figure("private functions called once", f"{len(once)} of {count}", "", tuple(once))


def constants_without_origin(modules: Sequence[Module]) -> Figure:
    """Numbers at module level that neither a docstring nor a comment explains."""
    places = []
    for module in modules:
        commented = set(comment_lines(module.text))
        followers = [*module.tree.body[1:], ast.Pass()]
        for statement, follower in zip(module.tree.body, followers, strict=True):
            names = constant_names(statement)
            explained = isinstance(follower, ast.Expr) and isinstance(follower.value, ast.Constant)
            near = range(statement.lineno - 1, (statement.end_lineno or 0) + 1)
            if names and not explained and not commented & set(near):
                places.append(f"{module.path}:{statement.lineno}: {', '.join(names)}")
    return Figure("constants without origin", str(len(places)), "0", tuple(places))


def constant_names(statement: ast.stmt) -> list[str]:
    """Names in capitals that a statement binds to something with a number in it."""
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets, value = [statement.target], statement.value
    else:
        return []
    numbers = (node.value for node in ast.walk(value) if isinstance(node, ast.Constant))
    if not any(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        return []
    named = [node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return [node.id for node in named if node.id.isupper()]


def comment_lines(text: str) -> Iterator[int]:
    """Numbers of the lines that hold a comment."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0]


def comments_of(modules: Sequence[Module]) -> Figure:
    """Lines with a comment for each hundred lines of code, docstrings and empty lines left out."""
    comments = code = 0
    for module in modules:
        comments += len(set(comment_lines(module.text)))
        lines = {
            line
            for token in tokenize.generate_tokens(io.StringIO(module.text).readline)
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT)
            and token.string.strip()
            for line in range(token.start[0], token.end[0] + 1)
        }
        code += len(lines - docstring_lines(module.tree))
    return Figure("comments per 100 lines of code", f"{100 * comments / code:.1f}", "5 to 15")


def docstring_lines(tree: ast.Module) -> set[int]:
    """Numbers of the lines of strings that stand as statements."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }


def undocumented(modules: Sequence[Module]) -> Figure:
    """Public functions, methods and classes whose docstring tools cannot read: sections of Google's style."""
    places, count = [], 0
    for module in modules:
        for name, node in public_names(module.tree):
            count += 1
            if missing := missing_sections(node):
                places.append(f"{module.path}:{node.lineno}: {name}: {', '.join(missing)}")
    done = 100 * (1 - len(places) / count)
    return Figure("public names documented for tools", f"{done:.1f} % of {count}", "100 %", tuple(places))


def public_names(tree: ast.Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Functions and classes without an underscore, and the methods of such classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, Function) and not inner.name.startswith("_"):
                        yield f"{node.name}.{inner.name}", inner


def missing_sections(node: Function | ast.ClassDef) -> list[str]:
    """What a docstring lacks: itself, a parameter or field by name, what is returned, what is raised."""
    text = ast.get_docstring(node) or ""
    if not text:
        return ["no docstring"]
    if isinstance(node, ast.ClassDef):
        return [f"field {name}" for name in fields_of(node) if f"\n    {name}:" not in text]
    if "For example:\n\n  calcwatch" in text:
        return []  # a command: what it takes is told by its own help, which docs/commands.md prints
    lacking = [f"parameter {name}" for name in parameters_of(node) if not is_described(name, text)]
    gives = node.returns is not None and ast.unparse(node.returns) not in ("None", "NoReturn", "Never")
    is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    said = "Returns:" in text or "Yields:" in text or text.split(" ")[0] in ("Return", "Yield", "Whether")
    if gives and parameters_of(node) and not (said or is_property):
        lacking.append("what is returned")
    raised = {name for name in raised_names(node) if name not in ("AssertionError", "NotImplementedError")}
    lacking += [f"raises {name}" for name in sorted(raised) if name not in text]
    return lacking


def is_described(name: str, text: str) -> bool:
    """Whether a section of a docstring has an entry for a parameter."""
    return any(f"\n    {star}{name}:" in text for star in ("", "*", "**"))


def fields_of(node: ast.ClassDef) -> list[str]:
    """Public fields of a dataclass; a field made by ``setting`` carries its own description."""
    decorated = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    if not decorated:
        return []
    return [
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and not statement.target.id.startswith("_")
        and not is_described_itself(statement)
    ]


def is_described_itself(statement: ast.AnnAssign) -> bool:
    """Whether a field is a setting, which carries its meaning, or holds settings, which have theirs."""
    value = ast.unparse(statement.value) if statement.value is not None else ""
    return value.startswith("setting(") or ast.unparse(statement.annotation).endswith(("Settings", "Weights"))


def raised_names(node: Function) -> set[str]:
    """Names of the exceptions that a function raises and lets out; functions inside it are not looked at."""
    caught = {
        (raised, name)
        for attempt in ast.walk(node)
        if isinstance(attempt, ast.Try)
        for handler in attempt.handlers
        if handler.type is not None
        for name in ast.unparse(handler.type).strip("()").split(", ")
        for inner in attempt.body
        for raised in ast.walk(inner)
    }
    nested = {part for inner in node.body for own in functions_of(inner) for part in ast.walk(own)}
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and inner.exc is not None and inner not in nested:
            raised = inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc
            if isinstance(raised, ast.Name) and raised.id[0].isupper() and (inner, raised.id) not in caught:
                names.add(raised.id)
    return names


def nameless_loops(modules: Sequence[Module]) -> Figure:
    """Variables and parameters called ``one``."""
    places = defaultdict(list)
    for module in modules:
        for node in ast.walk(module.tree):
            is_name = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "one"
            if is_name or (isinstance(node, ast.arg) and node.arg == "one"):
                places[str(module.path)].append(str(getattr(node, "lineno", 0)))
    listed = tuple(f"{path}: {', '.join(lines)}" for path, lines in places.items())
    return Figure("variables named one", str(sum(map(len, places.values()))), "0", listed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
