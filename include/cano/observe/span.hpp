// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <cano/observe/field.hpp>

namespace cano {

/// A named context with fields that all events of a run carry.
///
///     workflow.with_tracing_span(Span{"user_data_processing"}.with("user_id", 12345));
///
/// The run carries it from task to task and from thread to thread; it is never tied to a thread.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe while `with` is not called.
class Span {
 public:
  /// A span without fields.
  explicit Span(std::string name) : name_{std::move(name)} {}

  /// Adds a field; a second one of the same name is kept beside the first.
  template <detail::FieldValueLike T> Span& with(std::string name, T&& value) & {
    fields_.emplace_back(std::move(name), std::forward<T>(value));
    return *this;
  }
  /// @overload
  template <detail::FieldValueLike T> Span&& with(std::string name, T&& value) && {
    return std::move(with(std::move(name), std::forward<T>(value)));
  }

  /// What the span is called.
  const std::string& name() const noexcept { return name_; }
  /// Its fields, in the order in which they were added.
  const std::vector<Field>& fields() const noexcept { return fields_; }

  /// Whether name and fields are equal.
  bool operator==(const Span&) const = default;

 private:
  std::string name_;
  std::vector<Field> fields_;
};

}  // namespace cano
