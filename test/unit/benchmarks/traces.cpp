// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../../benchmarks/hit_ratio/belady.hpp"
#include "../../../benchmarks/hit_ratio/classics.hpp"
#include "../../../benchmarks/hit_ratio/streams.hpp"
#include "../../../benchmarks/hit_ratio/trace.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>
#include <zstd.h>

// What hit-ratio reads and counts: the forms of traces, what it says about broken ones, sizes, and the optimum.
namespace {

std::string packed(std::string_view text) {
  std::string bytes(ZSTD_compressBound(text.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), 1));
  return bytes;
}

struct folder {
  std::filesystem::path place =
      std::filesystem::temp_directory_path() / ("strata-traces-" + std::to_string(::getpid()));
  folder() { std::filesystem::create_directories(place); }
  folder(folder const&) = delete;
  ~folder() { std::filesystem::remove_all(place); }

  auto read(std::string const& name, std::string const& bytes) const {
    std::ofstream{place / name, std::ios::binary} << bytes;
    return hit_ratio::read_trace(place / name);
  }
};

// The fewest misses of all that can be kept, by trying everything.
std::size_t tried(std::vector<hit_ratio::key> const& requests, std::size_t at, std::set<hit_ratio::key> const& here,
                  std::size_t capacity) {
  if (at == requests.size()) return 0;
  hit_ratio::key const k = requests[at];
  if (here.contains(k)) return tried(requests, at + 1, here, capacity);
  std::size_t least = tried(requests, at + 1, here, capacity);
  auto with = here;
  with.insert(k);
  if (here.size() < capacity) return 1 + std::min(least, tried(requests, at + 1, with, capacity));
  for (hit_ratio::key const out : here) {
    auto kept = with;
    kept.erase(out);
    least = std::min(least, tried(requests, at + 1, kept, capacity));
  }
  return 1 + least;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(traces)

BOOST_AUTO_TEST_CASE(are_read_in_three_forms) {
  folder const f;
  using keys = std::vector<hit_ratio::key>;
  auto const plain = f.read("shop.2024.keys.zst", packed("70\n8\r\n70\n18446744073709551615"));
  BOOST_REQUIRE(plain.has_value());
  BOOST_TEST(plain->name == "shop");
  BOOST_TEST(plain->requests == (keys{0, 1, 0, 2}));
  BOOST_TEST(plain->keys == 3U);
  auto const runs = f.read("disk.runs.zst", packed("10 3\n11\n9 2\n"));
  BOOST_REQUIRE(runs.has_value());
  BOOST_TEST(runs->requests == (keys{0, 1, 2, 1, 3, 0}));
  auto const sized = f.read("cdn.sized.zst", packed("1 100\n2 7\n1 90\n"));
  BOOST_REQUIRE(sized.has_value());
  BOOST_TEST(sized->requests == (keys{0, 1, 0}));
  BOOST_TEST(sized->bytes == (std::vector<std::uint32_t>{100, 7, 90}));
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += std::to_string(i) + "\n";  // more than one block
  auto const parts = f.read("parts.keys.zst", packed(many) + packed("7\n"));
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->requests.size() == 100'001U);
  BOOST_TEST(parts->keys == 100'000U);
}

BOOST_AUTO_TEST_CASE(that_are_broken_are_named_with_the_place) {
  folder const f;
  struct broken {
    char const* name;
    std::string bytes;
    char const* said;
  };
  std::string const whole = packed("1\n2\n3\n");
  broken const all[] = {
      {"a.keys.zst", packed("1\n2\nx\n"), "a.keys.zst: line 3: a number was expected: 'x'"},
      {"b.keys.zst", packed("1 2\n"), "b.keys.zst: line 1: something follows the key: '1 2'"},
      {"c.runs.zst", packed("1 2 3\n"), "c.runs.zst: line 1: something follows the second number: '1 2 3'"},
      {"d.runs.zst", packed("5\n1 0\n"), "d.runs.zst: line 2: a run of no requests: '1 0'"},
      {"e.sized.zst", packed("1 2\n3\n"), "e.sized.zst: line 2: the size is missing: '3'"},
      {"f.runs.zst", packed("18446744073709551615 2\n"), "f.runs.zst: line 1: a run goes beyond 2^64"},
      {"g.keys.zst", whole.substr(0, whole.size() - 2), "g.keys.zst: byte "},
      {"h.keys.zst", "no zstd at all", "h.keys.zst: byte 0, line 1: not what zstd writes"},
      {"i.keys.zst", "", "i.keys.zst: line 1: there is no request in it"},
      {"j.keys.zst", packed(std::string(5'000, '1')), "j.keys.zst: line 1: longer than any two numbers"},
  };
  for (auto const& [name, bytes, said] : all) {
    auto const got = f.read(name, bytes);
    BOOST_TEST(!got.has_value());
    if (!got) BOOST_TEST(got.error().starts_with(said), got.error() << " instead of " << said);
  }
}

BOOST_AUTO_TEST_CASE(have_sizes_by_their_keys) {
  using sizes = std::vector<std::size_t>;
  BOOST_TEST(hit_ratio::sizes_of(186'880) == (sizes{187, 1000, 1869, 9344, 18688, 46720}));
  BOOST_TEST(hit_ratio::sizes_of(2'529) == (sizes{126, 253, 632, 1000}));
  BOOST_TEST(hit_ratio::sizes_of(1'011) == (sizes{51, 101, 253}));
  BOOST_TEST(hit_ratio::sizes_of(100) == sizes{});
}

BOOST_AUTO_TEST_CASE(are_answered_best_by_the_optimum) {
  std::mt19937_64 random{1};
  for (int round = 0; round < 60; ++round) {
    std::vector<hit_ratio::key> requests(9);
    for (auto& k : requests) k = static_cast<hit_ratio::key>(random() % 5);
    std::size_t const capacity = 1 + random() % 3;
    BOOST_TEST(hit_ratio::fewest_misses(requests, 5, capacity) == tried(requests, 0, {}, capacity));
  }
}

BOOST_AUTO_TEST_CASE(that_are_made_are_what_they_say) {
  auto const all = hit_ratio::streams(20'000);
  auto const again = hit_ratio::streams(20'000);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto const& [made, sizes] = all[i];
    BOOST_TEST(made.requests.size() == 20'000U);
    BOOST_TEST((made.requests == again[i].requests.requests), made.name << " is another one each time");
    if (made.name == "loop") {
      hit_ratio::lru lru{sizes[0], made.keys};
      BOOST_TEST(std::ranges::none_of(made.requests, [&](auto k) { return lru.request(k); }));
    }
    if (made.name == "sliding") {
      hit_ratio::lru lru{sizes[0], made.keys};
      auto const misses = std::ranges::count_if(made.requests, [&](auto k) { return !lru.request(k); });
      BOOST_TEST(misses == *std::ranges::max_element(made.requests) + 1U);  // each key once
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
