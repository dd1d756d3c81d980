#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What does it cost a compiler to include cano?

usage: compile_time.py [--repeat <n>] [<compiler>...]

Compiles an empty file, the pieces of Asio and of the standard library that cano includes, cano.hpp,
and the hello example, each with -O0 and -O2, and prints the processor time in seconds (median) and
the most memory that it took. Without a compiler named: g++ and clang++, as far as they are there.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
LEVELS = ("-O0", "-O2")


def headers_of_cano():
    """The headers that cano.hpp includes, itself among them, without the opt-in ones."""
    seen, todo = set(), ["cano.hpp"]
    while todo:
        header = todo.pop()
        if header in seen:
            continue
        seen.add(header)
        todo += re.findall(r"^#include <(cano/[^>]+)>", (INCLUDE / header).read_text(), re.M)
    return sorted(seen)


def included(prefix_matches):
    found = set()
    for header in headers_of_cano():
        found.update(name for name in re.findall(r"^#include <([^>]+)>", (INCLUDE / header).read_text(), re.M)
                     if prefix_matches(name))
    return "".join(f"#include <{name}>\n" for name in sorted(found))


def sources():
    return {
        "an empty file": "",
        "the standard headers that cano needs": included(lambda name: "/" not in name),
        "Asio's pieces that cano needs": included(lambda name: name.startswith("boost/asio")),
        "all that cano needs from elsewhere": included(lambda name: not name.startswith("cano")),
        "cano.hpp": "#include <cano.hpp>\n",
        "examples/01_hello_workflow.cpp": (ROOT / "examples/01_hello_workflow.cpp").read_text(),
    }


def compile_once(compiler, level, source, output):
    """(processor time in s, memory in MB)"""
    process = os.posix_spawnp(compiler, [compiler, "-std=c++20", level, "-I", str(INCLUDE), "-c", source, "-o", output],
                              os.environ)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        raise SystemExit(f"{compiler} does not compile {source}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("compilers", nargs="*")
    options = parser.parse_args()
    compilers = options.compilers or [c for c in ("g++", "clang++-19", "clang++") if shutil.which(c)]

    with tempfile.TemporaryDirectory() as directory:
        print("| compiled | " + " | ".join(f"{c} {level}" for c in compilers for level in LEVELS) + " |")
        print("| --- |" + " ---: |" * len(compilers) * len(LEVELS))
        for name, text in sources().items():
            source = os.path.join(directory, "source.cpp")
            pathlib.Path(source).write_text(text, encoding="utf-8")
            cells = []
            for compiler in compilers:
                for level in LEVELS:
                    runs = [compile_once(compiler, level, source, os.path.join(directory, "object.o"))
                            for _ in range(options.repeat)]
                    seconds = statistics.median(seconds for seconds, _ in runs)
                    cells.append(f"{seconds:.2f} s, {max(memory for _, memory in runs):.0f} MB")
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


main()
