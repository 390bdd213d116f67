// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <format>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "../built.hpp"
#include "../corpus.hpp"
#include "../server/http.hpp"
#include "../server/questions.hpp"
#include "../zipf.hpp"
#include "page.hpp"

namespace knowledge_tool {

struct serve_arguments {
  http_server::options http{.port = 8420};
  std::vector<std::filesystem::path> replay;
  std::uint64_t rate = 200;
  unsigned threads = 2;
};

/// Asks in a circle, as fast as it can. A function of its own, so that its instructions can be counted.
template <class Cache>
[[gnu::noinline]] void ask_on(Cache& cache, std::vector<std::string> const& names, std::atomic<bool> const& stop) {
  while (!stop)
    for (auto const& name : names) (void)cache.get(name);
}

/// Asks for templates as replay does, so many times a second, until it is told to stop. Of one in ten it tells how the use
/// went: mostly well, with every seventh template mostly badly, so that the page has something to show.
template <class Cache>
void keep_asking(Cache& cache, serve_arguments const& given, std::vector<std::string> const& names, timed_hits& hits,
                 std::atomic<bool> const& stop) {
  if (given.rate == 0) {
    for (auto const& name : names) (void)cache.get(name);
    std::vector<std::jthread> all;
    for (unsigned i = 0; i < given.threads; ++i) all.emplace_back([&] { ask_on(cache, names, stop); });
    return;
  }
  zipf draw{names.size(), 0.99, 1};
  std::mt19937_64 dice{1};
  constexpr std::uint64_t turns = 50;  // a second
  auto next = std::chrono::steady_clock::now();
  for (std::uint64_t turn = 0; !stop; ++turn) {
    for (auto n = given.rate * (turn + 1) / turns - given.rate * turn / turns; n > 0 && !stop; --n) {
      auto const which = draw.next();
      auto const start = std::chrono::steady_clock::now();
      auto const found = cache.get(names[which]);
      if (found && found.tier() == strata::tier::hot) hits.add(std::chrono::steady_clock::now() - start);
      if constexpr (strata::knows_usage<Cache>)
        if (dice() % 10 == 0) (void)record_outcome(cache, names[which], dice() % 100 < (which % 7 == 0 ? 35 : 96));
    }
    next += std::chrono::milliseconds{1'000 / turns};
    if (auto const now = std::chrono::steady_clock::now(); now > next + std::chrono::seconds{1}) next = now;
    std::this_thread::sleep_until(next);
  }
}

void run_serve(auto& s, serve_arguments const& given) {
  auto const seen = s.seen;
  std::vector<std::string> names;
  for (auto& d : read_corpus(given.replay).documents) names.push_back(std::move(d.id));
  with_cache(s, [&](knowledge& cache) {
    questions<knowledge> ask{cache, seen};
    timed_hits hits;
    figures<knowledge> now{cache, seen, hits};
    auto settings = given.http;
    settings.files.assign(page_files.begin(), page_files.end());
    settings.stream = "/api/live";
    std::optional<http_server> server;
    try {
      server.emplace(settings, [&](http_request const& r) { return ask(r); });
    } catch (std::system_error const& why) {
      std::cerr << std::format("knowledge: {} port {}: {}\n", settings.address, settings.port, why.code().message());
      s.status = outcome::usage;
      return;
    }
    std::atomic<bool> stop{false};
    std::jthread asking;
    if (!names.empty()) asking = std::jthread{[&] { keep_asking(cache, given, names, hits, stop); }};
    bool const wide = settings.address.find(':') != std::string::npos;
    auto const url =
        std::format("http://{}{}{}:{}/", wide ? "[" : "", settings.address, wide ? "]" : "", server->port());
    if (s.json)
      std::cout << boost::json::value{{"url", url}} << std::endl;
    else
      std::cout << "The dashboard is at " << url << "   Ctrl-C ends it." << std::endl;
    using clock = std::chrono::steady_clock;
    for (auto next = clock::now(); !interrupted;) {
      auto [first, news] = now.take(server->pages());
      server->publish(std::move(first), std::move(news));
      for (next += std::chrono::seconds{1}; !interrupted && clock::now() < next;)
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
      if (clock::now() > next + std::chrono::seconds{5}) next = clock::now();  // this process was stopped
    }
    stop = true;
    if (asking.joinable()) asking.join();
    if (s.json) std::cout << boost::json::value{{"hits", cache.stats().hot.hits}} << std::endl;
  });
}

void add_serve(CLI::App& app, auto& s) {
  add_command<serve_arguments>(
      app, s, "serve", "Shows on a web page what this cache does, and what the fleet knows",
      "It reads and never writes. Browsers of this machine alone can reach it, unless --address says otherwise: then\n"
      "whoever reaches that address sees every template. /metrics is for Prometheus.\n\n"
      "Examples:\n"
      "  knowledge serve\n"
      "  knowledge serve --port 8080 --replay /usr/share/vim-snippets --rate 500",
      [](CLI::App& command, serve_arguments& given) {
        command.add_option("--port", given.http.port, "Where to listen; 0 takes any that is free")
            ->capture_default_str();
        command.add_option("--address", given.http.address, "On which of this machine's addresses")
            ->capture_default_str();
        command
            .add_option("--name", given.http.names, "By which name browsers call this machine, if not by the address")
            ->allow_extra_args(false);
        command
            .add_option(
                "--replay", given.replay,
                "Ask meanwhile for templates, as replay does: for the ids that import would give to what is there; "
                "how uses turned out is drawn at random")
            ->type_name("PATH")
            ->allow_extra_args(false);
        command.add_option("--rate", given.rate, "So many a second; 0: as many as --threads can")
            ->capture_default_str();
        command.add_option("--threads", given.threads, "How many ask at once where --rate is 0")
            ->capture_default_str()
            ->check(CLI::Range(1, 256));
      },
      [](auto& call, auto const& given) { run_serve(call, given); });
}

}  // namespace knowledge_tool
