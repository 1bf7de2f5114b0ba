"""Type information: the stub says what the compiled module has, and mypy --strict accepts package and users."""

import ast
import inspect
import pathlib
import re
import subprocess
import types

import pytest

import kamesim
from kamesim import _core

PACKAGE = pathlib.Path(kamesim.__file__).absolute().parent
STUB = ast.parse((PACKAGE / "_core.pyi").read_text())

SAMPLE = """
import kamesim as ks

net = ks.Network(seed=1)
home: ks.Lan = net.lan("home", "2001:db8:1::/64", rate=100e6)
router, host = net.router("r"), net.host("h", position=(0.0, 1.0))
home.attach(router, advertise={"max_interval": 10})
interface: ks.Interface = home.attach(host, mac="02:00:00:00:00:01")
link = net.link(router, net.host("s"), delay=0.01)
flow: ks.Flow = net.udp_flow("s", host, rate=100, start=10)
net.at(20, host.move, home, l2_delay=0.1)
with net.capture("x.pcapng") as capture, home.tester() as port:
    port.send(b"0" * 60)
    frame: bytes | None = port.recv(timeout=1.0)
    found: tuple[ks.Tester, float, bytes] | None = ks.recv_any([port], timeout=1)
run: ks.Run = net.run(until=60, progress=False)
lost: int = run.flows["s->h"].lost + flow.reordered
drops: int = host.drops["link.loss"]
address: str | None = host.address
names: list[str] = [node.name for node in net.nodes]
run.save("results.pb")
"""

MISTAKES = """
import kamesim as ks

net = ks.Network(seeds=1)
net.host(name=3)
net.link("a", "b", delai=1)
net.run(until="later")
net.host("h").no_such_method()
"""


def stub_parameters(function):
    return [a.arg for a in function.args.args if a.arg != "self"]


def stub_of_class(node):
    """(methods with their parameters, properties with whether they can be set)."""
    methods, properties = {}, {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign):
            properties[item.target.id] = True
        elif isinstance(item, ast.FunctionDef):
            decorators = [ast.unparse(d) for d in item.decorator_list]
            if "property" in decorators:
                properties[item.name] = False
            elif any(d.endswith(".setter") for d in decorators):
                properties[item.name] = True
            else:
                methods[item.name] = stub_parameters(item)
    return methods, properties


def real_parameters(function):
    """The parameters of a compiled function, as its docstring's first line has them."""
    signature = re.match(r"\w+\((.*)\) -> ", function.__doc__.splitlines()[0])[1]
    names = re.findall(r"(?:^|, )(\w+): ", re.sub(r"[\[(][^\[\]()]*[\])]", "", re.sub(r"\[[^\[\]]*\]", "", signature)))
    return [name for name in names if name != "self"]


def real_of_class(kind):
    methods, properties = {}, {}
    for name, member in vars(kind).items():
        if isinstance(member, property):
            properties[name] = member.fset is not None
        elif not name.startswith("_") or (name == "__init__" and not isinstance(member, types.WrapperDescriptorType)):
            methods[name] = real_parameters(member)
    return methods, properties


def test_the_stub_has_the_same_names_as_the_module():
    in_stub = {n.name for n in STUB.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    assert in_stub == {name for name in vars(_core) if not name.startswith("_")}


@pytest.mark.parametrize("node", [n for n in STUB.body if isinstance(n, ast.ClassDef)], ids=lambda n: n.name)
def test_a_class_is_as_in_the_stub(node):
    if node.name == "Error":
        assert issubclass(_core.Error, ValueError)
        return
    methods, properties = stub_of_class(node)
    real_methods, real_properties = real_of_class(getattr(_core, node.name))
    assert properties == real_properties
    assert methods == real_methods
    assert [ast.unparse(b) for b in node.bases] == [
        b.__name__ for b in getattr(_core, node.name).__bases__ if b.__name__ != "pybind11_object"
    ]


@pytest.mark.parametrize("node", [n for n in STUB.body if isinstance(n, ast.FunctionDef)], ids=lambda n: n.name)
def test_a_function_is_as_in_the_stub(node):
    assert stub_parameters(node) == real_parameters(getattr(_core, node.name))


def test_everything_public_is_documented():
    undocumented = []
    for name in kamesim.__all__:
        thing = getattr(kamesim, name)
        members = inspect.getmembers(thing) if inspect.isclass(thing) else ()
        for member, value in [("", thing), *members]:
            if not member.startswith("_") and (callable(value) or isinstance(value, property)) and not value.__doc__:
                undocumented.append(f"{name}.{member}")
    assert not undocumented


def mypy(*arguments, cwd):
    """mypy's exit status and output."""
    command = ["/usr/bin/mypy", "--config-file", "mypy.ini", "--cache-dir", str(cwd / "cache"), *map(str, arguments)]
    # The package as it lies in a checkout, without test folders or built parts beside it.
    tree = cwd / "tree"
    if not tree.exists():
        for source in [*PACKAGE.rglob("*.py"), *PACKAGE.glob("*.pyi"), PACKAGE / "py.typed"]:
            target = tree / "kamesim" / source.relative_to(PACKAGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source.read_text())
        (tree / "mypy.ini").write_text((PACKAGE.parent / "mypy.ini").read_text())
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_mypy_strict_accepts_the_package(tmp_path):
    status, said = mypy("kamesim", cwd=tmp_path)
    assert status == 0, said


def test_mypy_strict_accepts_a_users_script(tmp_path):
    script = tmp_path / "sample.py"
    script.write_text(SAMPLE)
    status, said = mypy(script, cwd=tmp_path)
    assert status == 0, said


def test_mypy_finds_a_users_mistakes(tmp_path):
    script = tmp_path / "mistakes.py"
    script.write_text(MISTAKES)
    status, said = mypy(script, cwd=tmp_path)
    assert status == 1
    for line in range(4, 9):
        assert f"mistakes.py:{line}: error:" in said
