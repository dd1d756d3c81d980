// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <cano/engine/detail/undo_log.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// The store of the run of a branch: the store of the split, and the place of its
/// value.
template <class V, class Store> class SplitSlot {
 public:
  using Value = V;
  using StoreType = Store;

  SplitSlot() = default;
  SplitSlot(Store& store, std::optional<V>& value) noexcept : store_{&store}, value_{&value} {}

  Store& store() const noexcept { return *store_; }
  std::optional<V>& value() const noexcept { return *value_; }

  template <class Work> decltype(auto) call(const Work& work, TaskContext& context) const {
    return detail::call(TaskFunction<Work, Store>{}, context, work, *store_);
  }
  template <class Work> decltype(auto) call_const(const Work& work, TaskContext& context) const {
    const Store& store = *store_;
    return detail::call(TaskFunction<Work, const Store>{}, context, work, store);
  }

 private:
  Store* store_ = nullptr;
  std::optional<V>* value_ = nullptr;
};

/// Whether the work on an item takes the store before it.
template <class Work, class Store, class Item>
inline constexpr bool takes_store = !callable<TheObjectItself, const Work&, const Item&> &&
                                    callable<TheObjectItself, const Work&, Store&, const Item&>;

template <class Work, class Store, class Item> consteval auto item_work_returns() {
  if constexpr (takes_store<Work, Store, Item>) {
    return std::type_identity<Returns<TheObjectItself, const Work&, Store&, const Item&>>{};
  } else {
    return std::type_identity<Returns<TheObjectItself, const Work&, const Item&>>{};
  }
}
/// What the work on an item returns, or `NotCallable`.
template <class Work, class Store, class Item>
using ItemWorkReturns = typename decltype(item_work_returns<Work, Store, Item>())::type;

/// The store of the run of an item of an `each`.
template <class V, class Store, class I> class ItemSlot {
 public:
  using Value = V;
  using StoreType = Store;

  ItemSlot() = default;
  ItemSlot(Store& store, const I& item, std::optional<V>& value) noexcept
      : store_{&store}, item_{&item}, value_{&value} {}

  std::optional<V>& value() const noexcept { return *value_; }
  Store* store() const noexcept { return store_; }
  const I& item() const noexcept { return *item_; }

  template <class Work> decltype(auto) call(const Work& work, TaskContext& context) const {
    return call_with_store(*store_, work, context);
  }
  template <class Work> decltype(auto) call_const(const Work& work, TaskContext& context) const {
    return call_with_store(static_cast<const Store&>(*store_), work, context);
  }

 private:
  template <class S, class Work>
  decltype(auto) call_with_store(S& store, const Work& work, TaskContext& context) const {
    if constexpr (takes_store<Work, S, I>) {
      return detail::call(the_object_itself, context, work, store, *item_);
    } else {
      return detail::call(the_object_itself, context, work, *item_);
    }
  }

  Store* store_ = nullptr;
  const I* item_ = nullptr;
  std::optional<V>* value_ = nullptr;
};

// ---- what is kept of them for an undo

/// A branch is undone over the store of the split.
template <class V, class Store> struct UndoTargetOf<SplitSlot<V, Store>> {
  static UndoTarget of(const SplitSlot<V, Store>& slot) { return {&slot.store()}; }
};

/// The arguments of the undo of the work on an item: the item is copied, as it ends with the
/// `each`.
template <class Store, class I> struct DoneItem {
  Store* store;
  I item;
};
template <class V, class Store, class I> struct UndoTargetOf<ItemSlot<V, Store, I>> {
  static UndoTarget of(const ItemSlot<V, Store, I>& slot) {
    if constexpr (std::copy_constructible<I>) {
      const std::shared_ptr<DoneItem<Store, I>> done{
          new DoneItem<Store, I>{slot.store(), slot.item()}};
      return {done.get(), done};
    } else {
      return {};
    }
  }
};

/// The undo of the work on an item, as that of a task over `DoneItem`.
template <class Work, class Store, class I> class ItemUndo {
 public:
  explicit ItemUndo(const Work& work) : work_{work} {}

  TaskConfig undo_config() const
    requires requires(const Work& work) { TaskConfig{work.undo_config()}; }
  {
    return work_.undo_config();
  }
  template <class Done>
    requires callable<UndoMember, const Work&, Store&, const I&>
  decltype(auto) undo(Done& done, TaskContext& context) const {
    return call(undo_member, context, work_, *done.store, std::as_const(done.item));
  }
  template <class Done>
    requires(!callable<UndoMember, const Work&, Store&, const I&> &&
             callable<UndoMember, const Work&, const I&>)
  decltype(auto) undo(Done& done, TaskContext& context) const {
    return call(undo_member, context, work_, std::as_const(done.item));
  }

 private:
  Work work_;
};

}  // namespace cano::detail
