# SPDX-License-Identifier: MIT
# Works out the weather pipeline's figures once more and compares them with what it printed and
# wrote:  awk -f weather_figures.awk <csv> <printed table> <report.json>
# Expects a CSV without broken rows, sorted, with hardly a day missing.

function fail(what) { print what; failed = 1 }

# `shown` was rounded to `digits` digits after the point.
function compare(what, shown, exact, digits,    difference) {
  ++compared
  difference = shown - exact
  if (difference < 0) difference = -difference
  if (shown == "" || difference > 0.5 * 10 ^ -digits + 1e-9) fail(what " is " shown ", not " exact)
}

function compare_text(what, shown, exact) {
  ++compared
  if (shown != exact) fail(what " is '" shown "', not '" exact "'")
}

function count(m) {
  ++days[m]
  rain[m] += $2
  highs[m] += $3
  lows[m] += $4
  if (days[m] == 1 || $3 > top[m]) { top[m] = $3 + 0; top_date[m] = $1 }
}

BEGIN {
  FS = ","
  split("January February March April May June July August September October November December Total",
        names, " ")
}

FILENAME == ARGV[1] {
  sub(/\r$/, "")
  if (FNR == 1) next
  count(substr($1, 6, 2) + 0)
  count(13)
  if (days[13] == 1 || $4 < cold) { cold = $4 + 0; cold_date = $1 }
  if (days[13] == 1 || $2 > wet) { wet = $2 + 0; wet_date = $1 }
  if ($2 > 0) { dry = 0 } else if (++dry == 1) { dry_from = $1 }
  if (dry > longest) { longest = dry; longest_from = dry_from }
  next
}

FILENAME == ARGV[2] {
  split($0, cells, " +")
  for (m = 1; m <= 13; ++m) {
    if (cells[1] != names[m]) continue
    ++rows
    compare("table, " names[m] ": days", cells[2], days[m], 0)
    compare("table, " names[m] ": rain", cells[3], rain[m], 1)
    compare("table, " names[m] ": mean high", cells[4], highs[m] / days[m], 1)
    compare("table, " names[m] ": mean low", cells[5], lows[m] / days[m], 1)
    compare_text("table, " names[m] ": hottest day", cells[6], top_date[m])
    compare("table, " names[m] ": highest", cells[7], top[m], 1)
  }
  next
}

# The report has a value a line. Those of a month are below its name; those of a record below the
# record's own.
{
  gsub(/[ ",{]/, "")
  colon = index($0, ":")
  key = substr($0, 1, colon - 1)
  value = substr($0, colon + 1)
  if (key == "name") part = value
  if (key == "coldest" || key == "wettest" || key == "longest_dry") part = key
  report[part, key] = value
}

END {
  for (m = 1; m <= 13; ++m) {
    n = names[m]
    compare("report, " n ": days", report[n, "days"], days[m], 0)
    compare("report, " n ": rain", report[n, "rain_mm"], rain[m], 2)
    compare("report, " n ": mean high", report[n, "mean_high_c"], highs[m] / days[m], 2)
    compare("report, " n ": mean low", report[n, "mean_low_c"], lows[m] / days[m], 2)
    compare_text("report, " n ": hottest day", report[n, "date"], top_date[m])
    compare("report, " n ": highest", report[n, "high_c"], top[m], 2)
  }
  compare_text("coldest night", report["coldest", "date"], cold_date)
  compare("coldest night", report["coldest", "low_c"], cold, 2)
  compare_text("wettest day", report["wettest", "date"], wet_date)
  compare("wettest day", report["wettest", "rain_mm"], wet, 2)
  compare_text("longest dry time", report["longest_dry", "from"], longest_from)
  compare("longest dry time", report["longest_dry", "days"], longest, 0)
  if (rows != 13) fail("the table has " rows + 0 " rows, not 13")
  print compared " figures compared"
  exit failed
}
