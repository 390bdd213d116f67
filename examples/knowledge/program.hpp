// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <CLI/CLI.hpp>

#include <poll.h>
#include <unistd.h>

#include <exception>
#include <format>
#include <iostream>
#include <string>

#include "commands/erase.hpp"
#include "commands/get.hpp"
#include "commands/history.hpp"
#include "commands/import.hpp"
#include "commands/put.hpp"
#include "commands/replay.hpp"
#include "commands/rollback.hpp"
#include "commands/stats.hpp"
#include "commands/usage.hpp"
#include "lines.hpp"
#include "settings.hpp"
#include "tool.hpp"

namespace knowledge_tool {

/// Whether whoever was given our output wants no more of it, as `head` does.
inline bool reader_has_gone() {
  ::pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/// One call of the tool over one kind of cache.
/// \param further  adds the commands that not every cache has
/// \returns        the exit code
template <class Cache, class Further>
int run_tool(int argc, char** argv, invocation_of<Cache> s, std::string const& about, Further further) {
  CLI::App app{about, "knowledge"};
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "knowledge " KNOWLEDGE_VERSION, "Print which version this is");
  app.get_formatter()->column_width(34);
  offer_settings(app, s.options, s.ready_within);
  add_import(app, s);
  add_get(app, s);
  add_put(app, s);
  add_erase(app, s);
  add_history(app, s);
  add_rollback(app, s);
  add_replay(app, s);
  add_stats(app, s);
  add_popular(app, s);
  add_outcome(app, s);
  further(app, s);
  app.footer(std::string{"`knowledge COMMAND --help` tells more of each.\n\n"} + exit_codes);
  watch_for_interrupts();
  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (CLI::ParseError const& wrong) {
    auto const commands = app.get_subcommands();
    auto const unknown = app.remaining();
    std::string what = wrong.what(), which;
    if (!commands.empty())
      which = " " + commands.front()->get_name();
    else if (!unknown.empty())
      what = std::format("there is no {} '{}'", unknown[0].starts_with('-') ? "option" : "command", shown(unknown[0]));
    std::cerr << std::format("knowledge: {}\nknowledge{} --help tells how it is used.\n", what, which);
    return static_cast<int>(outcome::usage);
  } catch (cut_short const& wrong) {
    std::cerr << "knowledge: " << wrong.what() << '\n';
    return static_cast<int>(outcome::incomplete);
  } catch (std::exception const& wrong) {
    std::cerr << "knowledge: " << wrong.what() << '\n';
    return static_cast<int>(outcome::usage);
  }
  if (!std::cout.flush() && !reader_has_gone()) {
    std::cerr << "knowledge: the standard output cannot be written to the end\n";
    if (s.status == outcome::done) s.status = outcome::incomplete;
  }
  return static_cast<int>(s.status);
}

}  // namespace knowledge_tool
