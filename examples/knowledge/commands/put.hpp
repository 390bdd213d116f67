// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <format>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../corpus.hpp"
#include "../tool.hpp"

namespace knowledge_tool {

struct put_arguments {
  std::string id;
  std::string file = "-";
  std::optional<std::string> data;
  std::string type = "template";
  std::vector<std::string> metadata;
  std::optional<std::uint64_t> if_revision;
};

/// "cold, warm, hot", as far as they have it.
inline std::string tiers_of(strata::receipt const& r) {
  std::string names;
  for (auto const where : {strata::tier::cold, strata::tier::warm, strata::tier::hot})
    if (r.in(where)) names.append(names.empty() ? "" : ", ").append(strata::to_string(where));
  return names;
}

/// Prints what a write did.
inline void tell(invocation& s, std::string_view id, std::string_view verb,
                 strata::result<strata::receipt> const& done) {
  if (!done) {
    s.status = fail(s, id, done.error());
  } else if (s.json) {
    std::cout << boost::json::value{{"id", id},
                                    {"changed", done->changed},
                                    {"revision", strata::number(done->revision)},
                                    {"version", done->version},
                                    {"degraded", done->degraded},
                                    {"tiers", tiers_of(*done)}}
              << '\n';
  } else if (!done->changed) {
    std::cout << std::format("{}: unchanged, nothing was written\n", shown(id));
  } else {
    std::cout << std::format("{}: {}, revision {}, version {}, in {}{}\n", shown(id), verb,
                             strata::number(done->revision), done->version, tiers_of(*done),
                             done->degraded ? "; a tier above cold could not be told" : "");
  }
}

/// What the standard input holds. Nothing has been done yet, so Ctrl-C ends this as it ends other programs.
/// \errors throws std::runtime_error: it cannot be read to its end
inline std::string standard_input() {
  for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
  if (std::ferror(stdin) != 0) throw std::runtime_error{std::format("the standard input: {}", std::strerror(errno))};
  watch_for_interrupts();
  return text;
}

void run_put(auto& s, put_arguments const& given) {
  asset a{.id = given.id, .asset_type = given.type};
  for (auto const& pair : given.metadata) {
    auto const equals = pair.find('=');
    if (equals == std::string::npos) throw CLI::ValidationError{"--meta", pair + ": not of the form KEY=VALUE"};
    a.metadata[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (given.data)
    a.data = *given.data;
  else if (given.file == "-")
    a.data = standard_input();
  else
    a.data = text_of({.id = {}, .text = {}, .file = given.file, .metadata = {}});
  with_cache(s, [&](auto& cache) {
    tell(
        s, given.id, "written",
        given.if_revision ? cache.put_if(strata::revision{*given.if_revision}, std::move(a)) : cache.put(std::move(a)));
  });
}

void add_put(CLI::App& app, auto& s) {
  add_command<put_arguments>(
      app, s, "put", "Writes a template",
      "Examples:\n"
      "  knowledge put notes/today today.md --meta language=markdown\n"
      "  echo 'int main() {}' | knowledge put vim/c/main\n"
      "  knowledge put notes/new --data 'only if nobody has it' --if-revision 0",
      [](CLI::App& command, put_arguments& given) {
        command.add_option("ID", given.id, "1 to 512 bytes of UTF-8")->required();
        auto* const file =
            command.add_option("FILE", given.file, "What to write; - is the standard input")->capture_default_str();
        command.add_option("--data", given.data, "What to write, given here")->excludes(file);
        command.add_option("--type", given.type, "What sort of knowledge it is")->capture_default_str();
        command.add_option("--meta", given.metadata, "Metadata")
            ->type_name("KEY=VALUE")
            ->take_all()
            ->allow_extra_args(false);
        command.add_option("--if-revision", given.if_revision,
                           "Only while this revision is current; 0: only if the id is not taken");
      },
      [](auto& call, auto const& given) { run_put(call, given); });
}

}  // namespace knowledge_tool
