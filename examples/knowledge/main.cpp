// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <CLI/CLI.hpp>

#include <string>

#include "built.hpp"
#include "commands/doctor.hpp"
#include "commands/export.hpp"
#include "commands/search.hpp"
#include "commands/serve.hpp"
#include "commands/usage.hpp"
#include "program.hpp"
#ifdef KNOWLEDGE_EMBEDDED
#include "embedded.hpp"
#endif

int main(int argc, char** argv) {
  using namespace knowledge_tool;
#ifdef KNOWLEDGE_EMBEDDED
  if (!names_servers(argc, argv)) return run_embedded(argc, argv);
#endif
  return run_tool<knowledge>(
      argc, argv, {{strata::configured_names}, strata::configured_options<strata::knowledge_asset, observing>()},
      std::string{"Keeps templates in memory, NATS JetStream and PostgreSQL (built with "} + strata::configured_names +
          ")",
      [](CLI::App& app, auto& s) {
        add_export(app, s);
        add_serve(app, s);
        add_search(app, s);
        add_archive(app, s);
        add_doctor(app, s);
      });
}
