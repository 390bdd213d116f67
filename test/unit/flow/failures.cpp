// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// T10: the N-th call of a tier fails, the N-th allocation fails, the N-th copy or move of a value throws, for every N that
// a verb reaches. Nothing crashes, what was committed is reported as committed, what was not is not, and the cache goes on
// agreeing with cold. The address sanitizer looks for what is lost.
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace strata;

namespace {

enum class trouble { none, tier_call, allocation, value_copy };

struct arming {
  trouble kind = trouble::none;
  std::uint64_t left = 0;  // the one that brings it to zero fails
  bool happened = false;
};
thread_local arming armed;

bool strikes(trouble kind) noexcept {
  if (armed.kind != kind || armed.left == 0 || --armed.left != 0) return false;
  armed.happened = true;
  return true;
}

/// No failures while one lives: what a tier does inside is the tier's own affair.
struct truce {
  arming kept = std::exchange(armed, {});
  truce() = default;
  truce(truce const&) = delete;
  truce& operator=(truce const&) = delete;
  ~truce() { armed = kept; }
};

struct copy_failed : std::runtime_error {
  copy_failed() : std::runtime_error{"a copy failed"} {}
};

struct thing {
  std::string id;
  std::string text;

  thing() = default;
  thing(std::string i, std::string t) : id{std::move(i)}, text{std::move(t)} {}
  thing(thing const& other) : id{(tried(), other.id)}, text{other.text} {}
  thing(thing&& other) : id{(tried(), std::move(other.id))}, text{std::move(other.text)} {}
  thing& operator=(thing const& other) {
    tried();
    auto copied = other.text;
    id = other.id;
    text = std::move(copied);
    return *this;
  }
  thing& operator=(thing&& other) {
    tried();
    id = std::move(other.id);
    text = std::move(other.text);
    return *this;
  }
  ~thing() = default;

 private:
  static void tried() {
    if (strikes(trouble::value_copy)) throw copy_failed{};
  }
};

struct thing_codec {
  using value_type = thing;
  static constexpr std::string_view id = "thing";
  static constexpr std::uint64_t fingerprint = 1;
  static result<void> encode(thing const& t, std::string& out) {
    out.append(t.id).append("\n").append(t.text);
    return {};
  }
  static result<thing> decode(std::string_view bytes) {
    auto const line = bytes.find('\n');
    return thing{std::string{bytes.substr(0, line)}, std::string{bytes.substr(line + 1)}};
  }
};

struct stores {
  struct row {
    std::optional<std::pair<std::string, std::string>> value;
    revision at{};
  };
  std::map<std::string, row> cold;
  std::map<std::string, sighting> warm;
  std::uint64_t last = 0;
  std::uint64_t position = 0;
};
stores* world = nullptr;

error down(tier where) { return error{errc::unavailable, where}; }

struct brittle_warm {
  struct options {};
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const&, Context const&) {}
    result<sighting> load(std::string_view key, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::warm)};
      truce const inside;
      return world->warm[std::string{key}];
    }
    result<position> store(frame const& f, std::optional<position> at, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::warm)};
      truce const inside;
      auto& there = world->warm[f.key];
      if (at ? *at != there.position : there.frame && there.frame->revision > f.revision) return failure(errc::conflict, strata::tier::warm);
      there = {f, position{++world->position}};
      return there.position;
    }
    result<position> erase(std::string_view key, revision r, deadline until) {
      std::optional<truce> inside{std::in_place};
      frame f{.key = std::string{key}, .revision = r, .operation = operation::erase};
      f.sum = checksum(f);
      inside.reset();
      return store(f, std::nullopt, until);
    }
  };
};

struct brittle_cold {
  struct options {};
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const&, Context const&) {}
    result<copy<thing>> load(std::string_view key, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::cold)};
      truce const inside;
      auto const& row = world->cold[std::string{key}];
      copy<thing> c{.value = {}, .revision = row.at};
      if (row.value) c.value.emplace(row.value->first, row.value->second);
      return c;
    }
    result<written> store(std::string_view key, thing const& value, expectation expected, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::cold)};
      truce const inside;
      auto& row = world->cold[std::string{key}];
      if (expected && *expected != (row.value ? row.at : revision{})) return failure(errc::conflict, strata::tier::cold);
      row = {std::pair{value.id, value.text}, revision{++world->last}};
      return written{row.at, 1, true};
    }
    result<written> erase(std::string_view key, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::cold)};
      truce const inside;
      auto& row = world->cold[std::string{key}];
      if (!row.value) return written{row.at, 1, false};
      row = {std::nullopt, revision{++world->last}};
      return written{row.at, 1, true};
    }
  };
};

using things = cache<hot::lru, brittle_warm, brittle_cold, thing_codec, single_writer>;

// Long enough to be allocated.
std::string const key = "a key that is too long for the small string optimization";
std::string const other = "another key that is too long for the small string optimization";
thing made(std::string_view text) {
  truce const quiet;
  return {key, std::string{text} + ", which is too long for the small string optimization as well"};
}

enum class start { nothing, cold_alone, warm_too, hot_too };

struct outcome {
  bool threw = false;
  bool committed = false;
  bool unknown = false;
};

/// \param act    runs the verb and says whether it reported a committed write
/// \param moves  what the verb writes if it writes
template <class Act>
void try_all(std::string_view name, trouble kind, start from, bool writes, Act act) {
  for (std::uint64_t n = 1;; ++n) {
    BOOST_REQUIRE_MESSAGE(n < 5'000, "there is no end to the failures of " << name);
    stores mine;
    world = &mine;
    things cache{things::options{.hot = {.capacity_entries = 8}}};
    if (from != start::nothing) BOOST_REQUIRE(cache.put(made("first")).has_value());
    if (from == start::cold_alone) mine.warm.clear();
    things fresh{things::options{.hot = {.capacity_entries = 8}}};
    auto& used = from == start::hot_too ? cache : fresh;
    auto const before = mine.cold[key].at;

    bool threw = false;
    bool committed = false;
    armed = {kind, n, false};
    try {
      committed = act(used);
    } catch (std::bad_alloc const&) {
      threw = true;
    } catch (copy_failed const&) {
      threw = true;
    }
    bool const happened = armed.happened;
    armed = {};
    bool const changed = mine.cold[key].at != before;

    BOOST_TEST(!(threw && kind == trouble::tier_call), name << ": failure " << n << " of a tier was thrown");
    if (writes) {
      BOOST_TEST(!(threw && changed), name << ": failure " << n << " was thrown out of a write that cold has committed");
      BOOST_TEST(committed == changed, name << ": failure " << n << ": reported " << committed << ", happened " << changed);
    }
    auto const& row = mine.cold[key];
    auto const read = used.get(key);  // nothing fails any more: it must agree with cold, at once
    BOOST_TEST((row.value ? read && read->text == row.value->second && read.revision() == row.at : read.absent()),
               name << ": after failure " << n << " a read does not agree with cold");
    BOOST_TEST(used.put(made("last")).has_value());
    BOOST_TEST((used.get(key) && used.get(key)->text == made("last").text));
    if (!happened) return;
  }
}

void all_verbs(trouble kind) {
  for (auto const from : {start::nothing, start::cold_alone, start::warm_too, start::hot_too}) {
    try_all("get", kind, from, false, [](things& c) { return (void)c.get(key), false; });
    try_all("visit", kind, from, false, [](things& c) { return (void)c.visit(key, [](thing const& t) { return t.text.size(); }), false; });
    try_all("peek", kind, from, false, [](things& c) { return (void)c.peek(key), false; });
    try_all("put", kind, from, true, [](things& c) { return c.put(made("second")).has_value(); });
    try_all("put by key", kind, from, true, [](things& c) { return c.put(key, made("second")).has_value(); });
    try_all("put_if", kind, from, true, [](things& c) { return c.put_if(c.get(key), made("second")).has_value(); });
    try_all("update", kind, from, true, [](things& c) { return c.update(key, [](thing& t) { t.text += "!"; }).has_value(); });
    try_all("erase", kind, from, true, [](things& c) {
      auto const r = c.erase(key);
      return r && r->changed;
    });
    try_all("get_or_load", kind, from, false, [](things& c) { return (void)c.get_or_load(key, [] { return made("loaded"); }), false; });
    try_all("get_many", kind, from, false, [](things& c) { return (void)c.get_many(std::vector{key, other, key}), false; });
    try_all("erase_many", kind, from, false, [](things& c) { return (void)c.erase_many(std::vector{key, other}), false; });
  }
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (strikes(trouble::allocation)) throw std::bad_alloc{};
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
  return strikes(trouble::allocation) ? nullptr : std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

BOOST_AUTO_TEST_SUITE(nth_failure)
BOOST_AUTO_TEST_CASE(of_a_tier) { all_verbs(trouble::tier_call); }
BOOST_AUTO_TEST_CASE(of_an_allocation) { all_verbs(trouble::allocation); }
BOOST_AUTO_TEST_CASE(of_a_value) { all_verbs(trouble::value_copy); }
BOOST_AUTO_TEST_SUITE_END()
