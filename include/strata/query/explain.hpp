// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/flow/judge.hpp>
#include <strata/flow/serve.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>
#include <strata/query/cold.hpp>

#include <cstdint>
#include <optional>
#include <string>

// Why a read answered as it did: what each tier has for a key at this moment, and what a read would make of it.
namespace strata {

/// What the tiers have for a key. A tier that is absent, or was not asked, says nothing.
struct explanation {
  struct copy {
    bool present = false;
    bool expired = false;
    strata::revision revision{};
    std::optional<error> fault{};  ///< why the tier could not say
  };
  copy hot, warm, cold;
  strata::freshness hot_freshness = freshness::fresh;  ///< what a hit in memory would be called
  strata::revision floor{};                            ///< nothing older is served or kept
  std::optional<miss> declined{};                      ///< why a read would not take warm's copy
  strata::position warm_position{};
  std::int64_t version = 0;  ///< cold's

  /// For a person, in one line.
  [[nodiscard]] std::string text() const {
    std::string line;
    auto const tell = [&](std::string_view name, copy const& c) {
      line.append(line.empty() ? "" : "; ").append(name).append(": ");
      if (c.fault)
        line.append(c.fault->text());
      else if (c.revision == strata::revision{})
        line.append("nothing");
      else
        line.append(c.present   ? "revision "
                    : c.expired ? "expired, of revision "
                                : "erased at revision ")
            .append(std::to_string(number(c.revision)));
    };
    tell("hot", hot);
    if (hot.present && hot_freshness != freshness::fresh) line.append(", unverified");
    tell("warm", warm);
    if (declined) line.append(", not taken: ").append(to_string(*declined));
    tell("cold", cold);
    return line.append("; nothing below revision ").append(std::to_string(number(floor))).append(" is served");
  }
};

/// Asks every tier for the key, and changes nothing.
/// \returns    what each has; a tier that fails is a fault in its place
/// \errors     rejected: no key; closed, forked
/// \complexity one round trip per tier
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

  explanation told;
  told.floor = core.gate.floor(hashed.hash);
  told.hot_freshness = core.of_a_copy();
  if (auto const kept = core.held(hashed)) {
    bool const expired = !core.peek(hashed);
    told.hot = {.present = !expired, .expired = expired, .revision = kept.revision()};
  }
  if constexpr (core_type::has_warm) {
    auto const seen =
        core.warm.ask(core, flow::direction::reading, until, [&](auto& tier) { return tier.load(text, until); }).run();
    if (!seen) told.warm.fault = seen.error();
    if (seen) told.warm_position = seen->position;
    if (seen && seen->frame) {
      auto const& f = *seen->frame;
      auto const order = core_type::has_cold ? f.revision : revision{static_cast<std::uint64_t>(seen->position)};
      auto const found = flow::judge<value_type>(f, order, core_type::has_cold, text, told.floor,
                                                 core_type::codec_type::id, core.now_ms());
      told.warm = {.present = f.operation == operation::put, .revision = order};
      if (!found.good) told.declined = found.why;
      if (found.good && f.operation == operation::notice) told.declined = miss::too_big;
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
  }
  return told;
}

}  // namespace strata
