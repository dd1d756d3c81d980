// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>

#include <cano/detail/text.hpp>

namespace cano::detail {

/// The settings with which an observer makes all its metrics.
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
/// must not fill the server's memory: past the limit all new names become "other".
template <class Metric, std::size_t Labels> class Series {
 public:
  Series(const SeriesMaker& make, const std::string& name, const std::string& help,
         std::array<std::string_view, Labels> labels)
      : make_{make}, family_{make.family<Metric>(name, help)}, labels_{labels} {}

  template <std::same_as<std::string_view>... Values>
    requires(sizeof...(Values) == Labels)
  Metric& at(Values... values) {
    View key{values...};
    const std::lock_guard lock{mutex_};
    const auto known = series_.find(key);
    if (known != series_.end()) return *known->second;
    if (series_.size() < make_.max_series) return add(key);
    for (std::size_t i = 0; i < Labels; ++i) {
      if (!has_few_values(labels_[i])) key[i] = "other";
    }
    const auto others = series_.find(key);
    return others != series_.end() ? *others->second : add(key);
  }

 private:
  using View = std::array<std::string_view, Labels>;
  using Key = std::array<std::string, Labels>;

  struct Less {
    using is_transparent = void;
    template <class A, class B> bool operator()(const A& a, const B& b) const noexcept {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
    }
  };

  static bool has_few_values(std::string_view label) noexcept {
    return label == "outcome" || label == "reason";
  }

  Metric& add(const View& values) {
    Key key;
    std::copy(values.begin(), values.end(), key.begin());
    prometheus::Labels labels;
    for (std::size_t i = 0; i < Labels; ++i)
      labels.emplace(labels_[i], valid_utf8(key[i]));
    Metric* metric = nullptr;
    if constexpr (std::same_as<Metric, prometheus::Histogram>) {
      metric = &family_.Add(labels, make_.buckets);
    } else {
      metric = &family_.Add(labels);
    }
    series_.emplace(std::move(key), metric);
    return *metric;
  }

  const SeriesMaker& make_;
  prometheus::Family<Metric>& family_;
  std::array<std::string_view, Labels> labels_;
  std::mutex mutex_;
  std::map<Key, Metric*, Less> series_;
};

}  // namespace cano::detail
