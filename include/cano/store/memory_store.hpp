// SPDX-License-Identifier: MIT
#pragma once

// store/: values under names, which the tasks of a run share.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <cano/error.hpp>
#include <cano/store/detail/append.hpp>
#include <cano/store/detail/json_of_slots.hpp>
#include <cano/store/detail/slot.hpp>
#include <cano/store/detail/slot_table.hpp>
#include <cano/store/detail/store_error.hpp>
#include <cano/store/detail/stored_type.hpp>
#include <cano/store/key.hpp>

namespace cano {

/// Values of any type under names: how the tasks of a workflow share data when no struct is wanted.
///
/// A copy of a store is a deep copy. Text is kept as `std::string`, also a literal or a
/// `std::string_view`. Every call that takes a key takes a `Key<T>` too, which names the type once.
/// A move-only value is put, lent with `with` and `update`, and taken; a store that holds one
/// cannot be copied.
///
/// **Errors.** `Error(KeyNotFound)`: no value under the key. `Error(TypeMismatch)`: a value of
/// another type, which the message names. A call that throws changes nothing.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe, except to move one, to assign by move
/// or to destroy it. Each call is atomic, and none of them runs the caller's code (callbacks,
/// copies, destructors of values) under a lock: such code may use the same store. Only one thing
/// cannot work: to change a key inside a change of the same key, or to read it where it is lent;
/// that throws `Error(Store)`, as do changes that are nested in opposite order by two threads.
///
///     MemoryStore store;
///     store.put("name", "Alice");
///     store.append("scores", 85);
///     store.update<int>("visits", [](int& n) { ++n; });
///     auto name = store.get<std::string>("name");
class MemoryStore {
 public:
  /// An empty store.
  MemoryStore() = default;

  /// A copy of every value.
  ///
  /// **Errors.** `Error(Store)` naming the first key found whose value cannot be copied.
  MemoryStore(const MemoryStore& other) { table_.exchange(other.table_.copy()); }
  /// Takes the values of a store, which is empty then.
  MemoryStore(MemoryStore&& other) noexcept { table_.exchange(other.table_.exchange({})); }
  /// Replaces all values by copies; on an error nothing changes.
  MemoryStore& operator=(const MemoryStore& other) {
    if (this != &other) table_.exchange(other.table_.copy());
    return *this;
  }
  /// Replaces all values by those of a store, which is empty then.
  MemoryStore& operator=(MemoryStore&& other) noexcept {
    if (this != &other) table_.exchange(other.table_.exchange({}));
    return *this;
  }
  /// Destroys the values, whose destructors may still use the store.
  ~MemoryStore() {
    // The destructors of the values find the store empty, not half destroyed.
    while (!empty())
      clear();
  }

  /// Sets the value of a key, whatever it was.
  template <class T> void put(std::string_view key, T&& value) {
    using Value = detail::Stored<T>;
    static_assert(detail::Storable<Value>, "cano: a value in a store must be movable");
    static_assert(std::is_constructible_v<Value, T&&>,
                  "cano: this value cannot be copied into a store: std::move it");
    detail::check_text(key, value);
    detail::Slot slot = detail::Slot::make<Value>(std::forward<T>(value));
    table_.put(key, slot);
  }

  /// A copy of the value.
  template <class T> T get(std::string_view key) const {
    static_assert(detail::can_be_copied<T>());
    const auto held = table_.read<T>(key);
    if (!held) throw key_not_found(key);
    return **held;
  }

  /// A copy of the value, or nothing where `get` throws `Error(KeyNotFound)`.
  template <class T> std::optional<T> find(std::string_view key) const {
    static_assert(detail::can_be_copied<T>());
    const auto held = table_.read<T>(key);
    return held ? std::optional<T>{**held} : std::nullopt;
  }

  /// A copy of the value, or `fallback` where `get` throws `Error(KeyNotFound)`.
  template <class T> detail::Stored<T> get_or(std::string_view key, T fallback) const {
    using Value = detail::Stored<T>;
    static_assert(detail::can_be_copied<Value>());
    const auto held = table_.read<Value>(key);
    if (held) return **held;
    detail::check_text(key, fallback);
    return Value(std::move(fallback));
  }

  /// The value itself, without a copy: it stays as it is for as long as the pointer lives, whatever
  /// becomes of the key or the store. (A small plain value, such as a number, is copied.)
  ///
  /// For large values that are read for longer than a call: by a coroutine that waits meanwhile, or
  /// on another thread. A change of the key then makes a new value; `append` and `take` copy the
  /// old one first.
  template <class T> std::shared_ptr<const T> share(std::string_view key) const {
    static_assert(detail::can_be_shared<T>());
    const auto held = table_.read<T>(key);
    if (!held) throw key_not_found(key);
    const auto kept = std::make_shared<const detail::HeldValue<T>>(*held);
    return {kept, &**kept};
  }

  /// Calls `read(const T&)` with the value itself and returns what it returns.
  ///
  /// The value stays as it is during the call, whatever others put meanwhile; do not return a
  /// reference into it. A move-only value is lent to one caller at a time.
  template <class T, class F> decltype(auto) with(std::string_view key, F&& read) const {
    static_assert(detail::can_be_stored<T>());
    static_assert(std::is_invocable_v<F, const T&>, "cano: with<T>() calls read(const T&)");
    if constexpr (detail::StoreCopyable<T>) {
      const auto held = table_.read<T>(key);
      if (!held) throw key_not_found(key);
      return std::invoke(std::forward<F>(read), **held);
    } else {
      detail::SlotChange loan{table_, key, Access::Exclusive};
      if (loan.value().empty()) throw key_not_found(key);
      return std::invoke(std::forward<F>(read), std::as_const(expected<T>(loan, key)));
    }
  }

  /// Calls `change(T&)` once with the value, or with `T{}` when there is none, and keeps the
  /// result.
  ///
  /// Atomic: no other update, append or take of the key happens in between. A put, remove or clear
  /// that does, also one by `change`, comes after the update and wins. Readers see the old value
  /// until the call ends; when `change` throws it stays. Only a move-only value is changed in
  /// place: a `change` that throws leaves it as far as it got.
  ///
  /// **Errors.** `Error(KeyNotFound)` when there is none and a `T` needs arguments to be made.
  template <class T, class F> void update(std::string_view key, F&& change) {
    static_assert(detail::can_be_stored<T>());
    static_assert(std::is_invocable_v<F, T&>, "cano: update<T>() calls change(T&)");
    detail::Slot fresh;  // destroys what it has in the end, when the key is free again
    detail::SlotChange slot{table_, key,
                            detail::StoreCopyable<T> ? Access::Shared : Access::Exclusive};
    if (slot.value().empty()) {
      fresh = default_slot<T>(key);
    } else {
      T& value = expected<T>(slot, key);
      if constexpr (detail::StoreCopyable<T>) {
        fresh = detail::Slot::make<T>(std::as_const(value));
      } else {
        std::invoke(std::forward<F>(change), value);
        return;
      }
    }
    std::invoke(std::forward<F>(change), fresh.value<T>());
    slot.commit(fresh);
  }

  /// Adds to the end of the `std::vector` of the key, which it makes when there is none.
  ///
  /// **Errors.** `Error(AppendTypeMismatch)` when the key holds something else.
  template <class T> void append(std::string_view key, T&& item) {
    using Item = detail::Stored<T>;
    using Items = std::vector<Item>;
    static_assert(detail::Storable<Item>, "cano: a value in a store must be movable");
    detail::check_text(key, item);
    detail::Slot fresh;
    detail::SlotChange slot{table_, key, Access::Exclusive};
    if (!slot.value().empty() && !slot.value().holds<Items>()) {
      throw detail::append_type_mismatch(key, detail::slot_type<Items>, slot.value().type());
    }
    if (slot.value().empty() || !detail::append_in_place(slot.value(), std::forward<T>(item))) {
      fresh = detail::appended<Item>(slot.value(), std::forward<T>(item));
      slot.commit(fresh);
    }
  }

  /// Moves the value out of the store, or gives nothing when there is none.
  template <class T> std::optional<T> take(std::string_view key) {
    static_assert(detail::can_be_stored<T>());
    detail::SlotChange slot{table_, key, Access::Exclusive};
    if (slot.value().empty()) return std::nullopt;
    std::optional<T> taken = detail::moved_out(expected<T>(slot, key), slot.value().unique());
    slot.erase();
    return taken;
  }

  /// Whether there was a value to remove.
  bool remove(std::string_view key) { return table_.remove(key); }

  /// Whether there is a value under the key, of any type.
  bool contains(std::string_view key) const { return table_.contains(key); }

  /// The keys at this moment, sorted.
  std::vector<std::string> keys() const {
    std::vector<std::string> keys = table_.keys();
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  /// How many values there are.
  std::size_t size() const { return table_.size(); }
  /// Whether there are none.
  bool empty() const { return size() == 0; }
  /// Destroys all values.
  void clear() { table_.exchange({}); }

  /// The values at this moment as a JSON object: what nlohmann_json can write, and of the others
  /// `{"type": "..."}`. Include `<nlohmann/json.hpp>` to call it.
  ///
  /// What is not UTF-8 in texts and keys is replaced by U+FFFD; keys that become the same are
  /// numbered.
  template <std::same_as<nlohmann::json> Json = nlohmann::json> auto to_json() const {
    static_assert(requires { sizeof(Json); }, "cano: to_json() needs #include <nlohmann/json.hpp>");
    return detail::json_of_slots<Json>(table_.snapshot());
  }

  /// @overload
  template <class T> void put(Key<T> key, std::type_identity_t<T> value) {
    put(key.name, std::move(value));
  }
  /// @overload
  template <class T> T get(Key<T> key) const { return get<T>(key.name); }
  /// @overload
  template <class T> std::optional<T> find(Key<T> key) const { return find<T>(key.name); }
  /// @overload
  template <class T> T get_or(Key<T> key, std::type_identity_t<T> fallback) const {
    return get_or<T>(key.name, std::move(fallback));
  }
  /// @overload
  template <class T> void append(Key<std::vector<T>> key, std::type_identity_t<T> item) {
    append(key.name, std::move(item));
  }
  /// @overload
  template <class T> std::shared_ptr<const T> share(Key<T> key) const { return share<T>(key.name); }
  /// @overload
  template <class T, class F> decltype(auto) with(Key<T> key, F&& read) const {
    return with<T>(key.name, std::forward<F>(read));
  }
  /// @overload
  template <class T, class F> void update(Key<T> key, F&& change) {
    update<T>(key.name, std::forward<F>(change));
  }
  /// @overload
  template <class T> std::optional<T> take(Key<T> key) { return take<T>(key.name); }
  /// @overload
  template <class T> bool remove(Key<T> key) { return remove(key.name); }
  /// @overload
  template <class T> bool contains(Key<T> key) const { return contains(key.name); }

 private:
  using Access = detail::SlotChange::Access;

  // Suggests the key that was meant, unless there are so many keys that this would take long.
  [[gnu::noinline]] Error key_not_found(std::string_view key) const {
    constexpr std::size_t many = 1000;
    return detail::key_not_found(key, size() > many ? std::vector<std::string>{} : keys());
  }

  template <class T> static T& expected(detail::SlotChange& slot, std::string_view key) {
    if (slot.value().holds<T>()) return slot.value().template value<T>();
    throw detail::type_mismatch(key, detail::slot_type<T>, slot.value().type());
  }

  template <class T> detail::Slot default_slot(std::string_view key) const {
    if constexpr (std::default_initializable<T>) {
      return detail::Slot::make<T>();
    } else {
      throw key_not_found(key);
    }
  }

  // Reading lends a move-only value, so it has to be changed by calls that are const.
  mutable detail::SlotTable table_;
};

}  // namespace cano
