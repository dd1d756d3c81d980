// SPDX-License-Identifier: MIT
// Ten orders at once, and four ways to decide when to stop waiting for them.

#include <chrono>
#include <iostream>
#include <string_view>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/workflow/run.hpp>

using namespace std::chrono_literals;

enum class Order { Received, Packed, Shipped };

struct Parcel {
  bool in_stock = true;
};

// What is in stock is packed at once; for the rest the supplier takes an hour.
cano::Async<Order> pack(Parcel& parcel) {
  if (!parcel.in_stock) co_await cano::sleep_for(1h);
  co_return Order::Packed;
}

int main() {
  auto orders = cano::ConcurrentWorkflow<Order, Parcel>{Order::Received}
                    .add(Order::Received, pack)
                    .add(Order::Packed, [](Parcel&) { return Order::Shipped; })
                    .add_exit_state(Order::Shipped);

  const auto ship = [&](std::string_view what, int out_of_stock, cano::WaitStrategy strategy) {
    std::vector<Parcel> parcels(10);
    for (int i = 0; i < out_of_stock; ++i)
      parcels[static_cast<std::size_t>(i) * 2].in_stock = false;
    const auto [results, status] = cano::run(orders.execute_concurrent(parcels, strategy));
    std::cout << what << ": " << status.completed << " shipped, " << status.cancelled
              << " cancelled  ";
    for (const auto& result : results)
      std::cout << (result.is_success() ? '+' : '-');
    std::cout << '\n';
  };

  ship("wait forever          ", 0, cano::WaitForever{});
  ship("wait for 6            ", 4, cano::WaitForQuota{6});
  ship("wait 50 ms            ", 5, cano::WaitDuration{50ms});
  ship("wait for 9, or 50 ms  ", 3, cano::WaitQuotaOrDuration{9, 50ms});
}
