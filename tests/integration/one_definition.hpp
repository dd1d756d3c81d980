// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <cano/duration.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/workflow/workflow.hpp>

// one_definition_library.cpp is built several times, with different options; each build gives the
// program a Library, and what one of them makes another one uses.
namespace one_definition {

enum class State { Load, Work, Done };

// Too large to be stored in a slot.
struct Order {
  std::string id;
  std::vector<int> cents;
};

class Library {
 public:
  virtual ~Library() = default;

  virtual const char* name() const = 0;
  virtual void fill(cano::MemoryStore& store) const = 0;
  virtual std::string read(const cano::MemoryStore& store) const = 0;
  virtual cano::Workflow<State> workflow() const = 0;
  virtual State run(const cano::Workflow<State>& workflow, cano::MemoryStore& store) const = 0;
  virtual cano::Duration waited(const cano::Workflow<State>& workflow) const = 0;
  virtual void change(cano::MemoryStore& store, const std::function<void()>& inside) const = 0;
  virtual void fail() const = 0;
  virtual std::string caught(const Library& thrower) const = 0;
  virtual std::string zone() const = 0;
};

const Library& plain();      // not optimised, static
const Library& optimised();  // optimised, without assertions, C++23, with time zones, static
const Library& hidden();     // optimised, a shared library that hides its symbols

}  // namespace one_definition
