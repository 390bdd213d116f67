// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <format>
#include <iostream>
#include <string>
#include <vector>

#include "../tool.hpp"
#include "put.hpp"

namespace knowledge_tool {

struct erase_arguments {
  std::vector<std::string> ids;
};

void run_erase(auto& s, erase_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    for (auto const& id : given.ids) {
      if (interrupted) {
        s.status = outcome::interrupted;
        return;
      }
      auto const done = cache.erase(id);
      tell(s, id, "erased", done);
      if (done && !done->changed && s.status == outcome::done) s.status = outcome::absent;
    }
  });
}

void add_erase(CLI::App& app, auto& s) {
  add_command<erase_arguments>(
      app, s, "erase", "Erases templates in every tier; their history is kept",
      "Examples:\n"
      "  knowledge erase notes/today\n"
      "With several ids and --json, one object a line.",
      [](CLI::App& command, erase_arguments& given) {
        offer_all(command, "ID", given.ids, "What to erase")->required();
      },
      [](auto& call, auto const& given) { run_erase(call, given); });
}

}  // namespace knowledge_tool
