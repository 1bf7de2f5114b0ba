"""Fuzz targets: one source with LLVMFuzzerTestOneInput, built for libFuzzer and for replaying its corpus."""

def fuzz_target(name, deps, size = "small"):
    """Makes NAME_fuzzer, which clang builds (`./kamesim fuzz`), and the test NAME_corpus_test."""
    native.cc_library(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        alwayslink = True,
        deps = deps + [":fuzz_input"],
    )
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],  # libFuzzer is clang's
        deps = [":" + name],
    )
    corpus = native.glob(["corpus/%s/*" % name])
    native.cc_test(
        name = name + "_corpus_test",
        size = size,
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        deps = [
            ":replay",
            ":" + name,
        ],
    )
