# SPDX-License-Identifier: MIT
"""Scrapes a server of metrics as Prometheus would: `python3 scrape_metrics.py <metrics_server>`.

The text must hold every metric of cano that its workload touches, no label that grows with the
number of runs, and nothing that `promtool check metrics` (Debian: prometheus) objects to, where that
is installed.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

METRICS = """
cano_runs_total cano_runs_running cano_run_duration_seconds_bucket
cano_cancellations_total cano_state_visits_total cano_state_duration_seconds_bucket
cano_attempts_total cano_attempt_duration_seconds_bucket cano_retries_total cano_timeouts_total
cano_batches_running cano_batch_duration_seconds_bucket cano_batch_instances_running
cano_batch_instances_total cano_job_runs_total cano_job_runs_running
cano_job_duration_seconds_bucket cano_job_lateness_seconds_bucket
""".split()
UNTOUCHED = {"cano_cancellations_total"}
LABELS = {"workflow", "state", "outcome", "job", "reason", "le"}


def scrape(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        assert reply.status == 200, reply.status
        assert reply.headers["Content-Type"].startswith("text/plain"), reply.headers
        return reply.read().decode("utf-8")


def series_of(text):
    """{name: {label text: value}}"""
    series = {}
    for line in text.splitlines():
        if line.startswith("cano_"):
            name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line).groups()
            series.setdefault(name, {})[labels] = float(value)
    return series


def count_series(text):
    # A batch that is slow today lets occurrences be skipped.
    return {name: len(of) for name, of in series_of(text).items() if name != "cano_job_skips_total"}


def check(series, text):
    missing = [name for name in METRICS if name not in series and name not in UNTOUCHED]
    assert not missing, f"missing: {missing}"
    labels = {label for of in series.values() for each in of for label in re.findall(r"(\w+)=", each)}
    assert labels <= LABELS, labels
    ended = series["cano_batch_instances_total"]
    assert ended['outcome="failed",workflow="orders"'] >= 1, ended
    assert series["cano_timeouts_total"]['state="Pay",workflow="orders"'] >= 1
    assert series["cano_job_runs_total"]['job="orders",outcome="success"'] >= 1
    if shutil.which("promtool"):
        promtool = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                  capture_output=True)
        assert promtool.returncode == 0, promtool.stdout + promtool.stderr
    else:
        print("promtool is not installed: the format is not checked")


def main():
    with subprocess.Popen([sys.argv[1], "127.0.0.1:0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", url), url
            text = scrape(url)
            while len(series_of(text).get("cano_job_runs_total", {})) < 2:
                time.sleep(0.05)  # no batch has succeeded and none has failed yet
                text = scrape(url)
            number_of_series = count_series(text)
            check(series_of(text), text)
            runs = sum(series_of(text)["cano_runs_total"].values())
            while sum(series_of(text)["cano_runs_total"].values()) < runs + 16:
                time.sleep(0.05)
                text = scrape(url)
            assert count_series(text) == number_of_series, "more runs made more series"
        finally:
            server.send_signal(signal.SIGINT)
            end = server.communicate(timeout=60)[0]
        assert server.returncode == 0, server.returncode
        assert re.fullmatch(r"\d+ batches\n", end), end


if __name__ == "__main__":
    main()
