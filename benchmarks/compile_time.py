#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What does it cost a compiler to include cano?

usage: compile_time.py [--rounds <n>] [<compiler>...]

Lets each compiler read (-fsyntax-only) and compile (-c -O0, -c -O2) an empty file, the headers that
cano takes from elsewhere, cano's own, the hello example and the same written by hand, and prints
the processor time in seconds: the median of all rounds, how far they lay apart (half the distance
between the quartiles), the most memory that it took, and what it is in multiples of the one by
hand. A round does everything once, so that whatever else the machine does meets all of them alike.
Without a compiler named: g++ and clang++, as far as they are there.
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
MODES = {"read": ["-fsyntax-only"], "compiled": ["-c", "-O0"], "optimised": ["-c", "-O2"]}
HAND_WRITTEN = "the hello example by hand, in asio::awaitable"


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
        "Asio's pieces that cano needs": included(lambda name: name.startswith("boost/asio")),
        "all that cano needs from elsewhere": included(lambda name: not name.startswith("cano")),
        "cano/workflow/run.hpp": "#include <cano/workflow/run.hpp>\n",
        "cano.hpp": "#include <cano.hpp>\n",
        HAND_WRITTEN: (ROOT / "benchmarks/hello_by_hand.cpp").read_text(),
        "examples/01_hello_workflow.cpp": (ROOT / "examples/01_hello_workflow.cpp").read_text(),
    }


def compile_once(compiler, flags, source):
    """(processor time in s, memory in MB)"""
    command = [compiler, "-std=c++20", "-I", str(INCLUDE), *flags, "-o", os.devnull, source]
    process = os.posix_spawnp(compiler, command, os.environ)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        raise SystemExit(f"{compiler} does not compile {source}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(runs):
    return statistics.median(seconds for seconds, _ in runs)


def cell(runs, by_hand):
    seconds = [seconds for seconds, _ in runs]
    text = f"{median(runs):.2f}"
    if len(runs) > 1:
        low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
        text += f" ±{(high - low) / 2:.2f}"
    text += f" s, {max(memory for _, memory in runs):.0f} MB"
    return text if runs is by_hand else text + f" (x{median(runs) / median(by_hand):.2f})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("compilers", nargs="*")
    options = parser.parse_args()
    compilers = options.compilers or [c for c in ("g++", "clang++-19", "clang++") if shutil.which(c)]
    columns = [(compiler, mode) for compiler in compilers for mode in MODES]

    with tempfile.TemporaryDirectory() as directory:
        files = {}
        for number, (name, text) in enumerate(sources().items()):
            files[name] = os.path.join(directory, f"{number}.cpp")
            pathlib.Path(files[name]).write_text(text, encoding="utf-8")
        runs = {(name, column): [] for name in files for column in columns}
        for _ in range(options.rounds):
            for name, (compiler, mode) in runs:
                runs[name, (compiler, mode)].append(compile_once(compiler, MODES[mode], files[name]))

    print("| compiled | " + " | ".join(f"{compiler}, {mode}" for compiler, mode in columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in files:
        cells = " | ".join(cell(runs[name, column], runs[HAND_WRITTEN, column]) for column in columns)
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
