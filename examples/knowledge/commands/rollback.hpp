// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstdint>
#include <format>
#include <iostream>
#include <string>

#include "../tool.hpp"
#include "put.hpp"

namespace knowledge_tool {

struct rollback_arguments {
  std::string id;
  std::uint64_t revision = 0;
};

void run_rollback(auto& s, rollback_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_history<std::remove_reference_t<decltype(cache)>>) {
      auto const former = strata::get_at(cache, given.id, strata::revision{given.revision});
      if (!former) {
        s.status = fail(s, given.id, former.error());
      } else if (!former->value) {
        s.status = outcome::absent;
        std::cerr << std::format(
            "knowledge: {}: there is no revision {} to go back to; `knowledge history` lists those there are\n",
            shown(given.id), given.revision);
      } else {
        tell(s, given.id, std::format("as in revision {} again", given.revision), cache.put(*former->value));
      }
    } else {
      s.status = fail(s, "rollback", no_history(s.tiers));
    }
  });
}

void add_rollback(CLI::App& app, auto& s) {
  add_command<rollback_arguments>(
      app, s, "rollback", "Writes a former revision of a template again, as its newest",
      "Examples:\n"
      "  knowledge history vim/c/main\n"
      "  knowledge rollback vim/c/main 4711",
      [](CLI::App& command, rollback_arguments& given) {
        command.add_option("ID", given.id, "What to bring back")->required();
        command.add_option("REVISION", given.revision, "As history lists it")->required();
      },
      [](auto& call, auto const& given) { run_rollback(call, given); });
}

}  // namespace knowledge_tool
