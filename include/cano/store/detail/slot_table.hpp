// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cano/store/detail/change_list.hpp>
#include <cano/store/detail/short_lock.hpp>
#include <cano/store/detail/slot.hpp>
#include <cano/store/detail/store_error.hpp>

namespace cano::detail {

// Eight bytes a step. std::hash calls into the standard library for 6 ns of the 16 that a `get`
// took. Of 32 bits, since the map divides by its number of buckets: of 64 that takes 4 ns more.
struct KeyHash {
  using is_transparent = void;

  std::size_t operator()(std::string_view key) const noexcept {
    const char* bytes = key.data();
    std::size_t left = key.size();
    std::uint64_t hash = left;
    for (; left > 8; left -= 8, bytes += 8)
      hash = mixed(hash, load<std::uint64_t>(bytes));
    return static_cast<std::size_t>(mixed(hash, tail(bytes, left)) >> 32);
  }

 private:
  static std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) noexcept {
    hash = (hash ^ word) * 0x9E37'79B9'7F4A'7C15u;
    return hash ^ (hash >> 32);
  }

  // Up to eight bytes in loads of a fixed size, which overlap: a copy of variable size is a call.
  static std::uint64_t tail(const char* bytes, std::size_t size) noexcept {
    if (size == 8) return load<std::uint64_t>(bytes);
    if (size >= 4) {
      return std::uint64_t{load<std::uint32_t>(bytes)} << 32 |
             load<std::uint32_t>(bytes + size - 4);
    }
    if (size == 0) return 0;
    return std::uint64_t{load<std::uint8_t>(bytes)} << 16 |
           std::uint64_t{load<std::uint8_t>(bytes + size / 2)} << 8 |
           load<std::uint8_t>(bytes + size - 1);
  }

  template <class Word> static Word load(const char* bytes) noexcept {
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }
};

/// The values of a store under their keys, and the one lock that guards them.
///
/// No code of a user runs under the lock: values that are taken out are destroyed after it is
/// released, and a value is read through a shared slot or, when it is changed in place, lent: its
/// slot in the table stays empty until it comes back.
class SlotTable {
 public:
  using Map = std::unordered_map<std::string, Slot, KeyHash, std::equal_to<>>;

  /// The value, or nothing when there is no such key.
  template <class T> std::optional<HeldValue<T>> read(std::string_view key) {
    std::unique_lock lock{mutex_};
    const Slot* slot = settled(lock, key);
    if (slot == nullptr) return std::nullopt;
    if (!slot->holds<T>()) throw type_mismatch(key, slot_type<T>, slot->type());
    return HeldValue<T>{*slot};
  }

  /// What was there is left in `value`.
  void put(std::string_view key, Slot& value) {
    const std::scoped_lock lock{mutex_};
    if (!changes_.empty()) changes_.overwrite(key);
    if (const auto found = map_.find(key); found != map_.end()) {
      found->second.swap(value);
    } else {
      map_.emplace(key, std::move(value));
    }
  }

  bool remove(std::string_view key) {
    Map::node_type removed;  // outlives the lock
    const std::scoped_lock lock{mutex_};
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    changes_.overwrite(key);
    removed = map_.extract(found);
    return true;
  }

  bool contains(std::string_view key) const {
    const std::scoped_lock lock{mutex_};
    return map_.find(key) != map_.end();
  }

  std::size_t size() const {
    const std::scoped_lock lock{mutex_};
    return map_.size();
  }

  /// In no order.
  std::vector<std::string> keys() const {
    const std::scoped_lock lock{mutex_};
    std::vector<std::string> keys;
    keys.reserve(map_.size());
    for (const auto& [key, slot] : map_)
      keys.push_back(key);
    return keys;
  }

  /// All values, shared.
  std::vector<std::pair<std::string, Slot>> snapshot() {
    std::unique_lock lock{mutex_};
    wait_for_lent_values(lock);
    return {map_.begin(), map_.end()};
  }

  /// A deep copy of all values.
  Map copy() {
    Map copies;
    for (const auto& [key, slot] : snapshot()) {
      if (slot.type().clone == nullptr) throw not_copyable(key, slot.type());
      copies.emplace(key, slot.type().clone(slot));
    }
    return copies;
  }

  /// The new values for all of the old ones, which it returns. What is lent does not come back.
  Map exchange(Map values) noexcept {
    const std::scoped_lock lock{mutex_};
    changes_.overwrite_all();
    map_.swap(values);
    std::erase_if(values, [](const auto& entry) { return entry.second.empty(); });
    return values;
  }

 private:
  friend class SlotChange;

  Slot* find(std::string_view key) {
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &found->second;
  }

  // The slot of a key as soon as it is not lent.
  Slot* settled(std::unique_lock<ShortLock>& lock, std::string_view key) {
    for (;;) {
      Slot* slot = find(key);
      if (slot == nullptr || !slot->empty()) return slot;
      changes_.wait(lock, key);
    }
  }

  void wait_for_lent_values(std::unique_lock<ShortLock>& lock) {
    const auto is_lent = [](const auto& entry) { return entry.second.empty(); };
    for (;;) {
      const auto lent = std::find_if(map_.begin(), map_.end(), is_lent);
      if (lent == map_.end()) return;
      const std::string key = lent->first;  // may go while the lock is free
      changes_.wait(lock, key);
    }
  }

  mutable ShortLock mutex_;
  Map map_;
  ChangeList changes_;
};

/// The right of one thread to change one key, for as long as this object lives.
///
/// Others that want to change the key wait. A put, remove or clear does not: it comes after this
/// change, whose result then goes nowhere.
class SlotChange {
 public:
  enum class Access {
    Shared,     // others may read the value meanwhile: the change makes a new one
    Exclusive,  // the value is lent to this object: the change is done in place
  };

  SlotChange(SlotTable& table, std::string_view key, Access access) : table_{table} {
    std::unique_lock lock{table.mutex_};
    while (table.changes_.find(key) != nullptr)
      table.changes_.wait(lock, key);
    change_.key = key;
    entry_ = table.find(key);
    lent_ = entry_ != nullptr && access == Access::Exclusive;
    if (lent_) {
      value_.swap(*entry_);
    } else if (entry_ != nullptr) {
      value_ = *entry_;
    }
    table.changes_.add(change_);
  }

  SlotChange(const SlotChange&) = delete;
  SlotChange& operator=(const SlotChange&) = delete;

  ~SlotChange() {
    if (finished_) return;
    const std::scoped_lock lock{table_.mutex_};
    if (lent_ && !change_.overwritten) entry_->swap(value_);
    finish();
  }

  /// The value when the change began; empty when there was none.
  Slot& value() noexcept { return value_; }

  /// Makes `fresh` the value of the key and ends the change. What it replaces is left in `fresh`.
  void commit(Slot& fresh) {
    const std::scoped_lock lock{table_.mutex_};
    if (change_.overwritten) return finish();
    if (entry_ != nullptr) {
      entry_->swap(fresh);
    } else {
      table_.map_.emplace(change_.key, std::move(fresh));
    }
    finish();
  }

  /// Ends an exclusive change by removing the key.
  void erase() noexcept {
    const std::scoped_lock lock{table_.mutex_};
    if (!change_.overwritten) table_.map_.erase(table_.map_.find(change_.key));
    finish();
  }

 private:
  void finish() noexcept {
    table_.changes_.remove(change_);
    finished_ = true;
  }

  SlotTable& table_;
  Slot value_;
  Slot* entry_ = nullptr;  // stays where it is unless overwritten
  bool lent_ = false;
  bool finished_ = false;
  Change change_;
};

}  // namespace cano::detail
