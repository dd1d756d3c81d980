// SPDX-License-Identifier: MIT
#include <prometheus/registry.h>

#include <cano/adapters/prometheus.hpp>
#include <cano/observe/schedule_event.hpp>

bool has_metrics() {
  prometheus::Registry registry;
  cano::PrometheusObserver observer{registry};
  cano::OccurrenceSkipped skipped;
  skipped.job = "backup";
  skipped.count = 1;
  observer.on_occurrence_skipped(skipped);
  return !registry.Collect().empty();
}
