// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <boost/test/unit_test.hpp>

#include <strata/configured.hpp>
#include <strata/knowledge/asset.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <type_traits>

// The same program for each configuration: it knows no policy by name.
namespace {

using asset = strata::knowledge_asset;
using knowledge = strata::configured_cache<asset>;

/// A folder that goes with the process.
struct folder {
  std::string path = (std::filesystem::temp_directory_path() / "strata-configured-XXXXXX").string();
  folder() { BOOST_REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~folder() { std::filesystem::remove_all(path); }
};

template <class Options>
void set_servers(Options& settings) {
  if constexpr (requires { settings.warm.servers; }) {
    settings.warm.servers = {std::getenv("STRATA_TEST_NATS")};
    settings.warm.replicas = 1;
    settings.warm.max_bytes = 16 << 20;
  }
  if constexpr (requires { settings.cold.connection; }) settings.cold.connection = std::getenv("STRATA_TEST_POSTGRES");
  if constexpr (requires { settings.cold.file; }) {
    static folder const here;
    settings.cold.file = here.path + "/store";
  }
}

template <class Cache>
constexpr bool shared = requires(Cache const& c) { c.warm(); } || requires(Cache const& c) { c.cold(); };

BOOST_AUTO_TEST_CASE(writes_and_reads_in_whatever_tiers_it_has) {
  auto settings = strata::configured_options<asset>();
  set_servers(settings);
  asset const given{.id = "a key", .asset_type = "template", .data = "some text", .metadata = {{"language", "none"}}};
  {
    knowledge cache{settings};
    BOOST_REQUIRE(cache.ready({.within = std::chrono::seconds{20}}).has_value());
    BOOST_TEST(cache.get("a key").absent());
    auto const written = cache.put(given);
    BOOST_REQUIRE(written.has_value());
    BOOST_TEST(!written->degraded);
    auto const found = cache.get("a key");
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->data == given.data);
    BOOST_TEST(found->version == written->version);
    BOOST_TEST((found->metadata == given.metadata));
    BOOST_TEST((found.revision() == written->revision));
  }
  {
    knowledge other{settings};
    BOOST_REQUIRE(other.ready({.within = std::chrono::seconds{20}}).has_value());
    auto const found = other.get("a key");
    BOOST_TEST(found.has_value() == shared<knowledge>);
    auto const erased = other.erase("a key");
    BOOST_REQUIRE(erased.has_value());
    BOOST_TEST(erased->changed == shared<knowledge>);
    BOOST_TEST(other.get("a key").absent());
  }
}

BOOST_AUTO_TEST_CASE(keeps_as_many_entries_as_were_configured) {
  auto settings = strata::configured_options<asset>();
  set_servers(settings);
  knowledge cache{settings};
  BOOST_REQUIRE(cache.ready({.within = std::chrono::seconds{20}}).has_value());
  for (int i = 0; i < 20; ++i)
    BOOST_REQUIRE(cache.put({.id = std::to_string(i), .asset_type = "template", .data = "x"}).has_value());
  [](auto const& given, auto const& stats) {
    if constexpr (requires { given.hot.capacity_entries; })
      BOOST_TEST(stats.hot.entries == (given.hot.capacity_entries < 20 ? given.hot.capacity_entries : 20U));
  }(settings, cache.stats());
}

}  // namespace
