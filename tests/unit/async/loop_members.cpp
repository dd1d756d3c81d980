// SPDX-License-Identifier: MIT
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <cano/async/detail/loop_members.hpp>

#include "support/catch.hpp"

using cano::detail::LoopMember;
using cano::detail::LoopMembers;

namespace {

// Work that notes that it was cancelled, and then does something.
class NotingMember final : public LoopMember {
 public:
  NotingMember(std::string name, std::vector<std::string>& log)
      : name_{std::move(name)}, log_{log} {}
  void drop_work() noexcept override {}
  void cancel_work() noexcept override {
    log_.push_back(name_);
    if (then) then();
  }
  std::function<void()> then;

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

}  // namespace

TEST_CASE("members are added and removed in any order, and counted") {
  std::vector<std::string> log;
  NotingMember a{"a", log};
  NotingMember b{"b", log};
  LoopMembers members;
  CHECK(members.empty());
  CHECK(members.first() == nullptr);
  members.add(a);
  members.add(b);
  CHECK(members.size() == 2);
  CHECK(members.remove(a));
  CHECK_FALSE(members.remove(a));
  CHECK(members.first() == &b);
  CHECK(members.remove(b));
  CHECK(members.empty());
}

TEST_CASE("all are cancelled though one removes others or adds one") {
  std::vector<std::string> log;
  std::deque<NotingMember> work;
  LoopMembers members;
  for (const char* name : {"a", "b", "c", "d"})
    members.add(work.emplace_back(name, log));
  work.emplace_back("late", log);
  // The list begins with the last one.
  work[3].then = [&] {
    members.remove(work[3]);
    members.remove(work[2]);
    members.add(work[4]);  // at the front, which has been passed
  };
  members.cancel_all();
  CHECK(log == std::vector<std::string>{"d", "b", "a"});
  CHECK(members.size() == 3);
  while (LoopMember* const member = members.first())
    members.remove(*member);
}
