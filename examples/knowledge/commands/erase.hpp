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

inline void run_erase(invocation& s, erase_arguments const& given) {
  with_cache(s, [&](knowledge& cache) {
    for (auto const& id : given.ids) {
      auto const done = cache.erase(id);
      tell(s, id, "erased", done);
      if (done && !done->changed && s.status == outcome::done) s.status = outcome::absent;
    }
  });
}

inline void add_erase(CLI::App& app, invocation& s) {
  add_command<erase_arguments>(
      app, s, "erase", "Erases templates in every tier; their history is kept",
      "Examples:\n"
      "  knowledge erase notes/today\n"
      "With several ids and --json, one object a line.",
      [](CLI::App& command, erase_arguments& given) {
        command.add_option("ID", given.ids, "What to erase")->required();
      },
      run_erase);
}

}  // namespace knowledge_tool
