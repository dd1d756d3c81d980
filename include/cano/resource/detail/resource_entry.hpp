// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/resource/health.hpp>
#include <cano/resource/resource_options.hpp>

namespace cano::detail {

/// A resource of any type, with its name. It belongs to the holder of the lock of its set.
class ResourceEntry {
 public:
  ResourceEntry(std::string name, const ResourceOptions& limits)
      : name_{std::move(name)}, limits_{limits} {}
  ResourceEntry(const ResourceEntry&) = delete;
  ResourceEntry& operator=(const ResourceEntry&) = delete;
  virtual ~ResourceEntry() = default;

  const std::string& name() const noexcept { return name_; }
  const ResourceOptions& limits() const noexcept { return limits_; }
  bool is_up() const noexcept { return is_up_; }
  void set_up_is(bool whether) noexcept { is_up_ = whether; }

  virtual Async<void> set_up() = 0;
  virtual Async<void> tear_down() = 0;
  virtual Async<Health> health() = 0;

 private:
  std::string name_;
  ResourceOptions limits_;
  bool is_up_ = false;
};

template <class T>
concept HasSetUp = requires(T& resource) { resource.set_up(); };
template <class T>
concept HasTearDown = requires(T& resource) { resource.tear_down(); };
template <class T>
concept HasHealth = requires(T& resource) { resource.health(); };

/// A resource of type `T`.
template <class T> class ResourceEntryOf final : public ResourceEntry {
 public:
  ResourceEntryOf(std::string name, std::shared_ptr<T> resource, const ResourceOptions& limits)
      : ResourceEntry{std::move(name), limits}, resource_{std::move(resource)} {}

  Async<void> set_up() override {
    if constexpr (HasSetUp<T>) {
      if constexpr (std::is_void_v<decltype(resource_->set_up())>) {
        resource_->set_up();
      } else {
        auto work = resource_->set_up();
        co_await std::move(work);
      }
    }
    co_return;
  }
  Async<void> tear_down() override {
    if constexpr (HasTearDown<T>) {
      if constexpr (std::is_void_v<decltype(resource_->tear_down())>) {
        resource_->tear_down();
      } else {
        auto work = resource_->tear_down();
        co_await std::move(work);
      }
    }
    co_return;
  }
  Async<Health> health() override {
    if constexpr (!HasHealth<T>) {
      co_return Health::healthy();
    } else if constexpr (std::is_constructible_v<Health, decltype(resource_->health())>) {
      co_return Health{resource_->health()};
    } else {
      auto work = resource_->health();
      auto answer = co_await std::move(work);
      co_return Health{std::move(answer)};
    }
  }

 private:
  std::shared_ptr<T> resource_;
};

}  // namespace cano::detail
