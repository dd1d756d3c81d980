// SPDX-License-Identifier: MIT
// The plain hop as a transition of a state machine of Boost.MSM.
#include <boost/mpl/vector.hpp>
#include <boost/msm/back/state_machine.hpp>
#include <boost/msm/front/functor_row.hpp>
#include <boost/msm/front/state_machine_def.hpp>

#include "peers/measure.hpp"

namespace {

namespace msm = boost::msm;

constexpr int hops = 100'000;

struct Go {
  int& left;
};

struct A : msm::front::state<> {};
struct B : msm::front::state<> {};

struct CountDown {
  template <class Machine, class Source, class Target>
  void operator()(const Go& go, Machine&, Source&, Target&) const {
    --go.left;
  }
};

struct Definition : msm::front::state_machine_def<Definition> {
  using initial_state = A;
  using no_message_queue = int;
  using no_exception_thrown = int;
  using transition_table = boost::mpl::vector<msm::front::Row<A, Go, B, CountDown>,
                                              msm::front::Row<B, Go, A, CountDown>>;
};

}  // namespace

int main() {
  measure::Results results{"boost_msm"};
  results.time("plain_hop_ns", hops, 1, [] {
    msm::back::state_machine<Definition> machine;
    machine.start();
    int left = hops;
    measure::keep(&left);
    const Go go{left};
    while (left > 0) {
      machine.process_event(go);
      measure::keep(&machine);
    }
  });
  results.print();
}
