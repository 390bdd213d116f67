// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/query/search.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cstddef>
#include <format>
#include <iostream>
#include <string>
#include <type_traits>
#include <utility>

#include "../tool.hpp"
#include "get.hpp"

namespace knowledge_tool {

struct search_arguments {
  std::string wanted;
  std::size_t limit = 10;
  strata::search_filter filter;
};

inline boost::json::array json_of(strata::excerpt const& e) {
  boost::json::array pieces;
  std::size_t at = 0;
  for (auto const& [first, last] : e.marks) {
    if (first > at) pieces.push_back({{"text", e.text.substr(at, first - at)}, {"found", false}});
    pieces.push_back({{"text", e.text.substr(first, last - first)}, {"found", true}});
    at = last;
  }
  if (at < e.text.size()) pieces.push_back({{"text", e.text.substr(at)}, {"found", false}});
  return pieces;
}

/// The first words that were found, in [ ], and what stands around them, in one line.
inline std::string line_of(strata::excerpt e) {
  if (!e.marks.empty() && e.marks[0].first > 16) {  // a little before the first of them
    auto from = e.marks[0].first - 16;
    while (from < e.marks[0].first && (static_cast<unsigned char>(e.text[from]) & 0xC0U) == 0x80U) ++from;
    e.text.erase(0, from);
    for (auto& mark : e.marks) mark.first -= from, mark.last -= from;
  }
  std::string line;
  for (auto const& piece : json_of(e)) {
    auto const& text = piece.at("text").as_string();
    line.append(piece.at("found").as_bool() ? "[" + std::string{text} + "]" : std::string{text});
  }
  bool gap = true;
  std::erase_if(line, [&](char& c) {
    if (c != '\n' && c != '\t' && c != ' ') return gap = false;
    c = ' ';
    return std::exchange(gap, true);
  });
  line.resize(std::min(line.size(), std::size_t{48}));
  line.resize(strata::detail::utf8_prefix(line));
  return shown(line);
}

inline void print_matches(invocation& s, std::string const& wanted, strata::result<strata::matches<asset>> const& found,
                          char const* none) {
  if (!found) {
    s.status = fail(s, wanted, found.error());
    return;
  }
  if (found->all.empty()) {
    s.status = outcome::absent;
    if (!s.json) std::cerr << std::format("knowledge: {}: {}\n", shown(wanted), none);
  }
  boost::json::array all;
  for (auto const& one : found->all)
    if (s.json)
      all.push_back(
          {{"id", one.key}, {"score", one.score}, {"excerpt", json_of(one.excerpt)}, {"asset", json_of(*one.value)}});
    else
      std::cout << std::format("{:>7.4f}  {}  {}\n", one.score, shown(one.key), line_of(one.excerpt));
  if (s.json)
    std::cout << boost::json::value{{"matches", all}, {"cut", found->cut}, {"incomplete", found->incomplete}} << '\n';
  if (!s.json && found->cut)
    std::cerr << "knowledge: more than 2,000 match, of which as many were ranked: add a word\n";
  if (!s.json && found->incomplete) std::cerr << "knowledge: not everything is indexed yet: ask again\n";
}

inline strata::error no_query(invocation const& s, char const* what) {
  return strata::error{strata::errc::unsupported, strata::tier::none,
                       std::string{what} + ": no tier can; there are " + s.tiers};
}

void run_search(auto& s, search_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_search<std::remove_reference_t<decltype(cache)>>)
      print_matches(s, given.wanted, strata::search_text(cache, given.wanted, given.limit, given.filter),
                    "nothing matches");
    else
      s.status = fail(s, "search", no_query(s, "search"));
  });
}

void run_similar(auto& s, search_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_nearest<std::remove_reference_t<decltype(cache)>>)
      print_matches(s, given.wanted, strata::similar(cache, given.wanted, given.limit, given.filter),
                    "it has no vector, or nothing else has");
    else
      s.status = fail(s, "similar", no_query(s, "similar"));
  });
}

inline void offer_search(CLI::App& command, search_arguments& given) {
  command.add_option("--limit", given.limit, "How many at most")->capture_default_str()->check(CLI::Range(1, 1'000));
  command.add_option("--type", given.filter.kind, "Only those of this type");
  command.add_option("--prefix", given.filter.prefix, "Only those whose id begins so");
}

void add_search(CLI::App& app, auto& s) {
  add_command<search_arguments>(
      app, s, "search", "Finds templates by their words",
      "All words have to be there; \"a phrase\", -not_this, this or that, and the beginning of a word*.\n"
      "-- comes before what begins with a minus.\n\n"
      "Examples:\n"
      "  knowledge search 'read file'\n"
      "  knowledge search 'class or struct -python' --prefix vim/ --limit 3\n"
      "  knowledge search 'iter*' --json | jq -r '.matches[].id'",
      [](CLI::App& command, search_arguments& given) {
        command.add_option("WORDS", given.wanted, "What to find")->required();
        offer_search(command, given);
      },
      [](auto& call, auto const& given) { run_search(call, given); });
  add_command<search_arguments>(
      app, s, "similar", "Finds the templates nearest to one, by the vectors kept beside them",
      "Examples:\n"
      "  knowledge similar vim/c/main --limit 5\n"
      "Vectors are kept by programs, with strata::embed; this tool makes none.",
      [](CLI::App& command, search_arguments& given) {
        command.add_option("ID", given.wanted, "To which others should be similar")->required();
        offer_search(command, given);
      },
      [](auto& call, auto const& given) { run_similar(call, given); });
}

}  // namespace knowledge_tool
