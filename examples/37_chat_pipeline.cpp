// SPDX-License-Identifier: MIT
// A language model writes a sentence, criticises it and revises it until it likes it. Models are
// busy (429) or slow at times: each state tries again, and no attempt may take for ever.
//
//     37_chat_pipeline [subject]              talks to a stub in this process
//     37_chat_pipeline subject port model     talks to a server on this machine with the
//                                             chat-completions interface, such as llama.cpp's

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <cano/async/async.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>

#include "support/http.hpp"
#include "support/stub_model.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Next;
using cano::to;
using nlohmann::json;

enum class State { Draft, Critique, Revise, Done };

struct Essay {
  std::string subject;
  std::string text{};
  std::string critique{};
  int revisions = 0;
};

//! [model]
struct Model {
  http::tcp::endpoint server;
  std::string name;

  cano::Async<std::string> complete(std::string role, std::string text) const {
    const json question{{"model", name},
                        {"messages",
                         {{{"role", "system"}, {"content", std::move(role)}},
                          {{"role", "user"}, {"content", std::move(text)}}}}};
    auto request = http::json_request(http::verb::post, "/v1/chat/completions", question.dump());
    const auto response = co_await http::send(server, std::move(request));
    const unsigned status = response.result_int();
    if (status != 200) {
      // A server that is busy or broken may answer later; a request that is wrong stays wrong.
      const bool may_pass = status == 429 || status >= 500;
      throw cano::Error{may_pass ? cano::Errc::TaskExecution : cano::Errc::Configuration,
                        "the model's server says " + std::to_string(status)};
    }
    const json reply = json::parse(response.body());
    co_return reply.at("choices").at(0).at("message").at("content").get<std::string>();
  }
};
//! [model]

struct Draft {
  const Model& model;

  std::string prep(Essay& essay) const { return essay.subject; }
  cano::Async<std::string> exec(std::string subject) const {
    return model.complete("You write one sentence about what you are given.", std::move(subject));
  }
  Next<State::Critique> post(Essay& essay, std::string text) const {
    std::cout << "Draft:    " << text << '\n';
    essay.text = std::move(text);
    return to<State::Critique>;
  }
};

struct Critique {
  const Model& model;

  std::string prep(Essay& essay) const { return essay.text; }
  cano::Async<std::string> exec(std::string text) const {
    return model.complete(
        "You are a critic. Answer OK when the sentence has at most twelve words, otherwise say "
        "what is wrong with it.",
        std::move(text));
  }
  Next<State::Revise, State::Done> post(Essay& essay, std::string critique) const {
    std::cout << "Critique: " << critique << '\n';
    // It need not be perfect: a model that is never content must not keep us for ever.
    if (critique.starts_with("OK") || essay.revisions == 3) return to<State::Done>;
    essay.critique = std::move(critique);
    return to<State::Revise>;
  }
};

struct Revise {
  const Model& model;

  std::string prep(Essay& essay) const { return essay.text + "\nCritique: " + essay.critique; }
  cano::Async<std::string> exec(std::string text) const {
    return model.complete("You revise a sentence. Answer with the new sentence alone.",
                          std::move(text));
  }
  Next<State::Critique> post(Essay& essay, std::string text) const {
    ++essay.revisions;
    std::cout << "Revision: " << text << '\n';
    essay.text = std::move(text);
    return to<State::Critique>;
  }
};

struct ShowFailures : cano::Observer {
  void on_attempt_failed(const cano::AttemptFailed& failed) override {
    std::cout << "  (" << failed.error << (failed.will_retry ? "; trying again" : "") << ")\n";
  }
};

cano::Async<void> write_about(std::string subject, Model model, cano::Duration patience) {
  //! [workflow]
  const auto config = cano::TaskConfig{}.with_fixed_retry(3, 10ms).with_attempt_timeout(patience);
  const auto workflow = cano::Workflow<State, Essay>{State::Draft}
                            .add(State::Draft, Draft{model}, config)
                            .add(State::Critique, Critique{model}, config)
                            .add(State::Revise, Revise{model}, config)
                            .add_exit_state(State::Done)
                            .with_observer(std::make_shared<ShowFailures>());
  //! [workflow]
  Essay essay{.subject = std::move(subject)};
  co_await workflow.orchestrate(essay);
  std::cout << "Done after " << essay.revisions << " revision(s).\n";
}

cano::Async<void> write_with_stub(std::string subject) {
  const StubModel stub{co_await asio::this_coro::executor};
  Model model{stub.endpoint(), "stub"};
  co_await write_about(std::move(subject), std::move(model), 1s);
}

int main(int argc, char** argv) try {
  if (argc == 4) {
    const http::tcp::endpoint server{asio::ip::address_v4::loopback(), http::port_of(argv[2])};
    cano::run(write_about(argv[1], Model{server, argv[3]}, 60s));
  } else {
    cano::run(write_with_stub(argc > 1 ? argv[1] : "umbrella"));
  }
} catch (const std::exception& error) {
  std::cerr << "37_chat_pipeline: " << error.what() << '\n';
  return 1;
}
