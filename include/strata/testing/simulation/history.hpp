// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>
#include <strata/kernel/lease.hpp>
#include <strata/receipt.hpp>
#include <strata/testing/simulation/director.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Judges every answer the moment it is given. Revisions are unique and the truth keeps its whole log, so each answer names
// its place in that log and one pass is enough: no search for an order that would explain everything.
namespace strata::testing {

enum class promise : std::uint8_t {
  durable = 1,
  monotonic,
  own_writes,
  bounded,
  no_resurrection,
  one_winner,
  no_mix_up,
  warm_harmless,
  bounds,
  honest,
  ends,
  upward
};

constexpr std::string_view to_string(promise p) noexcept {
  constexpr std::string_view names[] = {"", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "K12", "K5"};
  return names[static_cast<std::size_t>(p)];
}
constexpr std::string_view meaning(promise p) noexcept {
  constexpr std::string_view texts[] = {"",
                                        "a committed write is in the truth",
                                        "revisions read never go down",
                                        "an instance reads its own writes",
                                        "what is fresh is current, and every write reaches every instance",
                                        "nothing older comes back after an erase",
                                        "exactly one winner per revision",
                                        "what is read was written, whole, to exactly that key",
                                        "a failing warm fails no call, and no call outlives its deadline",
                                        "memory stays within bounds",
                                        "outcomes are honest",
                                        "every call ends",
                                        "warm is given only what is higher than what was seen there"};
  return texts[static_cast<std::size_t>(p)];
}

struct breach {
  promise what{};
  std::string text;
};

/// A call under way, as the checker remembers it.
struct call_record {
  verb what = verb::get;
  std::uint8_t instance = 0;
  std::uint8_t key = 0;
  std::uint16_t number = 0;
  revision floor{};  ///< known to the instance when the call began
  promise reason = promise::monotonic;
  moment begun{};
  moment until{};
  moment soft = moment::max();  ///< when the caller rather takes what memory has
  bool verified = false;        ///< whether he takes only what is fresh until then
  expectation expected{};
  std::optional<errc> failed{};  ///< set when it ended with an error
  bool over = false;
};

class history {
 public:
  explicit history(director& on) noexcept : on_{on} {}

  void reset() {
    for (auto& of : known_) of = {};
    calls_.clear();
    calls_.reserve(64);
    found.reset();
  }
  void restarted(std::size_t instance) noexcept { known_[instance] = {}; }

  /// \param wanted  the number it shall have; zero: the next
  /// \returns the number of the call; values carry it
  std::uint16_t begin(verb what, std::uint8_t instance, std::uint8_t key, moment until, std::size_t wanted = 0) {
    auto const number = static_cast<std::uint16_t>(wanted != 0 ? wanted : calls_.size() + 1);
    if (number > calls_.size()) calls_.resize(number);
    auto const& k = known_[instance][key];
    calls_[number - 1U] = {.what = what,
                           .instance = instance,
                           .key = key,
                           .number = number,
                           .floor = k.floor,
                           .reason = k.reason,
                           .begun = on_.time.now,
                           .until = until};
    return number;
  }
  [[nodiscard]] call_record& of(std::uint16_t number) noexcept { return calls_[number - 1U]; }

  void end_read(std::uint16_t number, hit<mark> const& h) {
    auto& c = of(number);
    finish(c);
    if (h.failed()) return failed(c, h.error(), false);
    if (c.verified && h.freshness() == freshness::unverified && !on_.world.warm_is_truth())
      return broke(promise::bounded, "{} gives what nobody has verified to who asked for that", describe(c));
    if (h.absent()) return read_absent(c);
    read_value(c, *h, h.revision(), h.freshness());
  }
  /// A read that gives no revision.
  void end_visit(std::uint16_t number, result<std::optional<mark>> const& given) {
    auto& c = of(number);
    finish(c);
    if (!given) return failed(c, given.error(), false);
    if (!*given) return read_absent(c);
    auto const* origin = on_.world.by((*given)->number);
    read_value(c, **given, origin == nullptr ? revision{} : origin->revision, freshness::unverified);
  }

  void end_write(std::uint16_t number, result<receipt> const& r) {
    auto& c = of(number);
    finish(c);
    if (!r) return failed(c, r.error(), true);
    bool const erasing = c.what == verb::erase || c.what == verb::erase_many;
    if (!r->changed && !erasing) return;  // an update that gave up
    if (r->revision == revision{}) {
      if (r->changed) broke(promise::durable, "{} was acknowledged without a revision", describe(c));
      return;
    }
    auto const* made = on_.world.at(c.key, r->revision);
    if (made == nullptr || (made->operation == operation::erase) != erasing || (r->changed && made->by != c.number))
      return broke(promise::durable, "{} was acknowledged as revision {}, which the truth does not have", describe(c),
                   number_of(r->revision));
    if (r->changed) check_winner(c, *made);
    learn(c, r->revision, erasing ? promise::no_resurrection : promise::own_writes);
  }

  /// A later value for the same key took its place in a batch: it is written nowhere.
  void end_superseded(std::uint16_t number) { finish(of(number)); }

  void knows(std::size_t instance, std::size_t key, revision r) noexcept {
    known_[instance][key] = {r, promise::monotonic};
  }
  /// Of all that later judgements depend on.
  [[nodiscard]] std::uint64_t digest() const noexcept {
    std::uint64_t all = 0;
    auto const mix = [&](std::uint64_t x) { all = (all ^ x) * 0x9E3779B97F4A7C15U + 1; };
    for (auto const& of : known_)
      for (auto const& k : of) mix(strata::number(k.floor) * 16 + static_cast<std::uint64_t>(k.reason));
    for (auto const& c : calls_) {
      mix(static_cast<std::uint64_t>(c.what) * 64 + c.instance * 16 + c.over * 2U + (c.failed ? 1 : 0));
      mix(strata::number(c.floor) * 256 + (c.failed ? static_cast<std::uint64_t>(*c.failed) : 0));
    }
    return all;
  }

  /// After everything has come to rest.
  void check_outcomes() {
    for (auto const& c : calls_) {
      if (!c.failed || *c.failed == errc::unknown) continue;
      if (on_.world.by(c.number) != nullptr)
        return broke(promise::honest, "{} failed with \"{}\", and yet the truth has it", describe(c),
                     strata::to_string(*c.failed));
    }
  }
  /// The next reads of that instance must show at least what warm was told.
  void expect_told(std::size_t instance, std::size_t key, revision told) noexcept {
    auto& k = known_[instance][key];
    if (told > k.floor) k = {told, promise::bounded};
  }

  void went_downward(std::size_t strand) {
    broke(promise::upward, "{} promotes into warm what it has just seen there", on_.name(strand));
  }
  void published_late(std::size_t strand) {
    broke(promise::bounded, "{} may tell warm so late that nobody counts on it any more", on_.name(strand));
  }
  void never_fresh(std::size_t instance) {
    broke(promise::bounded, "memory of {} is not fresh, although nothing fails any more",
          director::name_of_instance(instance));
  }
  void others_misled(std::size_t key, bool elsewhere) {
    broke(promise::bounded, "what other programs find in warm for {}{} is older than what cold has", key_names[key],
          elsewhere ? ", where they look" : "");
  }
  void never_ended(std::size_t strand) { broke(promise::ends, "{} never ends", on_.name(strand)); }

  bool leased = false;  ///< somebody proves how fresh memory is
  std::optional<breach> found;

 private:
  struct knowledge {
    revision floor{};
    promise reason = promise::monotonic;
  };

  static std::uint64_t number_of(revision r) noexcept { return strata::number(r); }

  template <class... A>
  void broke(promise what, std::format_string<A...> line, A&&... arguments) {
    if (!found) found = breach{what, std::format(line, std::forward<A>(arguments)...)};
  }
  std::string describe(call_record const& c) const {
    return std::format("{}'s {} of {} (call {})", director::name_of_instance(c.instance), to_string(c.what),
                       key_names[c.key], c.number);
  }

  void learn(call_record const& c, revision r, promise reason) noexcept {
    auto& k = known_[c.instance][c.key];
    if (r > k.floor) k = {r, reason};
  }

  void finish(call_record& c) {
    c.over = true;
    if (!on_.paused[c.instance] && on_.time.now > c.until + std::chrono::milliseconds{50})
      broke(promise::warm_harmless, "{} outlived its deadline by {} ms", describe(c),
            std::chrono::duration_cast<std::chrono::milliseconds>(on_.time.now - c.until).count());
  }

  void failed(call_record& c, error const& why, bool wrote) {
    c.failed = why.code();
    if (wrote && why == errc::unknown)  // the instance asks the truth next, and finds it if it happened
      if (auto const* made = on_.world.by(c.number)) learn(c, made->revision, promise::own_writes);
    if (on_.world.warm_is_truth() || on_.cold_failed[c.instance]) return;
    if (why == errc::conflict && (c.what == verb::put_if || c.what == verb::update)) return;
    if (why == errc::rejected && c.what == verb::update) return;
    if (why == errc::loader_failed && c.what == verb::get_or_load) return;
    if (why == errc::timed_out && on_.paused[c.instance]) return;
    broke(promise::warm_harmless, "{} failed with \"{}\" although cold never failed", describe(c), why.text());
  }

  void read_absent(call_record const& c) {
    if (c.floor == revision{}) return;
    auto const rounded = on_.time.now + std::chrono::milliseconds{5};  // ends are told in milliseconds
    for (auto const& made : on_.world.commits[c.key])
      if (!made.lives(rounded) && made.revision >= c.floor) return learn(c, made.revision, promise::no_resurrection);
    broke(c.reason == promise::no_resurrection ? promise::monotonic : c.reason,
          "{} says absent, but {} knew revision {}", describe(c), director::name_of_instance(c.instance),
          number_of(c.floor));
  }

  void read_value(call_record const& c, mark const& value, revision r, freshness state) {
    if (!value.whole() || value.key != c.key)
      return broke(promise::no_mix_up, "{} gives a value that nobody wrote there", describe(c));
    bool const cold_missed = on_.cold_failed[c.instance] || on_.paused[c.instance];
    if (r == revision{}) {
      bool const allowed =
          value.writer == 255 && state == freshness::unverified && (c.floor == revision{} || cold_missed);
      if (!allowed) broke(promise::no_mix_up, "{} gives a value without a revision as if it were one", describe(c));
      return;
    }
    auto const* made = on_.world.at(c.key, r);
    bool const spare =
        state == freshness::unverified && cold_missed && made != nullptr && value == as_older(made->value);
    if (made == nullptr || made->operation != operation::put || !(made->value == value || spare))
      return broke(promise::no_mix_up, "{} gives value {} as revision {}, which is something else", describe(c),
                   value.number, number_of(r));
    if (state != freshness::stale && c.begun >= made->ends)
      return broke(promise::bounded, "{} gives revision {}, which expired {} ms before", describe(c), number_of(r),
                   std::chrono::duration_cast<std::chrono::milliseconds>(c.begun - made->ends).count());
    if (leased && state == freshness::fresh) check_age(c, r);
    if (state == freshness::stale && !on_.paused[c.instance] && on_.time.now > c.soft + std::chrono::milliseconds{50})
      return broke(promise::warm_harmless, "{} gives a stale copy {} ms after its soft deadline", describe(c),
                   std::chrono::duration_cast<std::chrono::milliseconds>(on_.time.now - c.soft).count());
    if (r < c.floor)
      return broke(c.reason, "{} gives revision {}, but {} knew revision {}", describe(c), number_of(r),
                   director::name_of_instance(c.instance), number_of(c.floor));
    learn(c, r, promise::monotonic);
  }

  /// What counts as fresh has not been superseded for longer than a lease lasts. (A subject that falls back alone, and a
  /// stream that answers with the past, break the laws of a warm tier in a way that no proof covers.)
  void check_age(call_record const& c, revision r) {
    if (on_.world.unsettled[c.key] || on_.lagging[c.instance][c.key]) return;
    for (auto const& made : on_.world.commits[c.key])
      if (made.revision > r)
        if (auto const age = c.begun - made.when; age > kernel::lease<>::length)
          return broke(promise::bounded, "{} gives revision {} as fresh, {} ms after revision {} was committed",
                       describe(c), number_of(r), std::chrono::duration_cast<std::chrono::milliseconds>(age).count(),
                       number_of(made.revision));
  }
  void check_winner(call_record const& c, commit const& made) {
    auto const* former = on_.world.before(c.key, made.revision);
    bool const there = former != nullptr && former->operation == operation::put;
    bool const gone = there && !former->lives(made.when);
    if (c.what == verb::put_if && c.expected && *c.expected != (there ? former->revision : revision{}) &&
        !(gone && *c.expected == revision{}))
      broke(promise::one_winner, "{} expected revision {} and won over revision {}", describe(c),
            number_of(*c.expected), there ? number_of(former->revision) : 0);
    if (c.what == verb::update && (!there || former->value.number != made.value.base))
      broke(promise::one_winner, "{} changed value {} and lost value {}", describe(c), made.value.base,
            there ? former->value.number : 0);
  }

  director& on_;
  std::array<std::array<knowledge, most_keys>, most_instances> known_{};
  std::vector<call_record> calls_;
};

}  // namespace strata::testing
