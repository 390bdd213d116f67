// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/query.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/serve.hpp>
#include <strata/frame.hpp>
#include <strata/kernel/budget.hpp>
#include <strata/key.hpp>
#include <strata/miss.hpp>
#include <strata/query/cold.hpp>
#include <strata/receipt.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

// Why a read answered as it did: what each tier has for a key at this moment, and what a read would make of it.
namespace strata {

/// What the tiers have for a key.
struct explanation {
  struct copy {
    bool present = false;
    bool expired = false;
    bool notice = false;  ///< the tier knows the revision alone: what that is, cold has to say
    strata::revision revision{};
    /// How long ago the revision was written, by the clock of who did; nothing: nobody knows.
    std::optional<std::chrono::milliseconds> age{};
    std::optional<error> fault{};  ///< why the tier could not say

    /// For a person, in a few words.
    [[nodiscard]] std::string text() const {
      if (fault) return std::string{fault->text()};
      if (revision == strata::revision{}) return present ? "a value without a revision" : "nothing";
      std::string words{present   ? "revision "
                        : expired ? "expired, of revision "
                        : notice  ? "told of revision "
                                  : "erased at revision "};
      words.append(std::to_string(number(revision)));
      return age ? words.append(", ").append(text_of(*age)).append(" old") : words;
    }

   private:
    static std::string text_of(std::chrono::milliseconds age) {
      constexpr struct {
        std::string_view name;
        std::int64_t length;
      } units[] = {{" days", 86'400'000}, {" h", 3'600'000}, {" min", 60'000}, {" s", 1'000}};
      for (auto const& unit : units)
        if (age.count() >= 2 * unit.length) return std::to_string(age.count() / unit.length).append(unit.name);
      return std::to_string(age.count()).append(" ms");
    }
  };
  copy hot{}, warm{}, cold{};
  std::uint8_t tiers = 0;                              ///< which of them there are, bit by bit as in a receipt
  strata::freshness hot_freshness = freshness::fresh;  ///< what a hit in memory would be called
  bool alone = false;              ///< memory's is not taken: nobody is left who could know better (K11)
  strata::revision floor{};        ///< nothing older is served or kept
  std::optional<miss> declined{};  ///< why a read would not take warm's copy
  strata::position warm_position{};
  std::int64_t version = 0;  ///< cold's

  /// For a person, in one line.
  [[nodiscard]] std::string text() const {
    std::string line;
    auto const say = [&](tier where, copy const& its) {
      if ((tiers & tier_bit(where)) == 0) return;
      line.append(line.empty() ? "" : "; ").append(to_string(where)).append(": ").append(its.text());
    };
    say(tier::hot, hot);
    if (hot.present && alone)
      line.append(", not taken: nobody could know better");
    else if (hot.present && hot_freshness != freshness::fresh)
      line.append(", unverified");
    say(tier::warm, warm);
    if (declined) line.append(", not taken: ").append(to_string(*declined));
    say(tier::cold, cold);
    if (floor != revision{})
      line.append("; nothing below revision ").append(std::to_string(number(floor))).append(" is served");
    return line;
  }
};

/// Asks every tier for the key, and changes nothing.
/// \returns    what each has; a tier that fails is a fault in its place
/// \errors     rejected: no key; closed, forked
/// \complexity one round trip per tier, and another to a cold one that keeps history
template <class Cache>
result<explanation> explain(Cache& cache, key_view<typename Cache::key_type> k, call_options call = {}) {
  using value_type = typename Cache::value_type;
  auto& core = query::access::core(cache);
  using core_type = std::remove_cvref_t<decltype(core)>;
  auto const inside = core.enter();
  if (!inside) return std::unexpected{inside.error()};
  auto const hashed = core.hash(k);
  auto const& text = core_type::text(hashed);
  if (auto why = core.fault(text)) return std::unexpected{std::move(*why)};
  auto const until = flow::until(core, call.within, core.limits.read_within);
  auto const age_of = [now = std::chrono::system_clock::now()](std::chrono::system_clock::time_point written) {
    auto const age = std::chrono::duration_cast<std::chrono::milliseconds>(now - written);
    return age.count() > 0 ? age : std::chrono::milliseconds{0};  // clocks differ
  };

  explanation told{.tiers = core_type::tier_bits};
  auto const fill = core.gate.enter_alone(hashed.hash).fill();
  told.floor = fill.floor;
  told.hot_freshness = core.of_a_copy();
  told.alone = core.alone();
  if (auto const kept = core.held(hashed)) {
    bool const expired = !core.peek(hashed);
    told.hot = {.present = !expired, .expired = expired, .revision = kept.revision()};
  }
  if constexpr (core_type::has_warm) {
    auto const part = core_type::has_cold ? kernel::warm_read(core.clock.now(), until) : until;  // K11, as a read
    auto const seen =
        core.warm.ask(core, flow::direction::reading, part, [&](auto& tier) { return tier.load(text, part); }).run();
    if (!seen) told.warm.fault = seen.error();
    if (seen) told.warm_position = seen->position;
    if (seen && seen->frame) {
      auto const& f = *seen->frame;
      auto const read = flow::unseal(core, text, fill, *seen);
      told.declined = read.declined;
      bool const expired = told.declined == miss::expired;
      told.warm = {.present = f.operation == operation::put && !expired,
                   .expired = expired,
                   .notice = f.operation == operation::notice,
                   .revision = read.order};
      if (f.created_ms != 0)
        told.warm.age = age_of(std::chrono::system_clock::time_point{std::chrono::milliseconds{f.created_ms}});
    }
  }
  if constexpr (core_type::has_cold) {
    auto const row =
        core.cold.ask(core, flow::direction::reading, until, [&](auto& tier) { return tier.load(text, until); }).run();
    if (!row)
      told.cold.fault = row.error();
    else
      told.cold = {.present = row->value.has_value(), .expired = row->expired, .revision = row->revision},
      told.version = row->version;
    if constexpr (keeps_history<typename core_type::cold_channel::tier_type, value_type>) {
      constexpr std::size_t most = 10;  // whoever has something older has it for other reasons
      auto const past =
          core.cold
              .ask(core, flow::direction::reading, until, [&](auto& tier) { return tier.history(text, most, until); })
              .run();
      for (auto* const one : {&told.hot, &told.warm, &told.cold})
        for (std::size_t i = 0; past && i < past->size(); ++i)
          if ((*past)[i].revision == one->revision) one->age = age_of((*past)[i].written);
    }
  }
  if (!told.hot.age && told.hot.revision == told.warm.revision) told.hot.age = told.warm.age;
  return told;
}

}  // namespace strata
