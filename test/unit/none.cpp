// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// All eight ways to leave tiers out. What a verb answers follows from the lowest tier that is there.
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/query/explain.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <boost/test/unit_test.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

using namespace strata;

namespace {

struct note {
  std::string id{};
  std::string text{};
  int version = 0;
  bool operator==(note const&) const = default;
};

// id, text and version, each on a line of its own.
struct three_lines {
  using value_type = note;
  static constexpr std::string_view id = "three_lines";
  static constexpr std::uint64_t fingerprint = 3;
  result<void> encode(note const& n, std::string& out) const {
    out.append(n.id).append("\n").append(n.text).append("\n").append(std::to_string(n.version));
    return {};
  }
  result<note> decode(std::string_view bytes) const {
    auto const one = bytes.find('\n');
    auto const two = bytes.rfind('\n');
    if (one == two) return failure(errc::corrupt);
    note n{.id{bytes.substr(0, one)}, .text{bytes.substr(one + 1, two - one - 1)}};
    auto const number = bytes.substr(two + 1);
    std::from_chars(number.data(), number.data() + number.size(), n.version);
    return n;
  }
};

using hot_policy = hot::lru;
using warm_policy = testing::memory_warm;
using cold_policy = testing::memory_cold;

template <class Hot, class Warm, class Cold, class... Options>
struct composition {
  using cache = strata::cache<Hot, Warm, Cold, three_lines, Options...>;
  static constexpr bool has_hot = !std::is_same_v<Hot, none>;
  static constexpr bool has_warm = !std::is_same_v<Warm, none>;
  static constexpr bool has_cold = !std::is_same_v<Cold, none>;
  static constexpr tier truth = has_cold ? tier::cold : has_warm ? tier::warm : has_hot ? tier::hot : tier::none;
  static constexpr tier first = has_hot ? tier::hot : has_warm ? tier::warm : truth;
};

/// Whether a receipt names all tiers there are, and no other.
template <class Composition>
bool names_all(receipt const& done) {
  return done.in(tier::hot) == Composition::has_hot && done.in(tier::warm) == Composition::has_warm &&
         done.in(tier::cold) == Composition::has_cold;
}

using all_eight = std::tuple<                                   //
    composition<none, none, none>,                              //
    composition<hot_policy, none, none>,                        //
    composition<none, warm_policy, none>,                       //
    composition<hot_policy, warm_policy, none>,                 //
    composition<none, none, cold_policy, single_writer>,        //
    composition<hot_policy, none, cold_policy, single_writer>,  //
    composition<none, warm_policy, cold_policy>,                //
    composition<hot_policy, warm_policy, cold_policy>>;

// The stores of tiers below memory, which outlive a cache.
template <class Composition>
struct world {
  std::shared_ptr<warm_policy::shelf> stream = std::make_shared<warm_policy::shelf>();
  std::shared_ptr<cold_policy::shelf<note>> table = std::make_shared<cold_policy::shelf<note>>();

  typename Composition::cache::options settings() const {
    typename Composition::cache::options all;
    if constexpr (Composition::has_warm) all.warm.shared = stream;
    if constexpr (Composition::has_cold) all.cold.shared = table;
    return all;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(absent_tiers)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_value_is_written_through_all_there_are, C, all_eight) {
  world<C> const stores;
  typename C::cache cache{stores.settings()};
  BOOST_TEST_REQUIRE(cache.ready({.within = std::chrono::seconds{20}}).has_value());
  BOOST_TEST(cache.get("a").absent());
  auto const put = cache.put({.id = "a", .text = "one"});
  if constexpr (C::truth == tier::none) {
    BOOST_TEST((put.error() == errc::unsupported));
    BOOST_TEST((cache.erase("a").error() == errc::unsupported));
    BOOST_TEST((cache.update("a", [](note&) {}).error() == errc::rejected));
    BOOST_TEST(cache.get("a").absent());
    BOOST_TEST(cache.peek("a").absent());
  } else {
    BOOST_TEST_REQUIRE(put.has_value());
    BOOST_TEST((put->revision != revision{} && put->changed && !put->degraded));
    BOOST_TEST(names_all<C>(*put));
    BOOST_TEST(put->version == (C::has_cold ? 1 : 0));  // versions are counted by cold alone

    auto const hit = cache.get("a");
    BOOST_TEST_REQUIRE(hit.has_value());
    BOOST_TEST((hit.tier() == C::first && hit.freshness() == freshness::fresh));
    BOOST_TEST((hit.revision() == put->revision && hit->text == "one" && hit->version == put->version));
    BOOST_TEST(cache.peek("a").has_value() == C::has_hot);  // memory alone
    BOOST_TEST(cache.visit("a", [](note const& n) { return n.text == "one"; }).value().value());

    auto const again = cache.put({.id = "a", .text = "one", .version = hit->version});
    BOOST_TEST_REQUIRE(again.has_value());
    BOOST_TEST(again->changed == !C::has_cold);  // cold alone compares
    BOOST_TEST(names_all<C>(*again));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_of_two_writers_wins, C, all_eight) {
  if constexpr (C::truth != tier::none) {
    world<C> const stores;
    typename C::cache cache{stores.settings()};
    auto const absent = cache.get("a");
    BOOST_TEST(cache.put_if(absent, {.id = "a", .text = "first"}).has_value());
    BOOST_TEST((cache.put_if(absent, {.id = "a", .text = "second"}).error() == errc::conflict));
    BOOST_TEST(cache.update("a", [](note& n) { n.text += "!"; }).has_value());
    BOOST_TEST(cache.get("a")->text == "first!");
    auto const before = cache.get("a").revision();
    BOOST_TEST(cache.update("a", [](note&) { return false; })->changed == false);
    BOOST_TEST((cache.get("a").revision() == before));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_erased_stays_so, C, all_eight) {
  if constexpr (C::truth != tier::none) {
    world<C> const stores;
    typename C::cache cache{stores.settings()};
    auto const put = cache.put({.id = "a"});
    auto const erased = cache.erase("a");
    BOOST_TEST_REQUIRE((put.has_value() && erased.has_value()));
    BOOST_TEST((erased->changed && erased->revision > put->revision && names_all<C>(*erased)));
    BOOST_TEST(cache.get("a").absent());
    auto const nothing = cache.erase("a");
    BOOST_TEST((nothing.has_value() && !nothing->changed && names_all<C>(*nothing)));
    auto const again = cache.put({.id = "a"});
    BOOST_TEST_REQUIRE(again.has_value());
    BOOST_TEST((again->revision > erased->revision));
    BOOST_TEST(again->version == (C::has_cold ? 2 : 0));  // an erased key goes on from where it was
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_truth_outlives_the_cache, C, all_eight) {
  if constexpr (C::truth != tier::none) {
    world<C> const stores;
    revision written{};
    {
      typename C::cache cache{stores.settings()};
      written = cache.put({.id = "a", .text = "one"})->revision;
    }
    typename C::cache next{stores.settings()};
    auto const hit = next.get("a");
    BOOST_TEST(hit.has_value() == (C::truth != tier::hot));
    if (!hit) return;
    BOOST_TEST((hit.tier() == (C::has_warm ? tier::warm : tier::cold) && hit.revision() == written));
    BOOST_TEST((next.get("a").tier() == C::first));  // kept on the way up
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_warm_tier_that_lost_all_loses_nothing_with_cold, C, all_eight) {
  if constexpr (C::has_warm) {
    world<C> const stores;
    typename C::cache cache{stores.settings()};
    BOOST_TEST(cache.put({.id = "a", .text = "one"}).has_value());
    stores.stream->lose();
    typename C::cache next{stores.settings()};
    BOOST_TEST(next.get("a").has_value() == C::has_cold);
    if constexpr (C::has_cold) BOOST_TEST(stores.stream->get("a").frame.has_value());  // promoted
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(loaders_fill_what_is_there, C, all_eight) {
  world<C> const stores;
  typename C::cache cache{stores.settings()};
  int loads = 0;
  auto const load = [&] { return ++loads, note{.id = "a", .text = "made"}; };
  auto const made = cache.get_or_load("a", load);
  if constexpr (C::truth == tier::none) {
    BOOST_TEST((made.failed() && made.error() == errc::unsupported));
  } else {
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(made->text == "made");
    BOOST_TEST(cache.get_or_load("a", load)->text == "made");
    BOOST_TEST(loads == 1);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_explained_names_the_tiers_there_are, C, all_eight) {
  world<C> const stores;
  typename C::cache cache{stores.settings()};
  auto const told = explain(cache, "a");
  BOOST_TEST_REQUIRE(told.has_value());
  std::string line;
  for (auto const& [there, words] : {std::pair{C::has_hot, "; hot: nothing"}, std::pair{C::has_warm, "; warm: nothing"},
                                     std::pair{C::has_cold, "; cold: nothing"}})
    if (there) line += words;
  BOOST_TEST(told->text() == (line.empty() ? "" : line.substr(2)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(upkeep_needs_no_tier, C, all_eight) {
  world<C> const stores;
  typename C::cache cache{stores.settings()};
  BOOST_TEST(cache.ready().has_value());
  BOOST_TEST(cache.flush().has_value());
  BOOST_TEST(cache.health().up());
  BOOST_TEST(cache.stats().hot.entries == 0u);
  cache.close(std::chrono::milliseconds{100});
  BOOST_TEST((cache.get("a").error() == errc::closed));
}

BOOST_AUTO_TEST_SUITE_END()

// --- what is absent costs nothing ------------------------------------------------------------------------------------
namespace {

template <class C>
inline constexpr bool plain =
    !std::is_polymorphic_v<typename C::cache> && !std::is_copy_constructible_v<typename C::cache> &&
    !std::is_move_constructible_v<typename C::cache> && std::is_nothrow_destructible_v<typename C::cache> &&
    std::is_default_constructible_v<typename C::cache::options>;
template <class... C>
consteval bool all_plain(std::tuple<C...>*) {
  return (plain<C> && ...);
}
static_assert(all_plain(static_cast<all_eight*>(nullptr)));

template <class Hot, class Warm, class Cold, class... Options>
inline constexpr std::size_t size_of = sizeof(cache<Hot, Warm, Cold, three_lines, Options...>);

// Options, and the tiers that are not there.
static_assert(std::is_empty_v<none> && std::is_empty_v<none::options> && std::is_empty_v<single_writer> &&
              std::is_empty_v<no_observer>);
static_assert(std::is_empty_v<none::tier<std::string, note, context<monotonic_clock, no_observer, three_lines>>>);
static_assert(size_of<none, none, none> == size_of<none, none, none, observer<no_observer>>);
static_assert(size_of<none, none, none> ==
              size_of<none, none, none, strata::clock<monotonic_clock>, strata::executor<threads>>);
// (At most: a hot tier begins on a line of its own, which rounds.)
static_assert(size_of<hot_policy, none, cold_policy, single_writer> <=
              size_of<hot_policy, warm_policy, cold_policy> -
                  (size_of<hot_policy, warm_policy, none> - size_of<hot_policy, none, none>));
// A cache without a hot tier is smaller by all of it.
static_assert(size_of<none, none, none> +
                  sizeof(hot::lru::tier<std::string, note, context<monotonic_clock, no_observer, three_lines>>) <=
              size_of<hot_policy, none, none>);

// What calls hand about.
static_assert(sizeof(hit<note>) == 16 && sizeof(error) == 16 && sizeof(box<note>) == sizeof(void*));
static_assert(std::is_nothrow_copy_constructible_v<hit<note>> && std::is_nothrow_move_constructible_v<hit<note>> &&
              std::is_nothrow_copy_assignable_v<hit<note>> && std::is_nothrow_destructible_v<hit<note>>);
static_assert(std::is_nothrow_copy_constructible_v<error> && std::is_nothrow_move_constructible_v<error>);
static_assert(std::is_nothrow_copy_constructible_v<box<note>> && std::is_nothrow_move_constructible_v<box<note>>);
static_assert(std::is_trivially_copyable_v<receipt> && std::is_trivially_copyable_v<call_options>);
static_assert(noexcept(std::declval<cache<none, none, none, three_lines>&>().close(std::chrono::milliseconds{})));
static_assert(!std::is_convertible_v<std::int64_t, revision> && !std::is_convertible_v<revision, std::int64_t>);

}  // namespace
