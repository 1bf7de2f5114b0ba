"""Reading callgrind's profiles, on one that was written by hand after the format's description."""

import callgrind
import guard
import pytest

PROFILE = """# callgrind format
version: 1
creator: callgrind-3.19.0
positions: line
events: Ir
summary: 146

ob=(1) /bin/chain
fl=(1) chain.cc
fn=(1) run(int, char**)
16 %(own)d
fi=(2) inlined.h
+3 4
fe=(1)
cfn=(2) forward()
calls=%(calls)d 50
-2 400
cob=(2) /lib/libc.so.6
cfi=(3) malloc.c
cfn=(3) malloc
calls=3 100
* 90

fn=(2)
50 6
* 1

ob=(2)
fl=(3)
fn=(3)
100 30
"""


def profile(own=10, calls=5):
    return callgrind.read(PROFILE % {"own": own, "calls": calls})


def test_instructions_are_those_of_the_function_itself():
    assert profile().instructions == {
        ("/bin/chain", "run(int, char**)"): 14,  # with what was inlined, without what was called
        ("/bin/chain", "forward()"): 7,
        ("/lib/libc.so.6", "malloc"): 30,
    }


def test_calls_are_counted_by_who_is_called():
    assert profile().calls == {"forward()": 5, "malloc": 3}


def test_an_object_is_asked_for_alone():
    assert profile().of_object("/bin/chain") == {"run(int, char**)": 14, "forward()": 7}


def test_the_difference_of_two_lengths_is_the_cost_of_a_unit():
    count = guard.difference("hop", "/bin/chain", (profile(own=10), 100), (profile(own=210), 120))
    assert (count.instructions, count.allocations) == (10, 0)
    assert count.functions == {"run(int, char**)": 10}  # what did not change is no cost of a unit


def test_what_is_not_understood_is_not_passed_over():
    with pytest.raises(ValueError, match="line 2 .*'what is this'"):
        callgrind.read("version: 1\nwhat is this\n")
