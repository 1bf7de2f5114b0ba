"""Compiled Python modules, and pytest as a Bazel test. Both mean the system's /usr/bin/python3."""

def pybind_module(name, srcs, deps = [], copts = [], **kwargs):
    """Builds `<name>.so`, which `import <name>` finds. The target is `<name>.so` too."""
    native.cc_binary(
        name = name + ".so",
        srcs = srcs,
        copts = ["-fvisibility=hidden"] + copts,
        linkshared = True,
        deps = deps + ["//third_party:pybind11"],
        **kwargs
    )

def pytest_test(name, srcs, data = [], deps = [], size = "small", args = [], tags = [], **kwargs):
    """Runs pytest on those of `srcs` named test_*.py; the others (conftest.py, helpers) lie beside them.

    Importable are the folder python/ of the runfiles and the test's own folder. What a test
    imports goes to `deps` (or `data`, there is no difference), `args` go to pytest.
    """
    tests = [s for s in srcs if s.split(":")[-1].split("/")[-1].startswith("test_")]
    if not tests:
        fail("pytest_test %s: none of srcs is named test_*.py" % name)
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//third_party:pytest_runner.sh"],
        args = [native.package_name() or "."] + ["$(location %s)" % t for t in tests] + args,
        data = srcs + data + deps,
        tags = ["python"] + tags,
        **kwargs
    )
