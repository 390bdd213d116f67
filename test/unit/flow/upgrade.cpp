// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A fleet while it is upgraded: two programs over the same tiers, whose structs differ by a member. What the older one
// leaves out of its copies must not be lost to the newer one.
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/hot/lru.hpp>
#include <strata/query/explain.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;
using testing::memory_cold;
using testing::memory_warm;

namespace {

struct plain {
  BOOST_HANA_DEFINE_STRUCT(plain, (std::string, id), (std::string, text));
};
struct coloured {
  BOOST_HANA_DEFINE_STRUCT(coloured, (std::string, id), (std::string, text), (std::string, colour));
};

}  // namespace

template <>
struct strata::record<coloured> : default_record<coloured> {
  static constexpr std::uint32_t schema = 2;
};

namespace {

// A cold tier that keeps JSON, as the real ones do: each program reads of it what its struct has.
struct json_cold {
  using options = memory_cold::options;
  template <class Key, class Value, class Context>
  class tier : memory_cold::tier<Key, std::string, Context> {
    using base = memory_cold::tier<Key, std::string, Context>;
    using codec = codec::json<Value>;

   public:
    using base::base, base::erase, base::changes_since, base::read_horizon, base::hold_horizon, base::move_horizon,
        base::revisions;
    result<copy<Value>> load(std::string_view key, deadline until) {
      auto const kept = base::load(key, until);
      if (!kept) return std::unexpected{kept.error()};
      copy<Value> read{.revision = kept->revision, .version = kept->version};
      if (kept->value) read.value = codec{}.decode(*kept->value).value();
      return read;
    }
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline until) {
      std::string text;
      if (auto done = codec{}.encode(value, text); !done) return std::unexpected{done.error()};
      return base::store(key, text, expected, until);
    }
  };
};

using older = cache<hot::lru, memory_warm, json_cold, codec::json<plain>>;
using newer = cache<hot::lru, memory_warm, json_cold, codec::json<coloured>>;

struct below {
  std::shared_ptr<memory_warm::shelf> warm = std::make_shared<memory_warm::shelf>();
  std::shared_ptr<memory_cold::shelf<std::string>> cold = std::make_shared<memory_cold::shelf<std::string>>();

  template <class Cache>
  typename Cache::options settings() const {
    typename Cache::options o;
    o.warm.shared = warm;
    o.cold.shared = cold;
    return o;
  }
  [[nodiscard]] std::uint32_t schema_in_warm() const {
    auto const seen = warm->get("k");
    return seen.frame && seen.frame->operation == operation::put ? seen.frame->schema : 0;
  }
  /// What a newer program wrote that had no time to publish it stands in warm as an older one has read it.
  void told_by(older& one) const {
    BOOST_REQUIRE(one.ready({.within = 20s}).has_value());
    BOOST_REQUIRE(cold->put("k", R"({"id":"k","text":"first","colour":"red"})", anything).has_value());
    BOOST_REQUIRE((one.get("k") && one.get("k")->text == "first"));
    for (auto const end = std::chrono::steady_clock::now() + 20s; schema_in_warm() != 1;) {
      BOOST_REQUIRE((std::chrono::steady_clock::now() < end));
      std::this_thread::sleep_for(2ms);
    }
  }
};

std::size_t older_copies(newer const& one) {
  return one.stats().warm.misses[static_cast<std::size_t>(miss::older_schema)];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(upgrade)

BOOST_AUTO_TEST_CASE(a_copy_of_an_older_program_takes_nothing_from_what_a_newer_one_wrote) {
  below const shared;
  older one{shared.settings<older>()};
  shared.told_by(one);
  newer other{shared.settings<newer>()};
  BOOST_REQUIRE(other.ready({.within = 20s}).has_value());
  BOOST_TEST((explain(other, "k")->declined == miss::older_schema));
  auto const read = other.get("k");
  BOOST_TEST((read && read->colour == "red" && read.tier() == tier::cold && older_copies(other) == 1));
  BOOST_REQUIRE(other.update("k", [](coloured& c) { c.text = "second"; }).has_value());
  BOOST_TEST(*shared.cold->get("k").value == R"({"id":"k","text":"second","colour":"red"})");
}

BOOST_AUTO_TEST_CASE(the_newer_program_s_copy_stays) {
  below const shared;
  older one{shared.settings<older>()};
  shared.told_by(one);
  newer many{shared.settings<newer>()};
  BOOST_TEST((many.get_many(std::vector<std::string>{"k"})[0].second->colour == "red"));
  BOOST_TEST(shared.schema_in_warm() == 2U);  // placed over, at the same revision
  auto const stands = shared.warm->get("k").position;
  for (int i = 0; i < 3; ++i) {
    older late{shared.settings<older>()};
    BOOST_TEST((late.get("k") && late.get("k")->text == "first"));
    newer other{shared.settings<newer>()};
    auto const read = other.get("k");
    BOOST_TEST((read && read->colour == "red" && read.tier() == tier::warm));
  }
  BOOST_TEST((shared.warm->get("k").position == stands));
}

BOOST_AUTO_TEST_CASE(while_cold_is_away_the_older_copy_is_better_than_nothing) {
  below const shared;
  older one{shared.settings<older>()};
  shared.told_by(one);
  newer other{shared.settings<newer>()};
  BOOST_REQUIRE(other.ready({.within = 20s}).has_value());
  shared.cold->cut();
  auto const read = other.get("k");
  BOOST_TEST((read && read->text == "first" && read.freshness() == freshness::unverified));
  BOOST_TEST(!other.update("k", [](coloured& c) { c.text = "second"; }).has_value());
  shared.cold->mend();
  auto const until = std::chrono::steady_clock::now() + 20s;
  while (!other.get("k") || other.get("k")->colour != "red") BOOST_REQUIRE((std::chrono::steady_clock::now() < until));
}

BOOST_AUTO_TEST_CASE(without_cold_an_older_copy_is_all_there_is) {
  using older_alone = cache<hot::lru, memory_warm, none, codec::json<plain>>;
  using newer_alone = cache<hot::lru, memory_warm, none, codec::json<coloured>>;
  auto const shared = std::make_shared<memory_warm::shelf>();
  older_alone one{{.warm = {.shared = shared}}};
  newer_alone other{{.warm = {.shared = shared}}};
  BOOST_REQUIRE((one.ready({.within = 20s}) && other.ready({.within = 20s})));
  BOOST_REQUIRE(one.put({"k", "first"}).has_value());
  auto const read = other.get("k");
  BOOST_TEST((read && read->text == "first" && read->colour.empty() && read.freshness() == freshness::fresh));
}

BOOST_AUTO_TEST_SUITE_END()
