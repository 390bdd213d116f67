// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A program with one fault, the one that its argument names.
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/single_thread.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

/// Two threads in a tier that is for one. The sanitizer notes what a thread does again only after it has released something,
/// forgets what it noted long ago, and then says nothing; so each releases after every visit what nobody acquires.
std::size_t race() {
  strata::cache<strata::hot::single_thread<strata::hot::lru>, strata::none, strata::none,
                strata::codec::none<std::string>>
      cache{{}};
  if (!cache.put("key", "value")) return 0;
  std::array<std::atomic<int>, 2> visits{};
  auto const visit = [&](std::size_t who) {
    auto const enough = [](auto const& n) { return n.load(std::memory_order_relaxed) >= 1'000; };
    while (!std::ranges::all_of(visits, enough)) {
      (void)cache.visit("key", [](std::string const&) {});
      visits[who].fetch_add(1, std::memory_order_release);
    }
  };
  std::thread other{visit, 1};
  visit(0);
  other.join();
  return 1;
}

std::size_t after_free() {
  auto text = std::make_unique<std::string>(100, 'x');
  std::string const* const gone = text.get();
  text.reset();
  return gone->size();
}

std::size_t leak() {
  std::size_t size = 0;
  for (int i = 0; i < 10; ++i) size += (new std::string(100, 'x'))->size();
  return size;
}

std::size_t overflow() {
  int volatile number = std::numeric_limits<int>::max();
  number = number + 1;
  return static_cast<std::size_t>(number);
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view const fault = argc == 2 ? argv[1] : "";
  std::size_t const got = fault == "race"         ? race()
                          : fault == "after_free" ? after_free()
                          : fault == "leak"       ? leak()
                          : fault == "overflow"   ? overflow()
                                                  : 0;
  std::printf("planted: %zu\n", got);
  return 0;
}
