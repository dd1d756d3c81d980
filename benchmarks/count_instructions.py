#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what each hop costs in instructions and compares that with what is on record.

usage: count_instructions.py <program instructions> <record.json> [--write] [<question>...]

Runs each question twice under callgrind, with so many hops and with twice as many; the difference,
by hop, is the figure. It does not depend on how busy the machine is, but on the compiler: a record
of another compiler is reported, not compared. Ends with 77 (skipped) without valgrind or record.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HOPS = 5000
TOLERANCE = 0.03
SKIPPED = 77


def instructions(program, question, hops):
    """Of one run. What memcmp and its like take depends on the address of a string on the stack, and that
    on the length of the environment and of the program's path: both are the same everywhere."""
    directory, name = os.path.split(os.path.abspath(program))
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", f"./{name}", question, str(hops)],
            cwd=directory, env={"PATH": os.defpath}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{question}: valgrind failed:\n{done.stderr}")
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def each(program, question):
    few, many = (instructions(program, question, hops) for hops in (HOPS, 2 * HOPS))
    return round((many - few) / HOPS, 1)


def main():
    arguments = sys.argv[1:]
    write = "--write" in arguments
    program, record_path, *wanted = [a for a in arguments if a != "--write"]
    if not shutil.which("valgrind"):
        print("Skipped: valgrind was not found (Debian: valgrind)")
        sys.exit(SKIPPED)
    listed = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
    compiler, *questions = listed
    with open(record_path, encoding="utf-8") as file:
        record = json.load(file)
    known = record.get(compiler)
    if known is None and not write:
        print(f"Skipped: there is no record for {compiler}, only for {', '.join(record)}")
        sys.exit(SKIPPED)

    failed = False
    measured = {}
    for question in wanted or questions:
        count = measured[question] = each(program, question)
        before = (known or {}).get(question)
        verdict = "new" if before is None else f"{(count / before - 1) * 100:+.1f} %"
        changed = before is None or abs(count / before - 1) > TOLERANCE
        failed = failed or changed
        print(f"{question:28} {count:9.1f} instructions  {verdict}{'  <--' if changed else ''}", flush=True)
    if write:
        record[compiler] = {**(known or {}), **measured}
        with open(record_path, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=2)
            file.write("\n")
    elif failed:
        sys.exit(f"Not within {TOLERANCE:.0%} of {record_path}; when that is meant, call this with --write")


if __name__ == "__main__":
    main()
