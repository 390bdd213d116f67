// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A cache of one's own making: CLOCK in memory, a folder of files below it, and a codec of lines. The second cache starts
// with an empty memory and finds in the folder what the first one wrote.
#include "bookmark.hpp"
#include "clock.hpp"
#include "folder.hpp"

#include <strata/cache.hpp>

#include <cstdlib>
#include <filesystem>
#include <format>
#include <iostream>
#include <string>

using bookmarks = strata::cache<mine::clock, mine::folder, strata::none, mine::lines, strata::single_writer>;

namespace {

int write(bookmarks::options const& settings) {
  auto opened = bookmarks::open(settings);
  if (!opened) return std::cerr << std::format("{}\n", opened.error()), 1;
  bookmarks& cache = *opened;
  auto const receipt = cache.put({.id = "hana", .url = "https://www.boost.org/libs/hana", .note = "types\nas values"});
  if (!receipt) return std::cerr << std::format("{}\n", receipt.error()), 1;
  std::cout << std::format("written, in memory {}, in the folder {}\n", receipt->in(strata::tier::hot),
                           receipt->in(strata::tier::warm));
  return 0;
}

int read(bookmarks::options const& settings) {
  auto opened = bookmarks::open(settings);
  if (!opened) return std::cerr << std::format("{}\n", opened.error()), 1;
  bookmarks& cache = *opened;
  for (int i = 0; i < 2; ++i) {
    auto const hit = cache.get("hana");
    if (!hit) return std::cerr << "the bookmark is not there\n", 1;
    std::cout << std::format("{} answers: {}\n", to_string(hit.tier()), hit->url);
  }
  return cache.get("lisp").absent() ? 0 : 1;
}

}  // namespace

int main() {
  std::string place = (std::filesystem::temp_directory_path() / "bookmarks-XXXXXX").string();
  if (::mkdtemp(place.data()) == nullptr) return 1;
  bookmarks::options const settings{.hot = {.capacity_entries = 100}, .warm = {.path = place}};
  int const failed = write(settings) + read(settings);
  std::filesystem::remove_all(place);
  return failed;
}
