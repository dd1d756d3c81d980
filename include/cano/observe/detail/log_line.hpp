// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/observe/describe.hpp>
#include <cano/observe/detail/json_writer.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/detail/time_text.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/span.hpp>

namespace cano::detail {

inline void append_fields(std::string& out, std::span<const Field> fields) {
  bool first = true;
  for (const Field& field : fields) {
    if (!first) out += ' ';
    first = false;
    append_one_line(out, field.name);
    out += '=';
    append_value(out, field.value);
  }
}

// orders{user_id=7}:run{id="5f3c01-12" parent="nightly#7" instance=3}:state{name="Fetch" attempt=2}
inline void append_path(std::string& out, const EventHead& head) {
  if (head.run == nullptr) {
    out += "run{id=";
    append_quoted(out, head.run_id);
    out += '}';
    return;
  }
  if (const Span* const span = head.run->span) {
    append_one_line(out, span->name());
    if (!span->fields().empty()) {
      out += '{';
      append_fields(out, span->fields());
      out += '}';
    }
    out += ':';
  }
  out += "run{id=";
  append_quoted(out, head.run->run_id);
  if (!head.run->parent_id.empty()) {
    out += " parent=";
    append_quoted(out, head.run->parent_id);
  }
  const bool is_instance = head.run->in_batch && head.target != concurrent_target;
  if (is_instance) {
    out += " instance=";
    append_number(out, head.run->instance_id);
  }
  out += '}';
  if (head.state.empty()) return;
  out += ":state{name=";
  append_quoted(out, head.state);
  if (head.attempt != 0) {
    out += " attempt=";
    append_number(out, head.attempt);
  }
  out += '}';
}

inline std::string_view colour_of(Level level) noexcept {
  switch (level) {
    case Level::Trace:
      return "\x1b[35m";
    case Level::Debug:
      return "\x1b[34m";
    case Level::Info:
      return "\x1b[32m";
    case Level::Warn:
      return "\x1b[33m";
    case Level::Error:
      break;
  }
  return "\x1b[31m";
}

/// `<time>  INFO <path>: <target>: <message> <fields>` and the end of the line.
inline std::string text_line(system_time time, const EventHead& head, std::span<const Field> fields,
                             bool colour) {
  const auto paint = [&](std::string_view code) { return colour ? code : std::string_view{}; };
  constexpr std::string_view faint = "\x1b[2m";
  constexpr std::string_view plain = "\x1b[0m";
  std::string out;
  out.append(paint(faint)).append(time_text(time)).append(paint(plain)).append(" ");
  const std::string_view level = to_string(head.level);
  out.append(5 - level.size(), ' ');
  out.append(paint(colour_of(head.level))).append(level).append(paint(plain)).append(" ");
  if (head.run != nullptr || !head.run_id.empty()) {
    append_path(out, head);
    out += ": ";
  }
  out.append(paint(faint)).append(head.target).append(":").append(paint(plain)).append(" ");
  append_one_line(out, head.message);
  if (!fields.empty()) out += ' ';
  append_fields(out, fields);
  out += '\n';
  return out;
}

/// The same as an object on a line of its own.
inline std::string json_line(system_time time, const EventHead& head,
                             std::span<const Field> fields) {
  JsonWriter line;
  line.add("time", time_text(time))
      .add("level", to_string(head.level))
      .add("target", head.target)
      .add("event", head.name)
      .add("message", head.message);
  if (head.run != nullptr) {
    if (const Span* const span = head.run->span) {
      line.add("span",
               JsonWriter{}.add("name", span->name()).add("fields", json_of(span->fields())));
    }
    line.add("run_id", head.run->run_id);
    if (!head.run->parent_id.empty()) line.add("parent_id", head.run->parent_id);
    if (head.run->in_batch && head.target != concurrent_target) {
      line.add("instance_id", head.run->instance_id);
    }
  } else if (!head.run_id.empty()) {
    line.add("run_id", head.run_id);
  }
  if (!head.state.empty()) line.add("state", head.state);
  if (head.attempt != 0) line.add("attempt", head.attempt);
  if (!fields.empty()) line.add("fields", json_of(fields));
  return line.text() + '\n';
}

}  // namespace cano::detail
