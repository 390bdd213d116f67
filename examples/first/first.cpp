// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The first program. The regions between markers stand in README.md too.
// [types]
#include <strata/knowledge.hpp>

using knowledge = strata::cache<strata::hot::lru, strata::warm::jetstream, strata::cold::postgres,
                                strata::codec::json<strata::knowledge_asset>>;
// [/types]

#include <chrono>
#include <coroutine>
#include <cstdlib>
#include <exception>
#include <format>
#include <future>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string from_environment(char const* name, char const* otherwise) {
  char const* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

strata::knowledge_asset build_plan() {
  return {.id = "sparc-plan",
          .asset_type = "pattern",
          .data = "specification, pseudocode, architecture, refinement, completion"};
}

// Any coroutine may await a co_ verb; this one belongs to nobody and tells a promise when it is done.
struct detached {
  struct promise_type {
    static detached get_return_object() noexcept { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() noexcept { std::terminate(); }
  };
};
// [await]
detached read_later(knowledge& cache, std::string id, std::promise<std::string>& done) {
  auto hit = co_await cache.co_get(id);  // a hot hit never suspends; else this goes on, on the cache's threads
  done.set_value(hit ? hit->data : "");
}
// [/await]

int failed(std::string_view what, strata::error const& why) {
  std::cerr << std::format("{}: {}\n", what, why);
  return 1;
}

}  // namespace

int main() {
  auto const nats = from_environment("STRATA_TEST_NATS", "nats://127.0.0.1:4222");
  auto const postgres = from_environment("STRATA_TEST_POSTGRES", "dbname=knowledge");
  std::string const text = "fn main() {}";
  // [use]
  auto opened = knowledge::open({.hot = {.capacity_entries = 1000},
                                 .warm = {.servers = {nats}, .replicas = 1},
                                 .cold = {.connection = postgres}});  // a server that is down is no error
  if (!opened) return failed("open", opened.error());
  auto& cache = *opened;
  (void)cache.ready({.within = std::chrono::seconds{60}});  // for who would rather wait: a new table takes its time

  strata::knowledge_asset made{.id = "rust-microservice", .asset_type = "template", .data = text};
  auto receipt = cache.put(made);  // version, revision, and which tiers have it
  if (!receipt) return failed("put", receipt.error());

  auto hit = cache.get("rust-microservice");
  if (hit.failed()) return failed("get", hit.error());
  std::cout << (hit ? hit->data : "nobody has it") << ", says " << to_string(hit.tier()) << '\n';  // absent is no error
  // [/use]
  std::cout << "version " << receipt->version << ", in warm: " << receipt->in(strata::tier::warm) << '\n';

  // [more]
  auto plan = cache.get_or_load("sparc-plan", [] { return build_plan(); });  // one loader per key, however many callers
  if (!plan) return failed("get_or_load", plan.error());

  for (auto const& [id, found] : cache.get_many(std::vector<std::string>{"rust-microservice", "sparc-plan", "none"}))
    std::cout << id << (found ? ": found\n" : ": not found\n");  // one round trip per tier for all of them

  auto changed = *hit;
  changed.data += " // changed";
  auto first = cache.put_if(hit, changed);   // only if what I read is still current
  auto second = cache.put_if(hit, changed);  // it is not any more
  std::cout << "first " << first.has_value() << ", second: " << to_string(second.error().code()) << '\n';

  auto all = strata::history(cache, "rust-microservice", 10);  // questions to a tier are free functions
  if (!all) return failed("history", all.error());
  std::cout << all->size() << " revisions are kept\n";
  // [/more]

  std::promise<std::string> done;
  read_later(cache, "rust-microservice", done);
  std::cout << done.get_future().get() << '\n';

  bool const right = first && !second && second.error() == strata::errc::conflict && all->size() >= 2;
  if (!right) std::cerr << "not what was expected\n";
  return right ? 0 : 1;
}
