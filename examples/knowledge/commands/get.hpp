// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <format>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "../tool.hpp"

namespace knowledge_tool {

struct get_arguments {
  std::vector<std::string> ids;
  bool about = false;
};

constexpr std::string_view name_of(strata::freshness f) {
  return f == strata::freshness::fresh ? "fresh" : f == strata::freshness::stale ? "stale" : "unverified";
}

/// Other programs' may be any JSON.
inline boost::json::value json_of(strata::metadata const& given) {
  if (!given.raw_json().empty())
    return boost::json::parse(given.raw_json(), {}, {.max_depth = strata::codec::detail::max_depth});
  boost::json::object metadata;
  for (auto const& [key, value] : given) metadata[key] = value;
  return metadata;
}
inline boost::json::object json_of(asset const& a) {
  return {{"id", a.id},
          {"asset_type", a.asset_type},
          {"data", a.data},
          {"metadata", json_of(a.metadata)},
          {"version", a.version}};
}

boost::json::object json_of(std::string_view id, auto const& found) {
  boost::json::object o{{"id", strata::detail::utf8_prefix(id) == id.size() ? std::string{id} : shown(id)},
                        {"found", found.has_value()}};
  if (found.failed()) {
    o["error"] = {{"code", strata::to_string(found.error().code())}, {"text", found.error().text()}};
    return o;
  }
  if (!found) return o;
  o["tier"] = strata::to_string(found.tier());
  o["freshness"] = name_of(found.freshness());
  o["revision"] = strata::number(found.revision());
  o["asset"] = json_of(*found);
  return o;
}

void print(std::string_view id, auto const& found, get_arguments const& given) {
  if (given.ids.size() > 1) std::cout << "==> " << shown(id) << " <==\n";
  if (given.about) {
    std::cout << std::format("from {}, {}; revision {}, version {}; {}\n", strata::to_string(found.tier()),
                             name_of(found.freshness()), strata::number(found.revision()), found->version,
                             found->asset_type);
    for (auto const& [key, value] : found->metadata) std::cout << shown(key) << ": " << shown(value) << '\n';
    if (auto const other = found->metadata.raw_json(); !other.empty()) std::cout << shown(other) << '\n';
    std::cout << '\n';
  }
  std::cout << found->data;
  if (!found->data.ends_with('\n')) std::cout << '\n';
}

void run_get(auto& s, get_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    boost::json::array all;
    for (auto const& [id, found] : cache.get_many(given.ids)) {
      if (s.json) all.push_back(json_of(id, found));
      if (found.failed()) {
        s.status = fail(s, id, found.error());
      } else if (!found) {
        if (s.status == outcome::done) s.status = outcome::absent;
        if (!s.json) std::cerr << "knowledge: " << shown(id) << ": there is nothing under this id\n";
      } else if (!s.json) {
        print(id, found, given);
      }
    }
    if (s.json) std::cout << boost::json::serialize(all) << '\n';
  });
}

void add_get(CLI::App& app, auto& s) {
  add_command<get_arguments>(
      app, s, "get", "Prints templates",
      "Examples:\n"
      "  knowledge get vim/c/main\n"
      "  knowledge get --about vim/c/main vim/c/for\n"
      "  knowledge get --json vim/c/main | jq -r '.[0].tier'",
      [](CLI::App& command, get_arguments& given) {
        offer_all(command, "ID", given.ids, "Whose data to print")->required();
        command.add_flag("--about", given.about, "Print tier, revision, version and metadata before the data");
      },
      [](auto& call, auto const& given) { run_get(call, given); });
}

}  // namespace knowledge_tool
