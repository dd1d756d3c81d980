# SPDX-License-Identifier: MIT
"""Checks what a reader of the headers meets first: `python3 comments.py <root>`.

The main header of a folder of include/cano begins with a comment "// <folder>/: <what it is for>." Each
class in a detail/ has a comment above it that begins with what the class is. The documentation makes its
glossary of both.
"""

import pathlib
import re
import sys

# Which header of a folder is read first, where that is not the one of the folder's name.
MAIN_HEADERS = {
    "adapters": "adapters/prometheus.hpp",
    "compose": "compose/split.hpp",
    "concurrent": "concurrent/concurrent_workflow.hpp",
    "cron": "cron/cron_expression.hpp",
    "detail": "detail/text.hpp",
    "engine": "engine/detail/run_base.hpp",
    "observe": "observe/observer.hpp",
    "resource": "resource/resource_set.hpp",
    "schedule": "schedule/scheduler.hpp",
    "store": "store/memory_store.hpp",
    "testing": "testing/virtual_time.hpp",
    "time": "time/clock.hpp",
}
# A class comment names a thing, or says what it does; it does not begin in the middle of a thought.
BAD_START = r"(What|Who|Whoever|Where|Which|Or|And|Hears|The same|Everything|All)\b"
CLASS = re.compile(
    r"(?:template <.*> )?(?:class|struct|enum class|enum) (?:\[\[\w+\]\] )?(?:CANO_\w+ )?(\w+)(?= final| :| \{|;|$)"
)


def classes(text):
    """The classes at namespace scope, each with its comment as one line, which may be empty."""
    found = {}
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = CLASS.match(line)
        if not match:
            continue
        is_specialised = re.search(rf"^(template <.*> )?(class|struct) {match[1]}<", text, re.M)
        if re.search(r";(\s*//.*)?$", line) and "{" not in line and not is_specialised:
            continue  # declared here, and defined elsewhere
        first = number
        while first > 0 and re.match(r"template <|  +\S|requires\b", lines[first - 1]):
            first -= 1
        start = first
        while start > 0 and re.match(r"//(?! NOLINT)", lines[start - 1]):
            start -= 1
        comment = " ".join(re.sub(r"^///? ?", "", x) for x in lines[start:first]).strip()
        if comment or match[1] not in found:
            found[match[1]] = found.get(match[1]) or comment
    return found


def first_sentence(comment):
    return re.split(r"(?<=[.:])(?: {1,2}(?=[A-Z`*])|$)", comment, maxsplit=1)[0].rstrip(".:;") + "."


def folder_purpose(root, folder):
    """What the folder is for, as its main header says, or None."""
    header = root / "include/cano" / MAIN_HEADERS.get(folder, f"{folder}/{folder}.hpp")
    text = header.read_text() if header.exists() else ""
    found = re.search(rf"^#pragma once\n\n((?://.*\n)+)", text, re.M)
    comment = " ".join(line[3:] for line in found[1].splitlines()) if found else ""
    return comment.removeprefix(f"{folder}/: ") if comment.startswith(f"{folder}/: ") else None


def faults(root):
    include = root / "include/cano"
    for folder in sorted(path.name for path in include.iterdir() if path.is_dir()):
        if not folder_purpose(root, folder):
            main = MAIN_HEADERS.get(folder, f"{folder}/{folder}.hpp")
            yield f"{main}: must begin, below #pragma once, with '// {folder}/: <what it is for>.'"
    for header in sorted(include.rglob("detail/*.hpp")):
        for name, comment in classes(header.read_text()).items():
            where = f"{header.relative_to(include)}: {name}"
            if not comment:
                yield f"{where} has no comment that says what it is"
            elif re.match(BAD_START, comment):
                yield f"{where}: its comment must begin with what it is, not with '{comment[:40]}'"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    found = list(faults(root))
    for line in found:
        print(line)
    print(f"{len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
