"""The house rules that no linter knows, each a function from one file's syntax tree to its complaints.

A limit is where a smell becomes certain; aim far lower (docs/development.md). A complaint reads
``line: what is wrong``; a file that keeps the rule gives an empty list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

MOST_BODY_LINES = 60
MOST_FILE_LINES = 800
MOST_PARAMETERS = 8
MOST_POSITIONAL = 5

VAGUE_WORDS = {"process", "handle", "manager", "util", "utils", "helper", "helpers", "info"}

CALLS_WITH_SIDE_EFFECTS = {"open", "input", "print", "exec", "eval", "breakpoint"}
METHODS_WITH_SIDE_EFFECTS = {
    *("imread", "imwrite", "imshow", "fromfile", "tofile", "memmap", "loadtxt", "savetxt", "genfromtxt"),
    *("savez", "savez_compressed", "read_text", "write_text", "read_bytes", "write_bytes", "getenv"),
}
SEEDED_RANDOMNESS = {"default_rng", "Generator", "SeedSequence", "PCG64", "BitGenerator", "Philox"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_in(tree: ast.Module) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines from the first statement to the last, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def long_functions(tree: ast.Module) -> list[str]:
    """Functions of more than 60 body lines."""
    return [
        f"{function.lineno}: {function.name} has {body_lines(function)} body lines, {MOST_BODY_LINES} at most"
        for function in functions_in(tree)
        if body_lines(function) > MOST_BODY_LINES
    ]


def crowded_signatures(tree: ast.Module) -> list[str]:
    """Functions of more than eight parameters; public ones of more than five by position."""
    complaints = []
    for function in functions_in(tree):
        given = function.args
        positional = [one.arg for one in (*given.posonlyargs, *given.args) if one.arg not in {"self", "cls"}]
        total = len(positional) + len(given.kwonlyargs)
        most_positional = MOST_PARAMETERS if function.name.startswith("_") else MOST_POSITIONAL
        if total > MOST_PARAMETERS or len(positional) > most_positional:
            complaints.append(
                f"{function.lineno}: {function.name} has {total} parameters, {len(positional)} positional;"
                f" {MOST_PARAMETERS} and {most_positional} at most: make the rest keyword-only or a dataclass"
            )
    return complaints


def vague_names(tree: ast.Module, module_name: str) -> list[str]:
    """Modules, classes and functions named after no particular deed."""
    defined = [(1, module_name)]
    defined += [
        (node.lineno, node.name) for node in ast.walk(tree) if isinstance(node, Function | ast.ClassDef)
    ]
    return [f"{line}: {name} says too little" for line, name in defined if words_of(name) & VAGUE_WORDS]


def words_of(name: str) -> set[str]:
    """``PixelManager`` and ``_pixel_manager`` -> ``{"pixel", "manager"}``."""
    spaced = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return set(spaced.split("_"))


def side_effects(tree: ast.Module) -> list[str]:
    """Calls that read or write files, the terminal or the environment: not in the core."""
    return [
        f"{call.lineno}: calls {name}; the core takes arrays and gives arrays"
        for call, name in named_calls(tree)
        if name in CALLS_WITH_SIDE_EFFECTS or name.rpartition(".")[2] in METHODS_WITH_SIDE_EFFECTS
    ]


def unseeded_randomness(tree: ast.Module) -> list[str]:
    """Uses of NumPy's global random state, and generators made without a seed."""
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    complaints = [
        f"{use.lineno}: np.random.{use.attr} is global; take a Generator"
        for use in uses
        if ast.unparse(use.value) in {"np.random", "numpy.random"} and use.attr not in SEEDED_RANDOMNESS
    ]
    return complaints + [
        f"{call.lineno}: default_rng() without a seed gives another answer each time"
        for call, name in named_calls(tree)
        if name.rpartition(".")[2] == "default_rng" and not (call.args or call.keywords)
    ]


def named_calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call of a plain or dotted name, with that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node, ast.unparse(node.func)


def unexplained_constants(tree: ast.Module) -> list[str]:
    """Public module-level names that no docstring under them explains (types and loggers need none)."""
    complaints = []
    followers = [*tree.body[1:], ast.Pass()]
    for statement, follower in zip(tree.body, followers, strict=True):
        target = assigned_name(statement)
        if target and target.isupper() and not target.startswith("_") and not is_docstring(follower):
            complaints.append(
                f"{statement.lineno}: {target} has no docstring under it: explain it or name it _{target}"
            )
    return complaints


def nameless_tests(tree: ast.Module) -> list[str]:
    """Tests without the sentence that names them."""
    return [
        f"{function.lineno}: {function.name} has no docstring: say in a sentence what is true when it passes"
        for function in functions_in(tree)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]


def assigned_name(statement: ast.stmt) -> str:
    """The name a simple assignment binds, else ``""``."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    return ""


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is a bare string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def calls_without_settings(trees: dict[str, ast.Module]) -> list[str]:
    """Calls that leave out the settings of a function which takes some: it would use its defaults instead.

    ``trees``: dotted name -> syntax tree of the modules that hand settings on.
    """
    takes = {
        (name, function.name)
        for name, tree in trees.items()
        for function in tree.body
        if isinstance(function, Function) and "settings" in parameters_of(function)
    }
    complaints = []
    for name, tree in trees.items():
        known = {called: (name, called) for module, called in takes if module == name}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (node.module or "", alias.name) in takes:
                        known[alias.asname or alias.name] = (node.module or "", alias.name)
        complaints += [
            f"{name}:{call.lineno}: {called} is called without settings"
            for call, called in named_calls(tree)
            if called in known and not hands_settings_on(call)
        ]
    return complaints


def parameters_of(function: Function) -> set[str]:
    """Names of all parameters of a function."""
    given = function.args
    return {argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def hands_settings_on(call: ast.Call) -> bool:
    """Whether a call passes something that is called settings, or part of it."""
    passed = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "settings")]
    return any("settings" in ast.unparse(value) for value in passed)
