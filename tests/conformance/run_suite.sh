#!/bin/bash
# Runs a conformance suite, or a shard of it, as a Bazel test: run_suite.sh SUITE
set -eu
if [[ -n ${TEST_SHARD_STATUS_FILE:-} ]]; then touch "$TEST_SHARD_STATUS_FILE"; fi

export PYTHONPATH="$TEST_SRCDIR/$TEST_WORKSPACE/python" PYTHONDONTWRITEBYTECODE=1
export HOME="$TEST_TMPDIR" TMPDIR="$TEST_TMPDIR" LC_ALL=C.UTF-8

exec /usr/bin/python3 -m kamesim.conformance --suite "$1" --jobs 1 --junit "$XML_OUTPUT_FILE" \
  --shard "$((${TEST_SHARD_INDEX:-0} + 1))/${TEST_TOTAL_SHARDS:-1}"
