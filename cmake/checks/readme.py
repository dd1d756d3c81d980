# SPDX-License-Identifier: MIT
"""Checks the documentation against what is compiled and run: `python3 readme.py <root>`.

A fenced block of code, CMake or Mermaid in a Markdown file follows a comment that names its source:

    <!-- examples/01_hello_workflow.cpp -->            the whole file, or
    <!-- examples/01_hello_workflow.cpp [build] -->    the lines between two marks "[build]"

where a mark is a comment line of its own: `//! [build]` in C++, `#! [build]` in CMake. Marks and the
SPDX line are left out and common indentation is taken off; the rest must be equal, to the letter. A
block that shows no compiled file says why: <!-- not compiled: it shows an error -->.

The README's test command, and the one that runs the first example, are in .ci/run as they are.
"""

import pathlib
import re
import sys
import textwrap

DOCUMENTS = ["README.md", "examples/README.md", ".github/CONTRIBUTING.md"]
PAGES = "cmake/docs/pages/*.md"
LANGUAGES = ["cpp", "c++", "cmake", "mermaid"]
COMMANDS = ["cmake --workflow --preset quickstart", "cmake --workflow --preset test"]

faults = []


def compiled(root, name, region):
    """The text that a block must equal, or None after reporting why there is none."""
    path = root / name
    if not path.exists():
        faults.append(f"{name} does not exist")
        return None
    lines = path.read_text().splitlines()
    is_mark = re.compile(r"\s*(//|#)! \[(\w+)\]")
    if region:
        ends = [i for i, line in enumerate(lines) if (m := is_mark.match(line)) and m[2] == region]
        if len(ends) != 2:
            faults.append(f"{name}: [{region}] must be marked twice, it is marked {len(ends)} times")
            return None
        lines = lines[ends[0] + 1 : ends[1]]
    kept = [x for x in lines if not is_mark.match(x) and "SPDX-License-Identifier" not in x]
    return textwrap.dedent("\n".join(kept)).strip("\n")


def check_blocks(root, document):
    previous, block, language = "", None, ""
    for number, line in enumerate((root / document).read_text().splitlines(), 1):
        if block is not None and line.startswith("```"):
            check_block(root, f"{document}:{number - len(block) - 1}", language, previous, block)
            previous, block = "", None
        elif block is not None:
            block.append(line)
        elif line.startswith("```"):
            block, language = [], line[3:].strip()
        elif line.strip():
            previous = line.strip()


def check_block(root, where, language, comment, block):
    if language not in LANGUAGES or re.fullmatch(r"<!-- not compiled: .+ -->", comment):
        return
    source = re.fullmatch(r"<!-- (\S+)(?: \[(\w+)\])? -->", comment)
    if not source:
        faults.append(f"{where}: a {language} block without <!-- the file it comes from --> above")
        return
    expected = compiled(root, source[1], source[2])
    if expected is not None and expected != "\n".join(block):
        faults.append(f"{where}: differs from {source[1]}, which has\n{expected}")


def check_commands(root):
    readme = (root / "README.md").read_text().splitlines()
    ci = [line.strip() for line in (root / ".ci/run").read_text().splitlines()]
    for end in COMMANDS:
        lines = [line.strip() for line in readme if line.rstrip().endswith(end)]
        if len(lines) != 1:
            faults.append(f"README.md: {len(lines)} lines end in '{end}', there must be one")
        elif lines[0] not in ci:
            faults.append(f".ci/run: must run this line of README.md: {lines[0]}")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    for document in DOCUMENTS:
        if (root / document).exists():
            check_blocks(root, document)
    for page in sorted(root.glob(PAGES)):
        check_blocks(root, page.relative_to(root))
    check_commands(root)
    for line in faults:
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
