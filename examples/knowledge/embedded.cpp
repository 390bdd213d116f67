// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "embedded.hpp"

#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/sqlite.hpp>
#include <strata/hot/lru.hpp>
#include <strata/none.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "program.hpp"

namespace knowledge_tool {
namespace {

using embedded =
    strata::cache<strata::hot::lru, strata::none, strata::cold::sqlite, strata::codec::json<asset>, observing>;

/// A command that there is only with servers, and says so.
void add_elsewhere(CLI::App& app, invocation& s, char const* name) {
  auto* const command = app.add_subcommand(name, "Wants PostgreSQL: --postgres");
  command->fallthrough(false)->allow_extras();  // whatever its arguments would be
  command->add_flag("--json", s.json, "Print JSON, for programs");
  command->footer("Examples:\n  knowledge --postgres dbname=knowledge " + std::string{name} + " --help");
  command->callback([&s, name] {
    s.status =
        fail(s, name,
             strata::error{strata::errc::unsupported, strata::tier::none,
                           "it wants PostgreSQL, and this is a SQLite file: say where a server is by --postgres"});
  });
}

}  // namespace

bool names_servers(int argc, char** argv) {
  static constexpr std::array options{"--postgres", "--table", "--nats", "--stream"};
  auto const set = [](char const* name) { return std::getenv(name) != nullptr; };
  // Who sets libpq's variables may have other programs in mind.
  bool servers = set("STRATA_POSTGRES") || set("STRATA_NATS") ||
                 (!set("STRATA_FILE") && (set("PGHOST") || set("PGSERVICE") || set("PGDATABASE")));
  for (int i = 1; i < argc; ++i) {
    std::string_view const argument{argv[i]};
    if (argument == "--file" || argument.starts_with("--file=")) return false;
    servers = servers || std::ranges::any_of(options, [&](char const* name) { return argument.starts_with(name); });
  }
  return servers;
}

int run_embedded(int argc, char** argv) {
  return run_tool<embedded>(
      argc, argv, {{"hot lru, warm none, cold sqlite, codec json"}, {}},
      "Keeps templates in memory and a SQLite file; with --postgres and --nats, or their variables, "
      "in memory, NATS JetStream and PostgreSQL",
      [](CLI::App& app, invocation& s) {
        for (auto const* name : {"export", "serve", "search", "similar", "archive", "doctor"})
          add_elsewhere(app, s, name);
      });
}

}  // namespace knowledge_tool
