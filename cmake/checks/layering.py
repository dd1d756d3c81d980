# SPDX-License-Identifier: MIT
"""Checks the headers' structure: `python3 layering.py <root of the repository>`.

Folders depend downwards only, the headers are listed in layer order in
cmake/Headers.cmake (so there is no cycle), the umbrella header is complete, costly or unsafe parts of
Asio stay out, every public header and every pure core has its unit test, and no source file is
forgotten by the build. Prints each fault and, at the end, how long
the headers are.
"""

import pathlib
import re
import sys

# A folder may include from the folders named here and, through them, from theirs; every folder may
# include from the vocabulary, which is in cano/ itself and includes from nothing of ours.
FOLDERS = {
    "async": [],
    "store": [],
    "time": ["async"],
    "observe": [],
    "cron": ["time"],
    "runtime": ["async"],
    "limit": ["time", "observe"],
    "engine": ["limit"],
    "task": ["store", "engine"],
    "workflow": ["task"],
    "compose": ["workflow", "runtime"],
    "concurrent": ["workflow", "runtime"],
    "schedule": ["cron", "observe", "runtime"],
    "resource": ["limit", "schedule"],
    "testing": ["time", "observe"],
    "adapters": ["time", "observe"],
}
OPT_IN = ["resource", "testing", "adapters"]  # not part of the umbrella
# Headers that only include others, and may include from every folder.
UMBRELLAS = ["cano.hpp", "cano/workflow.hpp"]
HEADER_LIST = "cmake/Headers.cmake"

# A header that has moved; the old place is kept for a version.
MOVED = "// Kept for programs that include it from here."

# What decides without I/O has a test of its own, though it is private.
PURE = """
    async/cancellation_scope async/loop_members
    observe/observer_list
    limit/breaker_state limit/outcome_window limit/token_bucket limit/window_log
    engine/failure engine/retry_decision engine/retry_rules engine/run_limits
    concurrent/instance_queue
    schedule/due_queue schedule/failure_gate schedule/job_book schedule/scheduler_state schedule/timeline
""".split()

# A file that includes only one of these does not pay for Asio.
WITHOUT_ASIO = ["cano/cron/cron_expression.hpp", "cano/schedule/schedule.hpp", "cano/task/retry_policy.hpp"]

FORBIDDEN = {
    r"#include\s*<boost/asio\.hpp>": "costs seconds a file: include the piece that is used",
    r"parallel_group|awaitable_operators": "races on a multi-threaded executor (asio issue 1348)",
}

# Where the build names its sources: folder, and the CMakeLists.txt that must know each file.
SOURCES = {
    "tests/unit": "tests/CMakeLists.txt",
    "tests/integration": "tests/CMakeLists.txt",
    "tests/fuzz": "tests/fuzz/CMakeLists.txt",
    "examples": "examples/CMakeLists.txt",
    "benchmarks": "benchmarks/CMakeLists.txt",
}

LINES_AIM = 300

faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def below(folder):
    """The folders that `folder` may include from."""
    return {folder, ""}.union(*map(below, FOLDERS.get(folder, [])))


def folder_of(header):
    """ "task" for cano/task/detail/x.hpp, "" for the vocabulary."""
    parts = header.split("/")[1:-1]
    return "" if not parts or parts[0] == "detail" else parts[0]


def is_public(header, text):
    return "/detail/" not in header and header not in UMBRELLAS and MOVED not in text


def public_of(texts):
    return [header for header, text in sorted(texts.items()) if is_public(header, text)]


def includes_of(text):
    return re.findall(r'^\s*#\s*include\s*["<](cano[./][^">]+)[">]', text, re.M)


def check_text(header, text):
    if text.split("\n", 1)[0] != "// SPDX-License-Identifier: MIT":
        fault(header, "the first line must be // SPDX-License-Identifier: MIT")
    if not re.search(r"^#pragma once$", text, re.M):
        fault(header, "lacks #pragma once")
    code = re.sub(r"//.*", "", text)
    for pattern, reason in FORBIDDEN.items():
        if found := re.search(pattern, code):
            fault(header, f"{found.group()} {reason}")


def check_folders(header, text):
    folder = folder_of(header)
    if folder and folder not in FOLDERS:
        fault(header, f"folder {folder} is not in the table FOLDERS of {sys.argv[0]}")
        return
    for included in includes_of(text):
        if included in UMBRELLAS:
            fault(header, f"includes the umbrella {included}")
        elif folder_of(included) not in below(folder):
            fault(header, f"{folder or 'the vocabulary'} may not include {included}")


def check_order(texts, listed):
    for header in sorted(texts.keys() - set(listed)):
        fault(header, f"is not in {HEADER_LIST}")
    for header in sorted(set(listed) - texts.keys()):
        fault(HEADER_LIST, f"lists {header}, which does not exist")
    place = {header: i for i, header in enumerate(listed)}
    for header, text in texts.items():
        for included in includes_of(text):
            if included not in texts:
                fault(header, f"includes {included}, which does not exist")
            elif place.get(included, -1) > place.get(header, len(place)):
                fault(header, f"is listed above {included}, which it includes, in {HEADER_LIST}")


def reached_from(header, texts):
    """`header` and all headers of ours that it includes, also through others."""
    reached, waiting = set(), [header]
    while waiting:
        reached.add(current := waiting.pop())
        waiting += [h for h in includes_of(texts[current]) if h in texts and h not in reached]
    return reached


def check_boost(texts):
    for header in public_of(texts):
        reached = reached_from(header, texts)
        if "cano/version.hpp" in reached:
            continue
        for user in sorted(h for h in reached if "<boost/" in texts[h]):
            fault(header, f"{user} needs Boost: include cano/version.hpp, which refuses an old one")
    for header in WITHOUT_ASIO:
        for user in sorted(h for h in reached_from(header, texts) if "<boost/asio" in texts[h]):
            fault(header, f"must not include Asio, as it does through {user}")


def check_umbrella(texts):
    expected = {h for h in public_of(texts) if folder_of(h) not in OPT_IN}
    included = set(includes_of(texts.get("cano.hpp", "")))
    for header in sorted(expected - included):
        fault("cano.hpp", f"lacks {header}")
    for umbrella in UMBRELLAS:
        for header in sorted(set(includes_of(texts.get(umbrella, ""))) - expected):
            fault(umbrella, f"must not include {header}: private or opt-in")


def check_sources(root, texts):
    pure = ["cano/{}/detail/{}.hpp".format(*core.split("/")) for core in PURE]
    for header in public_of(texts) + pure:
        folder = folder_of(header) or "vocabulary"
        test = f"tests/unit/{folder}/{pathlib.Path(header).stem}.cpp"
        if not (root / test).exists():
            fault(header, f"has no unit test {test}")
        elif header not in includes_of((root / test).read_text()):
            fault(test, f"must include {header}, which it tests")
    for folder, lists in SOURCES.items():
        known = (root / lists).read_text() if (root / lists).exists() else ""
        for source in sorted((root / folder).rglob("*.cpp")):
            if not re.search(rf"\b{re.escape(source.stem)}\b", known):
                fault(source.relative_to(root), f"is not named in {lists}: it would never run")


def report_lines(texts):
    lines = {header: text.count("\n") for header, text in texts.items()}
    print(f"{len(lines)} headers, {sum(lines.values())} lines; the longest:")
    for header in sorted(lines, key=lines.get, reverse=True)[:5]:
        print(f"  {lines[header]:4} {header}{'  over the aim' if lines[header] > LINES_AIM else ''}")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    include = root / "include"
    texts = {str(p.relative_to(include)): p.read_text() for p in sorted(include.rglob("*.hpp"))}
    listed = re.findall(r"\binclude/(\S+\.hpp)", (root / HEADER_LIST).read_text())
    for header, text in texts.items():
        check_text(header, text)
        if header not in UMBRELLAS:
            check_folders(header, text)
    check_order(texts, listed)
    check_boost(texts)
    check_umbrella(texts)
    check_sources(root, texts)
    for line in faults:
        print(line)
    report_lines(texts)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
