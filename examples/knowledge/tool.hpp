// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/batch.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/observe/counters.hpp>
#include <strata/query/history.hpp>
#include <strata/query/usage.hpp>

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <format>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "report.hpp"
#include "settings.hpp"

// What all commands share: the settings of a cache, whichever it is, and how a command ends.
namespace knowledge_tool {

using observing = strata::observer<strata::observe::counters>;
using asset = strata::knowledge_asset;

/// One call of the tool.
struct invocation {
  char const* tiers;  ///< for people
  std::chrono::milliseconds ready_within{5'000};
  bool json = false;
  outcome status = outcome::done;
};
template <class Cache>
struct invocation_of : invocation {
  typename Cache::options options;
  strata::observe::counters seen = options.observer;
};

/// Set by Ctrl-C and by a polite kill. Long commands look at it between two pieces of work.
inline std::atomic<bool> interrupted{false};
inline void watch_for_interrupts() {
  static_assert(std::atomic<bool>::is_always_lock_free);
  for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted = true; });
}

/// Says what went wrong, for a person or (--json) for a program, and how the tool will end.
inline outcome fail(invocation const& s, std::string_view about, strata::error const& why) {
  if (s.json)
    std::cerr << boost::json::value{{"error",
                                     {{"about", shown(about)},
                                      {"code", strata::to_string(why.code())},
                                      {"tier", strata::to_string(why.tier())},
                                      {"text", why.text()}}}}
              << '\n';
  else
    std::cerr << std::format("knowledge: {}{}{}\n", shown(about), about.empty() ? "" : ": ", why);
  return outcome_of(why.code());
}

/// Opens the cache, waits for its servers, and runs f(cache). A server that does not answer is told, and no reason to
/// stop: what the others can do is done.
template <class Cache, class F>
void with_cache(invocation_of<Cache>& s, F f) {
  make_room(s.options);
  auto opened = Cache::open(std::move(s.options));
  if (!opened) {
    s.status = fail(s, "", opened.error());
    return;
  }
  // Not ready(): memory that ends with one command need not follow what others write.
  auto state = opened->health();
  for (auto const until = std::chrono::steady_clock::now() + s.ready_within;
       !state.up() && !interrupted && std::chrono::steady_clock::now() < until; state = opened->health())
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  if (interrupted) {
    s.status = outcome::interrupted;
    return;
  }
  if (!state.up()) {
    bool const cold = !state.cold.up;
    std::cerr << std::format("knowledge: going on without it: {}\n",
                             strata::error{strata::errc::unavailable, cold ? strata::tier::cold : strata::tier::warm,
                                           cold ? state.cold.text : state.warm.text});
  }
  f(*opened);
}

inline strata::error no_history(char const* tiers) {
  return strata::error{strata::errc::unsupported, strata::tier::none,
                       std::string{"no tier keeps it; there are "} + tiers};
}

/// Arguments without a name, of which there may be any number, each taken as it is: where CLI11 itself fills a vector,
/// `[a,b]` is a list of two and `{}` one of none.
template <class T>
CLI::Option* offer_all(CLI::App& command, char const* name, std::vector<T>& all, char const* what) {
  constexpr int any = CLI::detail::expected_max_vector_size;
  return command.add_option(
                    name, [](CLI::results_t const&) { return true; }, what)
      ->each([&all](std::string const& one) { all.emplace_back(one); })
      ->type_name("TEXT")
      ->expected(any, any)
      ->take_all();
}

/// A command with arguments of its own: `offer(command, arguments)` names its options, `run(call, arguments)` does it.
template <class Arguments, class Invocation, class Offer, class Run>
void add_command(CLI::App& app, Invocation& s, char const* name, char const* what, char const* footer, Offer offer,
                 Run run) {
  auto* const command = app.add_subcommand(name, what);
  auto const arguments = std::make_shared<Arguments>();
  offer(*command, *arguments);
  command->add_flag("--json", s.json, "Print JSON, for programs");
  command->footer(footer);
  command->callback([&s, arguments, run] { run(s, *arguments); });
}

}  // namespace knowledge_tool
