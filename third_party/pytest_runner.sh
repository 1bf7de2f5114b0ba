#!/bin/bash
# What a pytest_test runs (python_rules.bzl): pytest_runner.sh PACKAGE PYTEST_ARGUMENTS...
set -eu
root="$TEST_SRCDIR/$TEST_WORKSPACE"
package="$1"
shift

export PYTHONPATH="$root/python:$root/$package"
export PYTHONDONTWRITEBYTECODE=1
export HOME="$TEST_TMPDIR" TMPDIR="$TEST_TMPDIR" HYPOTHESIS_STORAGE_DIRECTORY="$TEST_TMPDIR/hypothesis"
export LC_ALL=C.UTF-8 MPLBACKEND=Agg MPLCONFIGDIR="$TEST_TMPDIR"

exec /usr/bin/python3 -m pytest --import-mode=importlib --rootdir="$root" -c /dev/null \
  -p no:cacheprovider --junitxml="$XML_OUTPUT_FILE" "$@"
