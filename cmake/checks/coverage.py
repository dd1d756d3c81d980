# SPDX-License-Identifier: MIT
"""Reports the branch coverage of include/ and fails below a limit:

    python3 coverage.py <root> <build> <llvm-profdata> <llvm-cov> <least percentage>

<build> was compiled with CANO_COVERAGE and its tests have been run (`ctest --preset coverage`). A
branch counts as covered when any instantiation of its template took it. Branches that were never
taken are listed as file:line: which way.
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


def recorded_branches(root, build, profdata, cov):
    """file -> (line, column) -> [times true, times false]"""
    merged = build / "merged.profdata"
    profiles = list((build / "profiles").glob("*.profraw"))
    subprocess.run([profdata, "merge", "-sparse", "-o", merged, *profiles], check=True)
    programs = [p for p in sorted(build.rglob("*")) if is_program(p)]
    command = [cov, "export", f"-instr-profile={merged}", programs[0]]
    for program in programs[1:]:
        command += ["-object", program]
    exported = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    branches = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for file in json.loads(exported)["data"][0]["files"]:
        path = pathlib.Path(file["filename"])
        if path.is_relative_to(root / "include"):
            for line, column, _, _, true, false, *_ in file["branches"]:
                counts = branches[str(path.relative_to(root))][line, column]
                counts[0] += true
                counts[1] += false
    return branches


def main():
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    branches = recorded_branches(root, build, *sys.argv[3:5])
    total = covered = 0
    for path, places in sorted(branches.items()):
        for (line, _), counts in sorted(places.items()):
            total += 2
            covered += sum(count > 0 for count in counts)
            if missed := [way for way, count in zip(("true", "false"), counts) if count == 0]:
                print(f"{path}:{line}: never {' nor '.join(missed)}")
    percentage = 100 * covered / total if total else 0
    print(f"{covered} of {total} branches of {len(branches)} headers taken: {percentage:.1f} %")
    if percentage < float(sys.argv[5]):
        print(f"At least {sys.argv[5]} % are asked for.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
