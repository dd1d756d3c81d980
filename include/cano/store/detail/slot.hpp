// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <typeinfo>
#include <utility>

#include <cano/store/detail/json_sink.hpp>
#include <cano/store/detail/stored_type.hpp>
#include <cano/store/detail/type_name.hpp>

namespace cano::detail {

class Slot;

/// The operations of a store on a value of one type.
struct SlotType {
  const std::type_info* info;  // null without run-time type information
  bool stored_inline;
  std::string (*name)();
  Slot (*clone)(const Slot&);            // null: cannot be copied
  void (*json)(const Slot&, JsonSink&);  // null: cannot be written
};

/// One value of any type, or none. Copies of a slot share the value.
class Slot {
 public:
  Slot() noexcept = default;

  template <class T, class... Args> static Slot make(Args&&... args);

  Slot(const Slot& other) noexcept : type_{other.type_} {
    copy_bytes(other);
    if (boxed()) box()->references.fetch_add(1, std::memory_order_relaxed);
  }
  Slot(Slot&& other) noexcept : type_{std::exchange(other.type_, nullptr)} { copy_bytes(other); }
  Slot& operator=(Slot other) noexcept {
    swap(other);
    return *this;
  }
  ~Slot() {
    if (boxed() && box()->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete box();
  }

  void swap(Slot& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(bytes_, other.bytes_);
  }

  bool empty() const noexcept { return type_ == nullptr; }
  const SlotType& type() const noexcept { return *type_; }

  template <class T> bool holds() const noexcept;

  /// The value, which must be a `T`.
  template <class T> T& value() noexcept {
    if constexpr (StoredInline<T>) {
      return *at<T>();
    } else {
      return static_cast<BoxOf<T>*>(box())->value;
    }
  }
  template <class T> const T& value() const noexcept { return const_cast<Slot*>(this)->value<T>(); }

  /// Whether no other slot shares the value; what others did with it has happened before.
  bool unique() const noexcept {
    return !boxed() || box()->references.load(std::memory_order_acquire) == 1;
  }

 private:
  struct Box {
    Box() = default;
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;
    virtual ~Box() = default;

    std::atomic<std::uint32_t> references{1};
  };

  template <class T> struct BoxOf final : Box {
    template <class... Args> explicit BoxOf(Args&&... args) : value(std::forward<Args>(args)...) {}
    T value;
  };

  bool boxed() const noexcept { return type_ != nullptr && !type_->stored_inline; }
  Box* box() const noexcept { return *const_cast<Slot*>(this)->at<Box*>(); }
  void copy_bytes(const Slot& other) noexcept { bytes_ = other.bytes_; }

  template <class T> T* at() noexcept { return std::launder(reinterpret_cast<T*>(bytes_.data)); }

  struct Bytes {
    alignas(void*) std::byte data[16];
  };

  const SlotType* type_ = nullptr;
  Bytes bytes_{};  // a value that is StoredInline, or a Box*
};

template <class T> Slot clone_slot(const Slot& slot) { return Slot::make<T>(slot.value<T>()); }

template <class T> void write_slot(const Slot& slot, JsonSink& sink) {
  write_json(slot.value<T>(), sink);
}

template <class T> constexpr SlotType make_slot_type() noexcept {
  SlotType type{nullptr, StoredInline<T>, &type_name<T>, nullptr, nullptr};
#ifdef __cpp_rtti
  type.info = &typeid(T);
#endif
  if constexpr (StoreCopyable<T>) {
    type.clone = &clone_slot<T>;
    if constexpr (json_writable<T>()) type.json = &write_slot<T>;
  }
  return type;
}

template <class T> inline constexpr SlotType slot_type = make_slot_type<T>();

template <class T, class... Args> Slot Slot::make(Args&&... args) {
  Slot slot;
  if constexpr (StoredInline<T>) {
    ::new (slot.bytes_.data) T(std::forward<Args>(args)...);
  } else {
    ::new (slot.bytes_.data) Box*(new BoxOf<T>(std::forward<Args>(args)...));
  }
  slot.type_ = &slot_type<T>;
  return slot;
}

template <class T> bool Slot::holds() const noexcept {
  if (type_ == &slot_type<T>) return true;
  // A shared library may have a SlotType of its own for the same type.
  return type_ != nullptr && type_->info != nullptr && slot_type<T>.info != nullptr &&
         *type_->info == *slot_type<T>.info;
}

/// The value of a slot at one moment, with no lock held: shared, or copied when it is in the
/// slot.
template <class T> class HeldValue {
 public:
  // By reference: by value would be one move more, at each read.
  // NOLINTNEXTLINE(modernize-pass-by-value)
  explicit HeldValue(const Slot& slot) noexcept : slot_{slot} {}
  const T& operator*() const noexcept { return slot_.value<T>(); }

 private:
  Slot slot_;
};

template <StoredInline T> class HeldValue<T> {
 public:
  explicit HeldValue(const Slot& slot) noexcept : value_{slot.value<T>()} {}
  const T& operator*() const noexcept { return value_; }

 private:
  T value_;
};

}  // namespace cano::detail
