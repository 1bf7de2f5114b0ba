"""./kamesim in a copy of its own, with stand-ins for the tools that install and build."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])

GREETING = """
import os, sys
import kamesim
print(kamesim.name, os.getcwd(), sys.argv[1:])
sys.exit(7)
"""


def write_script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class Checkout:
    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "checkout"
        self.tools = tmp_path / "tools"
        self.elsewhere = tmp_path / "else where"
        self.elsewhere.mkdir()
        self.environment = {
            "PATH": f"{self.tools}:/usr/bin:/bin",
            "KAMESIM_BAZEL": str(self.tools / "bazel"),
        }
        for name in ("kamesim", "setup/packages.txt"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, self.root / name)
        self.write("python/kamesim/__init__.py", "name = 'kamesim'")
        self.write("scenarios/greet.py", GREETING)
        self.write("sim/clock.cc", "")
        self.tool("dpkg-query", 'shift 2; printf "installed %s\\n" "$@"')
        self.tool("apt-get", "exit 99")
        self.tool("id", "echo 1000")
        self.tool("sudo", 'echo "sudo $*" >>"$0.log"; exec "$@"')
        self.tool("bazel", f"mkdir -p {self.root}/bazel-bin/python/kamesim\n"
                           f"touch {self.root}/bazel-bin/python/kamesim/_core.so\n"
                           'echo "$*" >>"$0.log"')

    def write(self, name: str, text: str) -> None:
        write_script(self.root / name, text)

    def tool(self, name: str, text: str) -> None:
        write_script(self.tools / name, f"#!/bin/bash\n{text}\n")

    def calls_of(self, tool: str) -> list[str]:
        log = self.tools / f"{tool}.log"
        return log.read_text().splitlines() if log.exists() else []

    def run(self, *args: str, cwd: Path | None = None, launcher: Path | None = None,
            **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([launcher or self.root / "kamesim", *args], cwd=cwd or self.root,
                              env=self.environment | environment, text=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("args", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_the_commands(checkout, args):
    result = checkout.run(*args)
    assert result.returncode == 0
    for command in ("run", "python", "test", "conformance", "bench", "build", "fuzz"):
        assert f"./kamesim {command}" in result.stdout


@pytest.mark.parametrize("command", ["run", "python", "test", "conformance", "bench", "build", "fuzz"])
def test_each_command_has_its_help(checkout, command):
    result = checkout.run("help", command)
    assert result.returncode == 0
    assert result.stdout.startswith(f"./kamesim {command}")
    if command not in ("python", "conformance"):  # their --help is told by Python
        assert checkout.run(command, "--help").stdout == result.stdout


@pytest.mark.parametrize("args", [["frobnicate"], ["help", "frobnicate"]])
def test_unknown_command(checkout, args):
    result = checkout.run(*args)
    assert result.returncode == 2
    assert "unknown command 'frobnicate'" in result.stderr


@pytest.mark.parametrize("args, complaint", [
    (["run"], "which script?"),
    (["run", "scenarios/gone.py"], "no script 'scenarios/gone.py'"),
    (["run", "/gone.py"], "no script '/gone.py'"),
    (["run", "scenarios"], "not a readable file"),
    (["build", "//sim"], "no arguments"),
])
def test_wrong_arguments_are_told_before_anything_is_built(checkout, args, complaint):
    result = checkout.run(*args)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert not checkout.calls_of("bazel")


def test_run_hands_on_arguments_folder_and_exit_status(checkout):
    result = checkout.run("run", "scenarios/greet.py", "--seed", "a b", "--help", KAMESIM_SKIP_BUILD="1")
    assert result.returncode == 7
    assert result.stdout == f"kamesim {checkout.root} ['--seed', 'a b', '--help']\n"
    assert result.stderr == ""
    assert not checkout.calls_of("bazel")


def test_a_script_is_looked_for_here_first_then_in_the_checkout(checkout):
    def output() -> str:
        return checkout.run("run", "scenarios/greet.py", cwd=checkout.elsewhere, KAMESIM_SKIP_BUILD="1").stdout

    assert output() == f"kamesim {checkout.elsewhere} []\n"
    write_script(checkout.elsewhere / "scenarios/greet.py", "print('mine')")
    assert output() == "mine\n"


def test_works_through_a_symbolic_link(checkout):
    link = checkout.elsewhere / "ks"
    link.symlink_to(checkout.root / "kamesim")
    result = checkout.run("python", "-c", "import kamesim; print(kamesim.name)", cwd=checkout.elsewhere,
                          launcher=link, KAMESIM_SKIP_BUILD="1")
    assert result.stdout == "kamesim\n"


def test_builds_again_only_when_an_input_changed(checkout):
    def builds_after(change) -> int:
        change()
        result = checkout.run("run", "scenarios/greet.py")
        assert result.returncode == 7, result.stderr
        return len(checkout.calls_of("bazel"))

    assert builds_after(lambda: None) == 1
    assert builds_after(lambda: None) == 1
    assert builds_after(lambda: checkout.write("python/kamesim/plot.py", "")) == 1  # not compiled
    assert builds_after(lambda: checkout.write("sim/clock.cc", "// slower")) == 2
    assert builds_after(lambda: checkout.write("python/kamesim/core.cc", "")) == 3
    assert builds_after(lambda: (checkout.root / "bazel-bin/python/kamesim/_core.so").unlink()) == 4
    assert builds_after(lambda: None) == 4


def test_a_failed_build_shows_its_errors_and_is_tried_again(checkout):
    checkout.tool("bazel", "echo 'INFO: chatter'; echo '[3 / 4] Compiling'; echo 'sim/clock.cc:1: error: no'; exit 1")
    for _ in range(2):
        result = checkout.run("run", "scenarios/greet.py")
        assert result.returncode == 1
        assert "sim/clock.cc:1: error: no" in result.stderr
        assert "INFO" not in result.stderr and "Compiling" not in result.stderr
        assert result.stdout == ""


def test_missing_packages_are_installed_through_sudo(checkout):
    checkout.tool("dpkg-query", 'shift 2; printf "installed %s\\n" "$@" | grep -v -e g++ -e tshark')
    checkout.tool("apt-get", 'echo "$*" >>"$0.log"')
    result = checkout.run("build")
    assert result.returncode == 0, result.stderr
    assert "installing Debian packages with sudo, as setup/packages.txt lists them: g++ tshark\n" in result.stderr
    update, install = checkout.calls_of("apt-get")
    assert update.endswith(" update")
    assert install.endswith(" install -y --no-install-recommends g++ tshark")
    assert len(checkout.calls_of("sudo")) == 2


def test_root_needs_no_sudo(checkout):
    checkout.tool("dpkg-query", "exit 1")
    checkout.tool("id", "echo 0")
    checkout.tool("apt-get", 'echo "$*" >>"$0.log"')
    assert checkout.run("build").returncode == 0
    assert len(checkout.calls_of("apt-get")) == 2
    assert not checkout.calls_of("sudo")


def test_a_failed_installation_says_what_to_do(checkout):
    checkout.tool("dpkg-query", "exit 1")
    checkout.tool("apt-get", "echo 'Temporary failure resolving'; exit 100")
    result = checkout.run("run", "scenarios/greet.py")
    assert result.returncode == 1
    assert "Temporary failure resolving" in result.stderr
    assert "network or a mirror" in result.stderr
    assert not checkout.calls_of("bazel")


@pytest.mark.parametrize("without, complaint", [
    ("apt-get", "this is not Debian"),
    ("sudo", "Have an administrator run:\n  apt-get install"),
])
def test_machines_that_cannot_be_set_up_are_told_so(checkout, without, complaint):
    checkout.tool("dpkg-query", "exit 1")
    for tool in ("bash", "readlink", "dirname", "mkdir", "getent", "cut", "sed", "sort", "comm"):
        (checkout.tools / tool).symlink_to(f"/usr/bin/{tool}")
    (checkout.tools / without).unlink()
    result = checkout.run("build", PATH=str(checkout.tools))
    assert result.returncode == 1
    assert complaint in result.stderr


def test_a_path_bazel_cannot_build_in_is_refused(checkout):
    moved = checkout.root.rename(checkout.root.parent / "check out")
    result = checkout.run("build", launcher=moved / "kamesim", cwd=moved)
    assert result.returncode == 1
    assert "path with a space" in result.stderr


def test_fuzz_lists_its_targets_and_knows_no_others(checkout):
    checkout.write("tests/fuzz/BUILD", 'fuzz_target(\n    name = "nd",\n)\n\nfuzz_target(\n    name = "node",\n)\n')
    assert checkout.run("fuzz", "--list").stdout.split() == ["nd", "node"]
    unknown = checkout.run("fuzz", "frobnicate")
    assert unknown.returncode == 2
    assert "no target or file 'frobnicate'" in unknown.stderr
    assert checkout.run("fuzz", "nd", "--seconds", "soon").returncode == 2
    assert not checkout.calls_of("bazel")


BENCH = """
import sys
if "frobnicate" in sys.argv:
    sys.exit("unknown benchmark 'frobnicate'")
print(*(["//tests/benchmarks:chain"] if "--plan" in sys.argv else sys.argv[1:]))
"""


def test_bench_builds_what_its_plan_names(checkout):
    checkout.write("tests/benchmarks/run.py", BENCH)
    result = checkout.run("bench", "chain", "--runs", "3")
    assert result.stdout == "chain --runs 3\n", result.stderr
    (build,) = checkout.calls_of("bazel")
    assert build.endswith(" //tests/benchmarks:chain")


def test_bench_hears_of_wrong_names_before_anything_is_built(checkout):
    checkout.write("tests/benchmarks/run.py", BENCH)
    result = checkout.run("bench", "frobnicate")
    assert result.returncode == 1 and result.stdout == ""
    assert "unknown benchmark 'frobnicate'" in result.stderr
    assert not checkout.calls_of("bazel")


@pytest.mark.parametrize("words", [["--against", "ns3"], ["--against=ns3"]])
def test_bench_installs_the_peer_where_it_is_asked_for(checkout, words):
    checkout.write("tests/benchmarks/run.py", BENCH)
    checkout.write("setup/packages-bench.txt", "libns3-dev # the peer\n")
    checkout.tool("dpkg-query", 'shift 2; printf "installed %s\\n" "$@" | grep -v ns3')
    checkout.tool("apt-get", 'echo "$*" >>"$0.log"')
    assert checkout.run("bench", "chain").returncode == 0
    assert not checkout.calls_of("apt-get")
    assert checkout.run("bench", "chain", *words).returncode == 0
    assert checkout.calls_of("apt-get")[1].endswith(" install -y --no-install-recommends libns3-dev")
