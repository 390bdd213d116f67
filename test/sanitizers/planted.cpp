// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A program with one fault, the one that its argument names.
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/single_thread.hpp>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

/// Two threads in a tier that is for one.
std::size_t race() {
  strata::cache<strata::hot::single_thread<strata::hot::lru>, strata::none, strata::none,
                strata::codec::none<std::string>>
      cache{{}};
  if (!cache.put("key", "value")) return 0;
  std::atomic<int> here = 0;  // relaxed: it orders nothing
  auto const visit = [&] {
    here.fetch_add(1, std::memory_order_relaxed);
    while (here.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
    for (int i = 0; i < 100'000; ++i) (void)cache.visit("key", [](std::string const&) {});
  };
  std::thread other{visit};
  visit();
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
