"""The fingerprint of a scenario: results belong together as long as it stays the same.

It covers the scenario's function and what of its own module that uses, directly or not (functions, classes, constants,
imports), without comments, docstrings and layout: a change of the plots in the same script keeps the results, a change
of the model does not. Modules beside it, in the same folder, that it imports are covered as a whole. It covers kamesim's
version, and a word of the user's for what it cannot see: other modules, data files, a simulator rebuilt.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import linecache
import marshal
import os
from collections.abc import Callable, Iterable
from typing import Any

from kamesim.version import VERSION

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def fingerprint(scenario: Callable[..., Any], version: str) -> str:
    """Sixteen hexadecimal digits."""
    text = "\0".join([VERSION, version, *_parts(scenario)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _parts(scenario: Callable[..., Any]) -> list[str]:
    if isinstance(scenario, functools.partial):
        return [*_parts(scenario.func), repr(scenario.args), repr(sorted(scenario.keywords.items()))]
    function = inspect.unwrap(scenario)
    if not inspect.isroutine(function) and not inspect.isclass(function):
        function = type(function)
    name = getattr(function, "__qualname__", repr(type(function)))
    try:
        path = inspect.getsourcefile(function)
        module = ast.parse("".join(linecache.getlines(path or "")))
        statements = _statements(module)
        if name.split(".")[0] in statements:
            used = _used(statements, name.split(".")[0])
            return [name, *map(_dump, used), *_beside(os.path.dirname(path or ""), used, set())]
        return [name, _dump(ast.parse(inspect.cleandoc(inspect.getsource(function))))]
    except (OSError, TypeError, SyntaxError):
        code = getattr(function, "__code__", None)  # typed in, or made at run time
        return [name, marshal.dumps(code).hex() if code is not None else ""]


def _statements(module: ast.Module) -> dict[str, list[ast.stmt]]:
    """The module's own statements by the names that they bind; a name may be bound by several."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in module.body:
        for name in _bound(statement):
            found.setdefault(name, []).append(statement)
    return found


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
    return names


def _used(statements: dict[str, list[ast.stmt]], first: str) -> list[ast.stmt]:
    """All statements that `first` uses, in the order of names."""
    reached, waiting = {first}, [first]
    while waiting:
        for statement in statements[waiting.pop()]:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and node.id in statements and node.id not in reached:
                    reached.add(node.id)
                    waiting.append(node.id)
    return [statement for name in sorted(reached) for statement in statements[name]]


def _beside(folder: str, statements: Iterable[ast.AST], known: set[str]) -> list[str]:
    """The modules in the folder that the statements import, and those that these import."""
    texts = []
    for name in sorted({name for statement in statements for name in _imported(statement)} - known):
        path = os.path.join(folder, name + ".py")
        if not os.path.isfile(path):
            continue
        known.add(name)
        with open(path, encoding="utf-8") as file:
            module = ast.parse(file.read())
        texts += [name, _dump(module), *_beside(folder, [module], known)]
    return texts


def _imported(statement: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return names


def _dump(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
