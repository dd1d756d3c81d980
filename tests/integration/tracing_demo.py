# SPDX-License-Identifier: MIT
"""Checks what tracing_demo writes: `python3 tracing_demo.py <program> <folder for its timeline>`."""

import json
import os
import pathlib
import re
import subprocess
import sys

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z +(?P<level>[A-Z]+) "
    r"(?P<path>(?:\w+\{.*?\}:)*\w+\{.*?\}: )?(?P<target>[a-z:]+): (?P<message>.*)")
USER = r'user_data_processing{user_id=12345 batch_id="batch_001"}:run{id="'


def run(program, folder, log):
    env = {key: value for key, value in os.environ.items() if key != "CANO_LOG"}
    if log is not None:
        env["CANO_LOG"] = log
    end = subprocess.run([program], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert end.returncode == 0, (end.returncode, end.stderr)
    lines = end.stderr.splitlines()
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches) if not match]
    return matches


def check_log(lines):
    said = [m["path"] + m["message"] for m in lines if m["target"] == "app"]
    prepared = [path for path in said if path.endswith("Order prepared pages=4")]
    alone = [path for path in prepared if path.startswith(USER)]
    assert len(alone) == 1 and ':state{name="Prepare" attempt=1}: ' in alone[0], alone
    for instance in range(5):
        own = [p for p in prepared
               if p.startswith("batch_processing{batch_size=5}:") and f" instance={instance}}}" in p]
        assert len(own) == 1, (instance, own)
    for number in range(1, 4):
        of_job = f'scheduled_reports{{team="ops"}}:run{{id="report#{number}"}}'
        assert sum(path.startswith(of_job) for path in prepared) == 1, (number, prepared)
    sent = [path for path in said if path.endswith("Order sent")]
    assert len(sent) == 5 and all('attempt=2}' in path for path in sent), sent
    jobs = [m["message"] for m in lines if m["target"] == "cano::schedule" and m["level"] == "INFO"]
    assert sum(job.startswith('Job succeeded job="report"') for job in jobs) == 3, jobs


def check_timeline(trace):
    open_slices, names = {}, []
    for event in trace:
        track = open_slices.setdefault((event["pid"], event["tid"]), [])
        if event["ph"] == "B":
            track.append(event)
            names.append(event["name"])
        elif event["ph"] == "E":
            assert event["ts"] >= track.pop()["ts"], event
    assert not any(open_slices.values()), open_slices
    assert names.count("run") == 9, names  # one alone, five in the batch, three of the job
    assert names.count("batch") == 1 and names.count("retry pause") == 5, names
    assert names.count("exec") == 9, names
    jobs = [event["ph"] for event in trace if event.get("cat") == "job"]
    assert sorted(jobs) == ["b"] * 3 + ["e"] * 3, jobs


def main():
    program, folder = sys.argv[1], sys.argv[2]
    check_log(run(program, folder, "debug"))
    check_timeline(json.loads((pathlib.Path(folder) / "tracing_demo.json").read_text()))
    assert {m["level"] for m in run(program, folder, None)} == {"INFO", "WARN", "ERROR"}
    assert {m["target"] for m in run(program, folder, "off,app")} == {"app"}
    first = run(program, folder, "loud")[0]
    assert first["level"] == "WARN" and 'CANO_LOG: \\"loud\\" is ignored' in first["message"], first[0]


if __name__ == "__main__":
    main()
