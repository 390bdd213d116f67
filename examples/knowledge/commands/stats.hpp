// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <cstddef>
#include <format>
#include <iostream>
#include <string>
#include <vector>

#include "../tool.hpp"

namespace knowledge_tool {

struct stats_arguments {
  std::size_t top = 10;
  bool no_tiers = false;
};

void run_stats(auto& s, stats_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    auto const health = cache.health();
    boost::json::object tiers;
    auto const tell = [&](char const* name, strata::tier_health const& tier) {
      if (given.no_tiers) return;
      if (s.json)
        tiers[name] = {{"up", tier.up}, {"text", tier.text}};
      else
        std::cout << std::format("{:<5} {}{}{}\n", name, tier.up ? "up" : "down", tier.text.empty() ? "" : ": ",
                                 tier.text);
      if (!tier.up) s.status = outcome::unavailable;
    };
    if (!s.json && !given.no_tiers) std::cout << s.tiers << '\n';
    tell("hot", health.hot);
    if constexpr (requires { cache.warm(); }) tell("warm", health.warm);
    if constexpr (requires { cache.cold(); }) tell("cold", health.cold);
    boost::json::array most_used;
    if constexpr (strata::knows_popular<std::remove_reference_t<decltype(cache)>>) {
      auto const popular = strata::popular(cache, given.top);
      if (!popular) {
        s.status = fail(s, "the most used", popular.error());
      } else {
        if (!s.json && !popular->empty()) std::cout << "     uses  most used\n";
        for (auto const& one : *popular) {
          if (s.json)
            most_used.push_back({{"id", one.key}, {"uses", one.count}});
          else
            std::cout << std::format("{:>9}  {}\n", grouped(one.count), shown(one.key));
        }
      }
    }
    if (s.json)
      std::cout << boost::json::value{{"built_with", s.tiers}, {"tiers", tiers}, {"most_used", most_used}} << '\n';
  });
}

void add_stats(CLI::App& app, auto& s) {
  add_command<stats_arguments>(
      app, s, "stats", "Tells how the tiers are, and which templates are most used",
      "Examples:\n"
      "  knowledge stats\n"
      "  knowledge stats --top 100 --json",
      [](CLI::App& command, stats_arguments& given) {
        command.add_flag("--no-tiers", given.no_tiers, "List the most used alone");
        command.add_option("--top", given.top, "How many of the most used to list")->capture_default_str();
      },
      [](auto& call, auto const& given) { run_stats(call, given); });
}

}  // namespace knowledge_tool
