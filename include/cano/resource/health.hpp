// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/duration.hpp>

namespace cano {

/// How well something works, from best to worst.
enum class HealthStatus : std::uint8_t {
  Healthy,    ///< As it should.
  Degraded,   ///< It works, but needs attention.
  Unhealthy,  ///< It does not.
};

/// "healthy", "degraded" or "unhealthy".
constexpr std::string_view to_string(HealthStatus status) noexcept {
  switch (status) {
    case HealthStatus::Healthy:
      return "healthy";
    case HealthStatus::Degraded:
      return "degraded";
    case HealthStatus::Unhealthy:
      break;
  }
  return "unhealthy";
}

/// What a resource says when it is asked how it is; from a `bool`, or one of the functions.
///
///     Async<Health> health() { co_return lag_ < 10s ? Health::healthy() :
///     Health::degraded("lags"); }
class Health {
 public:
  /// Healthy or unhealthy.
  Health(bool is_healthy) noexcept  // NOLINT(google-explicit-constructor)
      : status_{is_healthy ? HealthStatus::Healthy : HealthStatus::Unhealthy} {}
  /// As it should be.
  static Health healthy() { return {HealthStatus::Healthy, {}}; }
  /// It works, but needs attention.
  static Health degraded(std::string why) { return {HealthStatus::Degraded, std::move(why)}; }
  /// It does not work.
  static Health unhealthy(std::string why) { return {HealthStatus::Unhealthy, std::move(why)}; }

  /// How well it works.
  HealthStatus status() const noexcept { return status_; }
  /// What is wrong; empty where nothing is, or nothing was said.
  const std::string& message() const noexcept { return message_; }

 private:
  Health(HealthStatus status, std::string message)
      : status_{status}, message_{std::move(message)} {}

  HealthStatus status_;
  std::string message_;
};

/// How one resource of a set is.
struct ResourceHealth {
  std::string name;                             ///< As it was added.
  HealthStatus status = HealthStatus::Healthy;  ///< What it said; unhealthy where it failed to.
  std::string message{};                        ///< What is wrong; empty where nothing is.
  Duration elapsed{};                           ///< How long it took to say so.
};

/// How all resources of a set are, in the order in which they were added.
struct HealthReport {
  std::vector<ResourceHealth> resources{};  ///< One for each.

  /// The worst of them; healthy where there are none.
  HealthStatus status() const noexcept {
    HealthStatus worst = HealthStatus::Healthy;
    for (const ResourceHealth& each : resources)
      if (each.status > worst) worst = each.status;
    return worst;
  }
  /// Whether all work, some perhaps not well.
  bool works() const noexcept { return status() != HealthStatus::Unhealthy; }
};

}  // namespace cano
