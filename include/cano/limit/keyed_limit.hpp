// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/limit/limit.hpp>

namespace cano {

/// One limit for each key, made when it is first asked for: a customer, a host, a table.
///
///     KeyedLimit<std::string> per_customer{[] { return rate_limit(10, 1s, 10); }};
///     ...
///     const Permit permit = co_await per_customer.acquire(order.customer);
///
/// A limit that is unused, and that would do the same if it were made anew (its bucket is full,
/// its window empty, its permits all there), is forgotten: each call looks at two of them, those
/// first that were not asked for the longest. So it holds about as many as are in use, and nobody
/// can tell the difference.
///
/// **Threads.** All members are safe from any thread. The function that makes a limit may be called
/// by several at once.
/// **Lifetime.** It lives until a call has returned. What is awaited or held may outlive it.
template <class Key, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class KeyedLimit {
 public:
  /// `make`: called without an argument or with the key, gives the limit for it.
  template <class Make>
    requires(!std::same_as<std::remove_cvref_t<Make>, KeyedLimit> &&
             (std::is_invocable_r_v<std::shared_ptr<Limit>, Make&> ||
              std::is_invocable_r_v<std::shared_ptr<Limit>, Make&, const Key&>))
  explicit KeyedLimit(Make make) : make_{with_key(std::move(make))} {}
  KeyedLimit(const KeyedLimit&) = delete;
  KeyedLimit& operator=(const KeyedLimit&) = delete;
  ~KeyedLimit() = default;

  /// Waits for room in the limit of the key, see `Limit::acquire`.
  ///
  /// **Errors.** Throws what making the limit throws; `Error(Configuration)` when that is null.
  Async<Permit> acquire(const Key& key, LimitUse use) {
    std::shared_ptr<Limit> limit = limit_of(key);
    limit->require_room_for(use.cost);
    Limit& waits_for = *limit;
    return Limit::acquire_from(std::move(limit), waits_for, use);
  }
  /// @overload
  Async<Permit> acquire(const Key& key, std::size_t cost = 1) {
    return acquire(key, LimitUse{cost, {}});
  }

  /// Takes what is free at once, see `Limit::try_acquire`.
  std::optional<Permit> try_acquire(const Key& key, std::size_t cost = 1) {
    return limit_of(key)->try_acquire(cost);
  }

  /// How many limits there are.
  std::size_t size() const {
    const std::lock_guard lock{mutex_};
    return limits_.size();
  }

  /// Forgets all that are idle. Returns how many those were.
  std::size_t evict_idle() {
    const std::lock_guard lock{mutex_};
    const std::size_t before = order_.size();
    evict(before, detail::Loop::now_here());
    return before - order_.size();
  }

 private:
  struct Entry;
  using Limits = std::unordered_map<Key, Entry, Hash, Equal>;
  using Order = std::list<const Key*>;  // the keys of the map; the one used last is the last
  struct Entry {
    std::shared_ptr<Limit> limit;
    typename Order::iterator place;
  };
  using Make = std::function<std::shared_ptr<Limit>(const Key&)>;

  template <class F> static Make with_key(F make) {
    if constexpr (std::is_invocable_r_v<std::shared_ptr<Limit>, F&, const Key&>) {
      return make;
    } else {
      return [make = std::move(make)](const Key&) mutable { return make(); };
    }
  }

  std::shared_ptr<Limit> limit_of(const Key& key) {
    const steady_time now = detail::Loop::now_here();
    {
      const std::lock_guard lock{mutex_};
      if (std::shared_ptr<Limit> known = find(key)) {
        evict(2, now);
        return known;
      }
    }
    std::shared_ptr<Limit> made = make_(key);  // the user's code: not under the lock
    if (made == nullptr) {
      throw Error{Errc::Configuration, "KeyedLimit: the function gave no limit for a key"};
    }
    const std::lock_guard lock{mutex_};
    if (std::shared_ptr<Limit> known = find(key)) return known;  // another thread was sooner
    evict(2, now);
    return add(key, std::move(made));
  }

  // ---- with the mutex locked

  std::shared_ptr<Limit> find(const Key& key) {
    const auto found = limits_.find(key);
    if (found == limits_.end()) return nullptr;
    order_.splice(order_.end(), order_, found->second.place);
    return found->second.limit;
  }
  std::shared_ptr<Limit> add(const Key& key, std::shared_ptr<Limit> limit) {
    const auto place = order_.insert(order_.end(), nullptr);
    try {
      const auto added = limits_.emplace(key, Entry{limit, place}).first;
      *place = &added->first;
    } catch (...) {
      order_.erase(place);
      throw;
    }
    return limit;
  }
  // Of so many that were not used the longest; those that stay come last.
  void evict(std::size_t count, steady_time now) {
    for (; count != 0 && !order_.empty(); --count) {
      const auto each = limits_.find(*order_.front());
      // More owners: it is about to be used.
      if (each->second.limit.use_count() == 1 && each->second.limit->is_idle(now)) {
        limits_.erase(each);
        order_.pop_front();
      } else {
        order_.splice(order_.end(), order_, order_.begin());
      }
    }
  }

  Make make_;
  mutable std::mutex mutex_;
  Limits limits_;
  Order order_;
};

}  // namespace cano
