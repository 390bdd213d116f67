// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hot/sieve.hpp>
#include <strata/local.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

static std::string render(std::string const& page) { return "<h1>" + page + "</h1>"; }

int main() {
  // [local]
  strata::local_cache<std::string, std::string, strata::hot::sieve> pages{
      {.capacity_entries = 10'000, .expires_after_write = 5min}};

  pages.put("home", render("home"));
  if (auto const hit = pages.get("home")) std::cout << *hit << '\n';  // shared: stays as it is, whatever the cache does

  // One thread renders, all who ask meanwhile wait for it; in its last minute a page is served and rendered anew.
  auto const page = pages.get_or_load("about", [] { return render("about"); }, {.refresh_ahead = 1min});
  if (page) std::cout << *page << '\n';

  pages.erase_if([](std::string_view key, std::string const&) { return key.starts_with("ho"); });
  std::cout << pages.entries() << " page, " << pages.stats().hits << " hit\n";
  // [/local]
  return page && pages.entries() == 1 ? 0 : 1;
}
