"""The fingerprint of a scenario: results belong together as long as it stays the same.

It covers the scenario's function and what of its own module that uses, directly or not (functions, classes, constants,
imports), without comments, docstrings and layout: a change of the plots in the same script keeps the results, a change
of the model does not. Modules beside it, in the same folder, that it imports are covered as a whole. It covers what the
function carries with it: the variables of a function that it was made in, defaults, the attributes of its object; and
what the global variables that it uses hold now, if that is numbers, strings or collections of them. It covers kamesim's
version, and a word of the user's for what it cannot see: other modules, data files, a simulator rebuilt.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import inspect
import linecache
import marshal
import os
import sys
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from kamesim import errors
from kamesim.experiment import values
from kamesim.version import VERSION

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def fingerprint(scenario: Callable[..., Any], version: str) -> str:
    """Sixteen hexadecimal digits."""
    text = "\0".join([VERSION, version, *_parts(scenario)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _parts(scenario: Callable[..., Any]) -> list[str]:
    if isinstance(scenario, functools.partial):
        return [*_parts(scenario.func), _told([scenario.args, scenario.keywords])]
    function = inspect.unwrap(scenario)
    state = _told([_state(scenario), None if function is scenario else _state(function)])
    if not inspect.isroutine(function) and not inspect.isclass(function):
        function = type(function)
    name = getattr(function, "__qualname__", repr(type(function)))
    code = getattr(function, "__code__", None)
    own, used = _own(function, code), []
    try:
        path = inspect.getsourcefile(function) or ""
        statements = _statements(ast.parse("".join(linecache.getlines(path))))
        if name.split(".")[0] in statements:
            own, used = [], _used(statements, {name.split(".")[0]})
        elif code is not None:
            used = _used(statements, _names(code) & statements.keys())
        names = {node.id for statement in used for node in ast.walk(statement) if isinstance(node, ast.Name)}
        held = _globals(function, names | (_names(code) if code is not None else set()), {id(function)})
        return [name, state, held, *own, *map(_dump, used), *_beside(os.path.dirname(path), used, set())]
    except (OSError, TypeError, SyntaxError):
        return [name, state, *own, _globals(function, _names(code), {id(function)}) if code is not None else ""]


def _own(function: Any, code: CodeType | None) -> list[str]:
    """Of a function that no statement of its module bears the name of: a lambda, or what was typed in."""
    try:
        return [_dump(ast.parse(inspect.cleandoc(inspect.getsource(function))))]
    except (OSError, TypeError, SyntaxError):
        return [marshal.dumps(code).hex()] if code is not None else []


def _globals(function: Any, names: set[str], known: set[int]) -> str:
    """The plain values that these global variables have, whatever statement gave them: a loop's, a command line's. And
    functions of the same module that are not of the same text: a notebook's cells, what is typed in."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    namespace = getattr(function, "__globals__", None) or (vars(module) if module is not None else {})
    held: dict[str, Any] = {}
    for name in sorted(names & namespace.keys()):
        value = namespace[name]
        if inspect.isfunction(value) and _is_elsewhere(value, function) and id(value) not in known:
            known.add(id(value))
            held[name] = [*_own(value, value.__code__), _globals(value, _names(value.__code__), known)]
        elif not name.startswith("__"):
            with contextlib.suppress(errors.Error):
                held[name] = values.plain("", "", value)
    return values.canonical(held)


def _is_elsewhere(one: Any, other: Any) -> bool:
    """Whether these are of one module, but not of one text."""
    text = getattr(getattr(other, "__code__", None), "co_filename", None)
    typed = text is not None and text.startswith("<")
    return bool(one.__module__ == getattr(other, "__module__", None) and (typed or one.__code__.co_filename != text))


def _names(code: CodeType) -> set[str]:
    """The names outside it that the code uses."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _state(scenario: Any) -> list[Any]:
    """What a callable carries with it beside its code."""
    owner = getattr(scenario, "__self__", None) if inspect.isroutine(scenario) else scenario
    function = getattr(scenario, "__func__", scenario)
    held: list[Any] = [] if owner is None or inspect.isclass(owner) or inspect.ismodule(owner) else [_attributes(owner)]
    for cell in getattr(function, "__closure__", None) or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # the variable has no value yet
            held.append(None)
    return [*held, getattr(function, "__defaults__", None), getattr(function, "__kwdefaults__", None)]


def _attributes(thing: Any) -> dict[str, Any]:
    """An object's attributes, by name; none of one that has no such table."""
    return dict(sorted(getattr(thing, "__dict__", {}).items()))


def _told(value: Any, depth: int = 6) -> str:
    """A text that changes with the value, and is the same in every process; of what cannot be told, its type."""
    with contextlib.suppress(errors.Error):
        return values.canonical(values.plain("", "", value))
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, os.PathLike):
        return f"{kind}{os.fspath(value)!r}"
    if depth == 0 or inspect.ismodule(value):
        return kind + str(getattr(value, "__name__", ""))
    if isinstance(value, (list, tuple)):
        return kind + "\0".join(_told(element, depth - 1) for element in value)
    if isinstance(value, (set, frozenset)):
        return kind + "\0".join(sorted(_told(element, depth - 1) for element in value))
    if isinstance(value, dict):
        return kind + "\0".join(sorted(_told([name, held], depth - 1) for name, held in value.items()))
    if inspect.isfunction(value) or inspect.ismethod(value) or inspect.isclass(value):
        state = [] if inspect.isclass(value) else [_told(_state(value), depth - 1)]
        return "\0".join([value.__module__, value.__qualname__, *state, *_own(value, getattr(value, "__code__", None))])
    return kind + _told(_attributes(value), depth - 1)


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


def _used(statements: dict[str, list[ast.stmt]], first: set[str]) -> list[ast.stmt]:
    """All statements that those of the names `first` use, and these, in the order of names."""
    reached, waiting = set(first), sorted(first)
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
