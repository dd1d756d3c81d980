// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>

#include <cano/observe/detail/text.hpp>

namespace cano::detail {

/// What all metrics of an observer are made with.
struct SeriesMaker {
  prometheus::Registry& registry;
  prometheus::Histogram::BucketBoundaries buckets;
  std::size_t max_series;

  template <class Metric>
  prometheus::Family<Metric>& family(const std::string& name, const std::string& help) const {
    if constexpr (std::same_as<Metric, prometheus::Counter>) {
      return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    } else if constexpr (std::same_as<Metric, prometheus::Gauge>) {
      return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
    } else {
      return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    }
  }
};

/// One metric with its series, each found by the values of its labels. A name that comes from data
/// must not fill the server's memory: past the limit all new values become "other".
template <class Metric, std::size_t Labels> class Series {
 public:
  Series(const SeriesMaker& make, const std::string& name, const std::string& help,
         std::array<std::string_view, Labels> labels)
      : make_{make}, family_{make.family<Metric>(name, help)}, labels_{labels} {}

  template <std::same_as<std::string_view>... Values>
    requires(sizeof...(Values) == Labels)
  Metric& at(Values... values) {
    const Key key{std::string{values}...};
    const std::lock_guard lock{mutex_};
    const auto known = series_.find(key);
    if (known != series_.end()) return *known->second;
    if (series_.size() < make_.max_series) return add(key);
    Key other;
    other.fill("other");
    const auto others = series_.find(other);
    return others != series_.end() ? *others->second : add(other);
  }

 private:
  using Key = std::array<std::string, Labels>;

  Metric& add(const Key& key) {
    prometheus::Labels labels;
    for (std::size_t i = 0; i < Labels; ++i)
      labels.emplace(labels_[i], valid_utf8(key[i]));
    Metric* metric = nullptr;
    if constexpr (std::same_as<Metric, prometheus::Histogram>) {
      metric = &family_.Add(labels, make_.buckets);
    } else {
      metric = &family_.Add(labels);
    }
    series_.emplace(key, metric);
    return *metric;
  }

  const SeriesMaker& make_;
  prometheus::Family<Metric>& family_;
  std::array<std::string_view, Labels> labels_;
  std::mutex mutex_;
  std::map<Key, Metric*> series_;
};

}  // namespace cano::detail
