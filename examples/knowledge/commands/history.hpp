// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <format>
#include <iostream>
#include <string>
#include <vector>

#include "../tool.hpp"
#include "get.hpp"

namespace knowledge_tool {

struct history_arguments {
  std::string id;
  std::size_t limit = 20;
};

inline boost::json::object json_of(strata::past<asset> const& one, std::string_view when) {
  boost::json::object o{{"revision", strata::number(one.revision)},
                        {"version", one.version},
                        {"written", when},
                        {"erased", one.operation == strata::operation::erase}};
  if (one.value) o["asset"] = json_of(*one.value);
  if (one.fault) o["error"] = one.fault->text();
  return o;
}

inline void print_history(invocation& s, std::string const& id, std::vector<strata::past<asset>> const& all) {
  if (all.empty()) {
    s.status = outcome::absent;
    std::cerr << "knowledge: " << shown(id) << ": there is and was nothing under this id\n";
  }
  boost::json::array objects;
  if (!s.json && !all.empty()) std::cout << "  revision  version  written (UTC)           bytes\n";
  for (auto const& one : all) {
    auto const when = std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(one.written));
    if (s.json) {
      objects.push_back(json_of(one, when));
    } else {
      auto const what = one.value   ? grouped(one.value->data.size())
                        : one.fault ? std::format("{}", *one.fault)
                                    : "erased";
      std::cout << std::format("{:>10} {:>8}  {} {:>8}\n", strata::number(one.revision), one.version, when, what);
    }
  }
  if (s.json) std::cout << boost::json::serialize(objects) << '\n';
}

void run_history(auto& s, history_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_history<std::remove_reference_t<decltype(cache)>>) {
      auto const past = strata::history(cache, given.id, given.limit);
      if (past)
        print_history(s, given.id, *past);
      else
        s.status = fail(s, given.id, past.error());
    } else {
      s.status = fail(s, "history", no_history(s.tiers));
    }
  });
}

void add_history(CLI::App& app, auto& s) {
  add_command<history_arguments>(
      app, s, "history", "Lists what a template has been, newest first",
      "Examples:\n"
      "  knowledge history vim/c/main\n"
      "  knowledge history --json vim/c/main | jq -r '.[1].asset.data'",
      [](CLI::App& command, history_arguments& given) {
        command.add_option("ID", given.id, "Whose past to list")->required();
        command.add_option("--limit", given.limit, "How many entries at most")
            ->capture_default_str()
            ->check(CLI::PositiveNumber);
      },
      [](auto& call, auto const& given) { run_history(call, given); });
}

}  // namespace knowledge_tool
