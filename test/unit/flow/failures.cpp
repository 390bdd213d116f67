// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// T10: the N-th call of a tier fails, the N-th allocation fails, the N-th copy or move of a value throws, or what is done to a
// key of the user's, for every N that a verb reaches. Nothing crashes, what was committed is reported as committed, what was
// not is not, and the cache goes on agreeing with cold. The address sanitizer looks for what is lost.
#include "../../support/asked_new.hpp"

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace strata;

namespace {

enum class trouble { none, tier_call, tier_answer, allocation, value_copy, key_use };

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

void tried(trouble kind = trouble::value_copy) {
  if (strikes(kind)) throw copy_failed{};
}

/// A key that is the user's own: what is done with it fails, but for its hash and its end.
class name {
 public:
  name() = default;
  name(std::string text) : text_{std::move(text)} {}
  name(name const& other) : text_{(tried(trouble::key_use), other.text_)} {}
  name(name&& other) : text_{(tried(trouble::key_use), std::move(other.text_))} {}
  name& operator=(name const& other) {
    tried(trouble::key_use);
    text_ = other.text_;
    return *this;
  }
  name& operator=(name&& other) {
    tried(trouble::key_use);
    text_ = std::move(other.text_);
    return *this;
  }
  ~name() = default;
  friend bool operator==(name const& left, name const& right) {
    tried(trouble::key_use);
    return left.text_ == right.text_;
  }
  [[nodiscard]] std::string const& text() const noexcept { return text_; }

 private:
  std::string text_;
};

template <class Id>
struct thing_of {
  Id id;
  std::string text;

  thing_of() = default;
  thing_of(std::string i, std::string t) : id{std::move(i)}, text{std::move(t)} {}
  thing_of(thing_of const& other) : id{(tried(), other.id)}, text{other.text} {}
  thing_of(thing_of&& other) : id{(tried(), std::move(other.id))}, text{std::move(other.text)} {}
  thing_of& operator=(thing_of const& other) {
    tried();
    auto copied = other.text;
    id = other.id;
    text = std::move(copied);
    return *this;
  }
  thing_of& operator=(thing_of&& other) {
    tried();
    id = std::move(other.id);
    text = std::move(other.text);
    return *this;
  }
  ~thing_of() = default;
};
using thing = thing_of<std::string>;

std::string const& text_of(std::string const& id) { return id; }
std::string const& text_of(name const& id) { return id.text(); }

template <class Id>
struct thing_codec {
  using key_type = Id;
  using value_type = thing_of<Id>;
  static constexpr std::string_view id = "thing";
  static constexpr std::uint64_t fingerprint = 1;
  static result<void> encode(value_type const& t, std::string& out) {
    out.append(text_of(t.id)).append("\n").append(t.text);
    return {};
  }
  static result<value_type> decode(std::string_view bytes) {
    auto const line = bytes.find('\n');
    return value_type{std::string{bytes.substr(0, line)}, std::string{bytes.substr(line + 1)}};
  }
};

}  // namespace

template <>
struct std::hash<name> {
  std::size_t operator()(name const& n) const noexcept { return std::hash<std::string>{}(n.text()); }
};
template <>
struct strata::key<name> {
  static std::string text(name const& n) {
    tried(trouble::key_use);
    return n.text();
  }
  static std::optional<name> parse(std::string_view text) { return name{std::string{text}}; }
};
template <>
struct strata::record<thing_of<name>> : strata::default_record<thing_of<name>> {
  static name const& key(thing_of<name> const& t) {
    tried(trouble::key_use);
    return t.id;
  }
};

namespace {

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

/// What a tier answers that takes many at once: all of it may fail, or some. It has room for the answers before it begins.
template <class Answer, class Asked, class One>
std::vector<Answer> each(tier where, std::span<Asked const> all, One one) {
  std::vector<Answer> answers;
  answers.reserve(all.size());
  if (strikes(trouble::tier_call)) {
    for (std::size_t i = 0; i < all.size(); ++i) answers.push_back(std::unexpected{down(where)});
  } else {
    for (auto const& asked : all) answers.push_back(one(asked));
  }
  return answers;
}

// Many: the tier takes many keys at once as well.
template <bool Many>
struct brittle_warm {
  struct options {};
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const&, Context const&) {}
    std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until)
      requires Many
    {
      return each<result<sighting>>(strata::tier::warm, keys, [&](std::string_view key) { return load(key, until); });
    }
    std::vector<result<position>> store_many(std::span<placement const> frames, deadline until)
      requires Many
    {
      return each<result<position>>(strata::tier::warm, frames,
                                    [&](placement const& p) { return store(*p.frame, p.at, until); });
    }
    result<sighting> load(std::string_view key, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::warm)};
      truce const inside;
      return world->warm[std::string{key}];
    }
    result<position> store(frame const& f, std::optional<position> at, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::warm)};
      truce const inside;
      auto& there = world->warm[f.key];
      if (at ? *at != there.position : there.frame && there.frame->revision > f.revision)
        return failure(errc::conflict, strata::tier::warm);
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

template <bool Many>
struct brittle_cold {
  struct options {};
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const&, Context const&) {}
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline until)
      requires Many
    {
      return each<result<copy<Value>>>(strata::tier::cold, keys,
                                       [&](std::string_view key) { return load(key, until); });
    }
    std::vector<result<written>> store_many(std::span<keyed_value<Value> const> values, deadline until)
      requires Many
    {
      return each<result<written>>(strata::tier::cold, values,
                                   [&](auto const& one) { return store(one.key, *one.value, anything, until); });
    }
    result<copy<Value>> load(std::string_view key, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::cold)};
      truce const inside;
      auto const& row = world->cold[std::string{key}];
      copy<Value> c{.value = {}, .revision = row.at};
      if (row.value) c.value.emplace(row.value->first, row.value->second);
      return c;
    }
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::cold)};
      auto const at = [&]() -> result<revision> {
        truce const inside;
        auto& row = world->cold[std::string{key}];
        if (expected && *expected != (row.value ? row.at : revision{}))
          return failure(errc::conflict, strata::tier::cold);
        row = {std::pair{text_of(value.id), value.text}, revision{++world->last}};
        return row.at;
      }();
      if (strikes(trouble::tier_answer)) throw std::bad_alloc{};
      if (!at) return std::unexpected{at.error()};
      return written{*at, 1, true};
    }
    result<written> erase(std::string_view key, deadline) {
      if (strikes(trouble::tier_call)) return std::unexpected{down(strata::tier::cold)};
      bool changed = false;
      revision const at = [&] {
        truce const inside;
        auto& row = world->cold[std::string{key}];
        changed = row.value.has_value();
        if (changed) row = {std::nullopt, revision{++world->last}};
        return row.at;
      }();
      if (strikes(trouble::tier_answer)) throw std::bad_alloc{};
      return written{at, 1, changed};
    }
  };
};

template <bool Many, class Id = std::string>
using things_of = cache<hot::lru, brittle_warm<Many>, brittle_cold<Many>, thing_codec<Id>, single_writer>;

// Long enough to be allocated.
std::string const key = "a key that is too long for the small string optimization";
std::string const other = "another key that is too long for the small string optimization";
template <class Thing = thing>
Thing made(std::string_view text, std::string const& id = key) {
  truce const quiet;
  return {id, std::string{text} + ", which is too long for the small string optimization as well"};
}

/// A user's function whose copies and moves fail as a value's do.
template <class F>
struct brittle {
  F call;
  explicit brittle(F f) : call{f} {}
  brittle(brittle const& b) : call{(tried(), b.call)} {}
  brittle(brittle&& b) : call{(tried(), b.call)} {}
  brittle& operator=(brittle const&) = delete;
  brittle& operator=(brittle&&) = delete;
  ~brittle() = default;
  auto operator()(auto&... given) { return call(given...); }
};

enum class start { nothing, cold_alone, warm_too, hot_too };

/// Whether a verb reported that it has changed a key.
struct report {
  bool of_key = false;
  bool of_other = false;
};
bool changed(result<receipt> const& r) { return r && r->changed; }

/// Its threads have ended, so a co_ verb runs where it is awaited, and its failures are this thread's.
threads& here() {
  static threads none;
  none.stop();
  return none;
}

/// Compiled once for all verbs of a cache.
template <class Cache, class Thing = typename Cache::value_type>
void try_each(std::string_view name, trouble kind, start from, bool writes, std::function<report(Cache&)> const& act) {
  for (std::uint64_t n = 1;; ++n) {
    BOOST_REQUIRE_MESSAGE(n < 5'000, "there is no end to the failures of " << name);
    stores mine;
    world = &mine;
    typename Cache::options const settings{.hot = {.capacity_entries = 8}, .executor = &here()};
    Cache cache{settings};
    if (from != start::nothing)
      for (auto const& id : {key, other}) BOOST_REQUIRE(cache.put(made<Thing>("first", id)).has_value());
    if (from == start::cold_alone) mine.warm.clear();
    Cache fresh{settings};
    auto& used = from == start::hot_too ? cache : fresh;
    auto const key_before = mine.cold[key].at;
    auto const other_before = mine.cold[other].at;

    bool threw = false;
    report told;
    armed = {kind, n, false};
    try {
      told = act(used);
    } catch (std::bad_alloc const&) {
      threw = true;
    } catch (copy_failed const&) {
      threw = true;
    }
    bool const happened = armed.happened;
    armed = {};
    bool const key_changed = mine.cold[key].at != key_before;
    bool const other_changed = mine.cold[other].at != other_before;

    BOOST_TEST(!(threw && kind == trouble::tier_call), name << ": failure " << n << " of a tier was thrown");
    if (writes) {
      BOOST_TEST(!(threw && (key_changed || other_changed)),
                 name << ": failure " << n << " was thrown out of a write that cold has committed");
    }
    if (writes && kind != trouble::tier_answer) {  // else nobody can tell what has become of it
      BOOST_TEST(told.of_key == key_changed,
                 name << ": failure " << n << ": reported " << told.of_key << ", happened " << key_changed);
      BOOST_TEST(told.of_other == other_changed, name << ": failure " << n << ": of the other reported "
                                                      << told.of_other << ", happened " << other_changed);
    }
    for (auto const& id : {key, other}) {  // nothing fails any more: it must agree with cold, at once
      auto const& row = mine.cold[id];
      auto const read = used.get(id);
      BOOST_TEST((row.value ? read && read->text == row.value->second && read.revision() == row.at : read.absent()),
                 name << ": after failure " << n << " a read of " << id << " does not agree with cold");
      BOOST_TEST(used.put(made<Thing>("last", id)).has_value());
      BOOST_TEST((used.get(id) && used.get(id)->text == made("last").text));
    }
    if (!happened) return;
  }
}

/// \param act  runs the verb, a write if it gives a report
template <class Cache, class Act>
void try_all(std::string_view name, trouble kind, start from, Act act) {
  if constexpr (std::is_same_v<std::invoke_result_t<Act&, Cache&>, report>)
    try_each<Cache>(name, kind, from, true, act);
  else
    try_each<Cache>(name, kind, from, false, [&](Cache& c) { return act(c), report{}; });
}

constexpr start starts[] = {start::nothing, start::cold_alone, start::warm_too, start::hot_too};

template <class Id = std::string>
void single_verbs(trouble kind) {
  using things = things_of<false, Id>;
  using value = thing_of<Id>;
  Id const id{key};
  auto const one = [](result<receipt> const& r) { return report{.of_key = changed(r)}; };
  for (auto const from : starts) {
    try_all<things>("get", kind, from, [&](things& c) { (void)c.get(id); });
    try_all<things>("visit", kind, from,
                    [&](things& c) { (void)c.visit(id, [](value const& t) { return t.text.size(); }); });
    try_all<things>("peek", kind, from, [&](things& c) { (void)c.peek(id); });
    try_all<things>("put", kind, from, [&](things& c) { return one(c.put(made<value>("second"))); });
    try_all<things>("put by key", kind, from, [&](things& c) { return one(c.put(id, made<value>("second"))); });
    try_all<things>("put_if", kind, from, [&](things& c) { return one(c.put_if(c.get(id), made<value>("second"))); });
    try_all<things>("put_if by key", kind, from,
                    [&](things& c) { return one(c.put_if(id, c.get(id), made<value>("second"))); });
    try_all<things>("update", kind, from,
                    [&](things& c) { return one(c.update(id, brittle{[](value& t) { t.text += "!"; }})); });
    try_all<things>("erase", kind, from, [&](things& c) { return one(c.erase(id)); });
    try_all<things>("get_or_load", kind, from,
                    [&](things& c) { (void)c.get_or_load(id, brittle{[] { return made<value>("loaded"); }}); });
  }
}

void awaited_verbs(trouble kind) {
  using things = things_of<false>;
  auto const one = [](things& c, auto verb) -> task<report> { co_return report{.of_key = changed(co_await verb(c))}; };
  for (auto const from : starts) {
    try_all<things>("co_get", kind, from,
                    [](things& c) { [](things& all) -> task<void> { (void)co_await all.co_get(key); }(c).run(); });
    try_all<things>("co_put", kind, from,
                    [&](things& c) { return one(c, [](things& all) { return all.co_put(made("second")); }).run(); });
    try_all<things>("co_put by key", kind, from, [&](things& c) {
      return one(c, [](things& all) { return all.co_put(key, made("second")); }).run();
    });
    try_all<things>("co_put_if", kind, from, [&](things& c) {
      return one(c, [](things& all) { return all.co_put_if(absence, made("second")); }).run();
    });
    try_all<things>("co_update", kind, from, [&](things& c) {
      return one(c, [](things& all) { return all.co_update(key, brittle{[](thing& t) { t.text += "!"; }}); }).run();
    });
    try_all<things>("co_erase", kind, from,
                    [&](things& c) { return one(c, [](things& all) { return all.co_erase(key); }).run(); });
    try_all<things>("co_get_or_load", kind, from, [](things& c) {
      [](things& all)
          -> task<void> { (void)co_await all.co_get_or_load(key, brittle{[] { return made("loaded"); }}); }(c).run();
    });
  }
}

template <bool Many, class Id = std::string>
void batch_verbs(trouble kind) {
  using things = things_of<Many, Id>;
  using value = thing_of<Id>;
  auto const both = [](auto const& receipts) {
    return report{changed(receipts[0]) || changed(receipts[2]), changed(receipts[1])};
  };
  auto const keys = [] {
    truce const quiet;
    return std::vector<Id>{key, other, key};
  };
  auto const values = [] {
    truce const quiet;
    return std::vector{made<value>("second"), made<value>("second", other), made<value>("third")};
  };
  for (auto const from : starts) {
    try_all<things>("get_many", kind, from, [&](things& c) { (void)c.get_many(keys()); });
    try_all<things>("visit_many", kind, from,
                    [&](things& c) { (void)c.visit_many(keys(), [](auto const&, value const& t) { (void)t.text; }); });
    try_all<things>("put_many", kind, from, [&](things& c) { return both(c.put_many(values())); });
    try_all<things>("erase_many", kind, from, [&](things& c) { return both(c.erase_many(keys())); });
    if constexpr (Many) {
      try_all<things>("co_get_many", kind, from, [&](things& c) {
        [](things& all, auto& asked) -> task<void> { (void)co_await all.co_get_many(asked()); }(c, keys).run();
      });
      try_all<things>("co_put_many", kind, from, [&](things& c) {
        return [](things& all, auto& ready, auto& given)
                   -> task<report> { co_return ready(co_await all.co_put_many(given())); }(c, both, values).run();
      });
      try_all<things>("co_erase_many", kind, from, [&](things& c) {
        return [](things& all, auto& ready, auto& given)
                   -> task<report> { co_return ready(co_await all.co_erase_many(given())); }(c, both, keys).run();
      });
    }
  }
}

void all_verbs(trouble kind) {
  single_verbs(kind);
  awaited_verbs(kind);
  batch_verbs<false>(kind);
  batch_verbs<true>(kind);
}

/// K12: of the places there are 64, and a question that could not be asked gives its own back.
void soft_reads() {
  stores mine;
  world = &mine;
  using namespace std::chrono_literals;
  things_of<false> cache{{.hot = {.capacity_entries = 8}, .executor = &here()}};
  BOOST_REQUIRE(cache.put(made("first")).has_value());
  read_options const softly{.mode = read_mode::cold, .soft_within = 20s};
  for (std::uint64_t n = 1;; ++n) {
    BOOST_REQUIRE(n < 100);
    bool happened = false;
    for (int i = 0; i < 65; ++i) {
      armed = {trouble::allocation, n, false};
      try {
        (void)cache.get(key, softly);
      } catch (std::bad_alloc const&) {
      }
      happened = std::exchange(armed, {}).happened;
    }
    auto const asked = cache.get(key, softly);
    BOOST_TEST((asked && asked.tier() == tier::cold), "after failure " << n << " nothing is asked any more");
    if (!happened) break;
  }
}

}  // namespace

bool strata_test::refuses(std::size_t) noexcept { return strikes(trouble::allocation); }

BOOST_AUTO_TEST_SUITE(nth_failure)
BOOST_AUTO_TEST_CASE(of_a_tier) { all_verbs(trouble::tier_call); }
BOOST_AUTO_TEST_CASE(of_a_tier_that_has_no_memory_left_for_its_answer) { all_verbs(trouble::tier_answer); }
BOOST_AUTO_TEST_CASE(of_an_allocation) { all_verbs(trouble::allocation); }
BOOST_AUTO_TEST_CASE(of_an_allocation_keeps_no_asker_s_place) { soft_reads(); }
BOOST_AUTO_TEST_CASE(of_a_value) { all_verbs(trouble::value_copy); }
BOOST_AUTO_TEST_CASE(of_a_key) {
  single_verbs<name>(trouble::key_use);
  batch_verbs<true, name>(trouble::key_use);
}
BOOST_AUTO_TEST_SUITE_END()
