# SPDX-License-Identifier: MIT
"""Counts the functions that g++ compiles for a small program and compares them with what is on record.

usage: function_count.py <nm> <object> <key> <record.json> [--write]

Each costs who includes the library compile time, needed or not: see cano/async/detail/on_demand.hpp.
The key says what the number depends on, the compiler and how it was called. Without a record for it
the check ends with 77 (skipped).
"""

import json
import subprocess
import sys

TOLERANCE = 0.05
SKIPPED = 77


def functions(nm, symbols_of):
    done = subprocess.run([nm, "--defined-only", symbols_of], check=True, capture_output=True, text=True)
    return sum(line.split()[1] in "tTwW" for line in done.stdout.splitlines())


def main():
    arguments = sys.argv[1:]
    write = "--write" in arguments
    nm, compiled, key, record_path = [a for a in arguments if a != "--write"]
    with open(record_path, encoding="utf-8") as file:
        record = json.load(file)
    count = functions(nm, compiled)
    if write:
        record[key] = count
        with open(record_path, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=2)
            file.write("\n")
        return
    if key not in record:
        print(f"Skipped: there is no record for {key}, only for {', '.join(record)}")
        sys.exit(SKIPPED)
    change = count / record[key] - 1
    print(f"{count} functions, {change:+.1%}")
    if change > TOLERANCE:
        sys.exit(f"More than {TOLERANCE:.0%} above {record_path}; when that is meant, call this with --write")


if __name__ == "__main__":
    main()
