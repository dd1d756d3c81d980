# SPDX-License-Identifier: MIT
"""Reports the branch coverage of include/ and fails below a limit:

    python3 coverage.py <root> <build> <llvm-profdata> <llvm-cov> <least percentage>

<build> was compiled with CANO_COVERAGE and its tests have been run (`ctest --preset asan`). A
branch counts as covered when any instantiation of its template took it. No branches are

- a condition that the compiler decides, such as that of an `if constexpr`;
- the way past all cases of a `switch` without a default: -Wswitch, an error here, proves that these
  name every enumerator;
- what the compiler writes for a comparison that is `= default`: it does not count it, and reports
  each member as equal.

Branches that were never taken are listed as file:line:column: which way. Functions that were never
called are listed too: clang does not say what branches there are in one that no program refers to.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys


def is_program(path):
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def merged_profiles(build, profdata):
    merged = build / "merged.profdata"
    if profiles := list((build / "profiles").glob("*.profraw")):
        subprocess.run([profdata, "merge", "-sparse", "-o", merged, *profiles], check=True)
        for profile in profiles:
            profile.unlink()  # the next report is not to show what a program did before a change
    if not merged.exists():
        sys.exit("No test has been run: ctest --preset asan")
    return merged


def recorded_functions(build, profdata, cov):
    merged = merged_profiles(build, profdata)
    for program in sorted(filter(is_program, build.rglob("*"))):
        # One by one: of several, a program that does not use a function may hide what others did
        # with it. Such functions are also what clang calls mismatched. And per function, because
        # of a file clang exports the conditions that the compiler decides, too.
        command = [cov, "export", "-skip-expansions", f"-instr-profile={merged}", program]
        exported = subprocess.run(command, capture_output=True)
        if exported.returncode != 0:
            problem = exported.stderr.decode()
            if "no coverage data found" in problem:
                continue  # one of CMake's own
            sys.exit(problem)
        yield from json.loads(exported.stdout)["data"][0]["functions"]


class Header:
    def __init__(self, path):
        self.lines = path.read_text().splitlines()
        self.calls = collections.Counter()  # mangled name -> times
        self.functions = collections.defaultdict(set)  # (line, column) -> mangled names
        self.branches = collections.defaultdict(lambda: [0, 0])  # (line, column) -> true, false

    def add(self, function):
        # By name, because a constructor begins elsewhere in a program that does not use it.
        self.calls[function["name"]] += function["count"]
        line, column, *_ = function["regions"][0]
        self.functions[line, column].add(function["name"])
        for line, column, _, _, true, false, *_ in function["branches"]:
            text = self.lines[line - 1]
            is_switch = text[: column - 1].endswith("switch (")
            if not is_switch and not text[:column].endswith("= default"):
                self.branches[line, column][0] += true
                self.branches[line, column][1] += false

    def missing(self):
        for place, names in self.functions.items():
            if not any(self.calls[name] for name in names):
                yield place, "never called"
        for place, counts in self.branches.items():
            if ways := [way for way, count in zip(("true", "false"), counts) if count == 0]:
                yield place, f"never {' nor '.join(ways)}"


def headers_of(root, functions):
    headers = {}
    for function in functions:
        path = pathlib.Path(function["filenames"][0])
        if path.is_relative_to(root / "include"):
            name = str(path.relative_to(root))
            if name not in headers:
                headers[name] = Header(path)
            headers[name].add(function)
    return headers


def main():
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    headers = headers_of(root, recorded_functions(build, *sys.argv[3:5]))
    total = covered = 0
    for path, header in sorted(headers.items()):
        total += 2 * len(header.branches)
        covered += sum(count > 0 for counts in header.branches.values() for count in counts)
        for (line, column), what in sorted(header.missing()):
            print(f"{path}:{line}:{column}: {what}")
    percentage = 100 * covered / total if total else 0
    print(f"{covered} of {total} branches of {len(headers)} headers taken: {percentage:.1f} %")
    if percentage < float(sys.argv[5]):
        print(f"At least {sys.argv[5]} % are asked for.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
