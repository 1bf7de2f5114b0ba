"""Protobuf code from the system's protoc.

    load("//third_party:protobuf_rules.bzl", "cc_proto_gen", "py_proto_gen")
    cc_proto_gen(name = "scenario_cc_proto", src = "scenario.proto")   # "path/to/scenario.pb.h"
    py_proto_gen(name = "scenario_py_proto", src = "scenario.proto")   # scenario_pb2.py

A .proto is named, in `import` too, by its path from the repository's root. Name imported
.proto files in `imports` (a label each), and their cc_proto_gen targets in `deps`.
"""

def _protoc(name, src, imports, outs, out_flag, **kwargs):
    native.genrule(
        name = name,
        srcs = [src] + imports,
        outs = outs,
        cmd = "protoc -I. --%s=$(GENDIR) $(location %s)" % (out_flag, src),
        **kwargs
    )

def _stem(src):
    if not src.endswith(".proto"):
        fail("src must be a .proto file of this package, not '%s'" % src)
    return src[:-len(".proto")]

def cc_proto_gen(name, src, imports = [], deps = [], visibility = None):
    """A cc_library of the C++ code protoc makes from `src`."""
    stem = _stem(src)
    outs = [stem + ".pb.cc", stem + ".pb.h"]
    _protoc(name + "_protoc", src, imports, outs, "cpp_out", visibility = ["//visibility:private"])
    native.cc_library(
        name = name,
        srcs = [stem + ".pb.cc"],
        hdrs = [stem + ".pb.h"],
        copts = ["-w"],  # not our code
        visibility = visibility,
        deps = deps + ["//third_party:protobuf"],
    )

def py_proto_gen(name, src, imports = [], visibility = None):
    """The Python module protoc makes from `src`; use it as `data` or `deps` of a pytest_test."""
    _protoc(name, src, imports, [_stem(src) + "_pb2.py"], "python_out", visibility = visibility)
