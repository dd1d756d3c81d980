#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every peer alternately, several times, and compares what they measured.

usage: compare.py --programs <directory> --out <directory> [--compiler <name>] [--rounds <n>]

Builds the Rust peers with cargo, below the second directory, runs them one after the other, prints a
Markdown table of the medians with what each is in multiples of cano and how far the rounds are
apart, and another of what cano is meant to reach, and writes compare.json, compare.md and, where
gnuplot is installed, compare.svg there. What cannot be built is listed as missing.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PEERS = {
    "cano": "cano",
    "hand_written": "by hand",
    "hand_written_async": "by hand, `Async`",
    "rust_0_6": "Rust cano 0.6.3",
    "rust_newest": "Rust cano 0.15.4",
    "onetbb": "oneTBB flow graph",
    "boost_msm": "Boost.MSM",
}
# In a process of its own each, for which they are called with an argument.
MEASURE_MEMORY = {"cano": ["async", "awaitable"], "hand_written": ["memory", "cancellable"],
                  "hand_written_async": ["memory"], "rust_0_6": ["memory"]}
QUESTIONS = {
    "plain_hop_ns": "plain hop, ns",
    "async_hop_ns": "`Async` hop, ns",
    "awaitable_hop_ns": "`asio::awaitable` hop, ns",
    "stop_token_hop_ns": "`Async` hop with a stop token, ns",
    "attempt_timeout_hop_ns": "`Async` hop with an attempt timeout, ns",
    "plain_node_ns": "Node, plain phases, ns",
    "async_node_ns": "Node, `Async` phases, ns",
    "awaitable_node_ns": "Node, `asio::awaitable` phases, ns",
    "async_failing_result_ns": "failing run, `Result`, awaited in an `Async`, ns",
    "failing_result_ns": "failing run, `Result`, in an `asio::awaitable`, ns",
    "async_failing_throw_ns": "failing run, throw, awaited in an `Async`, ns",
    "failing_throw_ns": "failing run, throw, in an `asio::awaitable`, ns",
    "plain_instance_ns": "instance of 10 plain hops, two threads, ns",
    "async_instance_ns": "instance of 10 `Async` hops, ns",
    "awaitable_instance_ns": "instance of 10 `asio::awaitable` hops, ns",
    "async_yielding_instance_ns": "instance of 10 yielding `Async` hops, ns",
    "yielding_instance_ns": "instance of 10 yielding `asio::awaitable` hops, ns",
    "async_waiting_instance_bytes": "memory of a waiting `Async` instance that can be cancelled, bytes",
    "waiting_instance_bytes": "memory of a waiting `asio::awaitable` instance, bytes",
    "cancellable_instance_bytes": "likewise, that can be cancelled",
    "plain_branch_ns": "branch of a split of ten, plain, ns",
    "async_branch_ns": "branch of a split of ten, `Async`, ns",
    "plain_item_ns": "item of 10,000, plain, ns",
    "async_item_ns": "item of 10,000, `Async`, ns",
    "shard_item_ns": "item of 10,000 on two threads, plain, ns a thread",
    "limit_ns": "rate limit with room, awaited, ns",
    "try_limit_ns": "rate limit with room, at once, ns",
    "breaker_ns": "closed circuit breaker, a call, ns",
    "plain_undo_ns": "step that is done and undone, plain, ns",
    "async_undo_ns": "step that is done and undone, `Async`, ns",
    "store_get_ns": "store: get a number, ns",
    "store_put_ns": "store: put a number, ns",
    "store_get_string_ns": "store: get a string, ns",
    "async_hop_allocations": "heap allocations, an `Async` hop",
    "hop_allocations": "heap allocations, an `asio::awaitable` hop",
    "async_node_allocations": "heap allocations, a Node, `Async` phases",
    "node_allocations": "heap allocations, a Node, `asio::awaitable` phases",
}
# What those have done instead that know nothing of `Async`: the same with the coroutines they have.
INSTEAD_OF_ASYNC = {
    "async_hop_ns": "awaitable_hop_ns",
    "async_node_ns": "awaitable_node_ns",
    "async_failing_result_ns": "failing_result_ns",
    "async_failing_throw_ns": "failing_throw_ns",
    "async_instance_ns": "awaitable_instance_ns",
    "async_yielding_instance_ns": "yielding_instance_ns",
    "async_waiting_instance_bytes": "cancellable_instance_bytes",
    "async_hop_allocations": "hop_allocations",
    "async_node_allocations": "node_allocations",
}
# What cano is meant to reach: at most so many times what the peer takes ...
AT_MOST = [
    ("plain_hop_ns", "hand_written", 1.3),
    ("async_hop_ns", "hand_written", 0.6),
    ("async_node_ns", "hand_written", 0.5),
    ("async_failing_result_ns", "hand_written", 0.9),
    ("async_waiting_instance_bytes", "hand_written", 0.4),
    ("async_waiting_instance_bytes", "rust_0_6", 0.6),
]
# ... so many times as fast as the peer ...
AS_FAST = [
    ("plain_hop_ns", "rust_0_6", 30),
    ("async_hop_ns", "rust_0_6", 4.5),
    ("async_node_ns", "rust_0_6", 2.5),
    ("plain_instance_ns", "rust_0_6", 30),
    ("async_instance_ns", "rust_0_6", 8),
    ("async_yielding_instance_ns", "rust_0_6", 5),
    *((question, "rust_newest", 3) for question in (
        "plain_branch_ns", "async_branch_ns", "plain_item_ns", "limit_ns", "breaker_ns", "plain_undo_ns")),
]
# ... at most so many nanoseconds ...
NANOSECONDS = [
    ("plain_branch_ns", 400),
    ("async_branch_ns", 1000),
    ("plain_item_ns", 60),
    ("limit_ns", 40),
    ("breaker_ns", 20),
]
# ... and at most so many nanoseconds more than a hop without.
AT_MOST_MORE = [
    ("stop_token_hop_ns", "async_hop_ns", 80),
    ("attempt_timeout_hop_ns", "async_hop_ns", 80),
]


def build_rust(name, out, missing):
    """The program of a cargo project, or None with the reason in `missing`."""
    cargo = shutil.which("cargo")
    if cargo is None:
        missing[name] = "cargo was not found"
        return None
    target = out / "cargo" / name
    command = [cargo, "build", "--release", "--locked", "--ignore-rust-version",
               "--manifest-path", str(HERE / name / "Cargo.toml")]
    print(f"Building {name} ...", flush=True)
    done = subprocess.run(command, env={**os.environ, "CARGO_TARGET_DIR": str(target)},
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        missing[name] = "cargo: " + done.stderr.strip().splitlines()[-1]
        return None
    return target / "release" / name


def programs(directory, out):
    found, missing = {}, {}
    for name in PEERS:
        if name.startswith("rust"):
            program = build_rust(name, out, missing)
        else:
            program = directory / f"peer_{name}"
            if not program.exists():
                missing[name] = "its library was not found when the build was configured"
                program = None
        if program is not None:
            found[name] = program
    return found, missing


def measure(found, rounds):
    """question -> peer -> the values of all rounds"""
    values = {question: {} for question in QUESTIONS}
    for turn in range(rounds):
        for name, program in found.items():
            print(f"Round {turn + 1} of {rounds}: {PEERS[name]}", flush=True)
            for arguments in [], *([memory] for memory in MEASURE_MEMORY.get(name, [])):
                out = subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True).stdout
                for question, value in json.loads(out)["results"].items():
                    values[question].setdefault(name, []).append(value)
    for question, instead in INSTEAD_OF_ASYNC.items():
        values[question] = {**values[instead], **values[question]}
    return values


def spread(values):
    """Half the distance between the quartiles, in percent of the median."""
    middle = statistics.median(values)
    if len(values) < 2 or middle == 0:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / 2 / middle * 100


def number(value):
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def cell(ours, theirs):
    if theirs is None:
        return "-"
    text = number(statistics.median(theirs))
    if ours is not None and theirs is not ours and statistics.median(ours) > 0.05:
        times = statistics.median(theirs) / statistics.median(ours)
        text += f" (x{times:.0f})" if times >= 100 else f" (x{times:.2g})"
    return text + f" ±{spread(theirs):.0f} %" if spread(theirs) >= 0.5 else text


def table(values, names, machine, missing):
    lines = ["| question | " + " | ".join(PEERS[name] for name in names) + " |",
             "| --- |" + " ---: |" * len(names)]
    for question, label in QUESTIONS.items():
        row = values[question]
        if row:
            ours = row.get("cano")
            cells = " | ".join(cell(ours, row.get(name)) for name in names)
            lines.append(f"| {label} | {cells} |")
    lines += ["", machine]
    lines += [f"Missing: {PEERS[name]} ({why})" for name, why in missing.items()]
    return "\n".join(lines) + "\n"


def aims(values):
    """What is meant to be reached, as a Markdown table."""
    def ours(question):
        return statistics.median(values[question]["cano"])

    rows = []
    for question, peer, most in AT_MOST:
        if peer in values[question]:
            times = ours(question) / statistics.median(values[question][peer])
            rows.append((question, PEERS[peer], f"at most {most}x", f"{times:.2f}x", times <= most))
    for question, peer, least in AS_FAST:
        if peer in values[question]:
            times = statistics.median(values[question][peer]) / ours(question)
            rows.append((question, PEERS[peer], f"{least} times as fast", f"{times:.1f} times", times >= least))
    for question, most in NANOSECONDS:
        rows.append((question, "-", f"at most {most}", number(ours(question)), ours(question) <= most))
    for question, without, most in AT_MOST_MORE:
        more = ours(question) - ours(without)
        rows.append((question, QUESTIONS[without], f"at most {most} more", f"{more:.0f} more", more <= most))
    lines = ["| question | against | aim | measured | reached |", "| --- | --- | ---: | ---: | --- |"]
    lines += [f"| {QUESTIONS[question]} | {against} | {aim} | {measured} | {'yes' if reached else '**no**'} |"
              for question, against, aim, measured, reached in rows]
    return "\n".join(lines) + "\n"


def describe_machine(compiler, rounds):
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    rustc = shutil.which("rustc")
    rust = subprocess.run([rustc, "--version"], capture_output=True, text=True, check=False).stdout.strip() if rustc else ""
    parts = [f"{model}, {os.cpu_count()} cores", compiler, rust, f"medians of {rounds} alternating rounds",
             datetime.date.today().isoformat()]
    return "; ".join(part for part in parts if part)


def plot(values, names, directory):
    """Times in multiples of cano's, on a logarithmic scale."""
    gnuplot = shutil.which("gnuplot")
    if gnuplot is None:
        print("gnuplot was not found: no compare.svg")
        return
    questions = [q for q in QUESTIONS if q.endswith(("_ns", "_bytes")) and "cano" in values[q] and len(values[q]) > 1]
    others = [name for name in names if name != "cano"]
    rows = []
    for question in questions:
        ours = statistics.median(values[question]["cano"])
        ratios = [statistics.median(values[question][n]) / ours if n in values[question] else "?" for n in others]
        rows.append(" ".join([question.rsplit("_", 1)[0].replace("_", "-"), *map(str, ratios)]))
    titles = [PEERS[name].replace("`", "") for name in others]  # gnuplot would run what is between
    columns = ", ".join(f"$data using {i + 2}:xtic(1) title '{title}'" for i, title in enumerate(titles))
    script = "\n".join([
        "$data << EOD", *rows, "EOD",
        "set terminal svg size 1000,460 font 'sans-serif,12' background '#ffffff'",
        f"set output '{directory / 'compare.svg'}'",
        "set style data histogram", "set style histogram cluster gap 1", "set style fill solid 0.9 noborder",
        "set boxwidth 0.9", "set logscale y", "set grid y", "set datafile missing '?'",
        "set ylabel 'times as much as cano'", "set xtics rotate by -25 nomirror", "set key top right",
        "set yrange [0.3:*]", f"plot {columns}, 1 with lines lw 2 lc rgb '#444444' title 'cano'"])
    subprocess.run([gnuplot], input=script, text=True, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", default="")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    found, missing = programs(options.programs, options.out)
    values = measure(found, options.rounds)
    names = [name for name in PEERS if name in found]
    machine = describe_machine(options.compiler, options.rounds)
    directory = options.out
    directory.mkdir(parents=True, exist_ok=True)
    text = table(values, names, machine, missing) + "\n" + aims(values)
    (directory / "compare.md").write_text(text, encoding="utf-8")
    with open(directory / "compare.json", "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "missing": missing, "values": values}, file, indent=2)
    plot(values, names, directory)
    print("\n" + text + f"\nAlso in {directory}")


if __name__ == "__main__":
    main()
