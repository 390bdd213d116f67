// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace strata::testing {

/// What may go wrong with one call of a tier.
enum class fault : std::uint8_t {
  none,
  refused,      ///< an error, nothing done
  lost,         ///< done, but the answer is lost
  slow,         ///< done at once, the answer takes its time
  late,         ///< the request takes its time
  hang,         ///< nothing is ever done or answered: the deadline ends it
  ghost,        ///< the deadline ends it, and afterwards it is done
  outdated,     ///< the answer is an older message
  flipped,      ///< one bit of the answer is wrong
  truncated,    ///< the answer is cut short
  foreign_key,  ///< the answer belongs to another key
  headless,     ///< the answer is a message of a program that knows no revisions
  older,        ///< the answer is the copy of an older program, without a member that this one does not know
  rubbish,      ///< the answer is damaged in a way that the tier itself notices
};

constexpr std::string_view to_string(fault f) noexcept {
  constexpr std::string_view names[] = {"",
                                        "is refused",
                                        "is done, but the answer is lost",
                                        "is done, but the answer is slow",
                                        "is late on its way",
                                        "is never answered",
                                        "is not answered in time, and done afterwards",
                                        "gets an outdated message",
                                        "gets a message with a flipped bit",
                                        "gets a truncated message",
                                        "gets another key's message",
                                        "gets a message without headers",
                                        "gets an older program's copy",
                                        "finds a damaged row"};
  return names[static_cast<std::size_t>(f)];
}

/// Which faults a kind of call can have.
enum class call_kind : std::uint8_t { warm_load, warm_write, cold_load, cold_write };

namespace detail {
using enum fault;
inline constexpr std::array warm_load_faults{refused, slow,      late,        hang,     outdated,
                                             flipped, truncated, foreign_key, headless, older};
inline constexpr std::array warm_write_faults{refused, lost, slow, late, hang, ghost};
inline constexpr std::array cold_load_faults{refused, slow, late, hang, rubbish};
inline constexpr std::array cold_write_faults{refused, lost, slow, late, hang, ghost};
// A warm tier that is the truth keeps what it acknowledged and gives it whole, as a database does.
inline constexpr std::array true_warm_load_faults{refused, slow, late, hang, flipped, truncated, foreign_key};

// For explorers, one of each kind that a flow could tell from the others. Time stands still for them: a call that hangs is
// one whose failure comes at any time, as that of a refused one does; slow and late are what schedules do anyway; a
// truncated message and another key's take the way of a flipped one.
inline constexpr std::array few_warm_load_faults{refused, outdated, flipped, headless};
inline constexpr std::array few_warm_write_faults{refused, lost, ghost};
inline constexpr std::array few_cold_load_faults{refused, rubbish};
inline constexpr std::array few_cold_write_faults{refused, lost, ghost};

inline constexpr std::array no_answer{hang};

constexpr std::span<fault const> few_faults_of(call_kind kind, bool hangs) noexcept {
  if (hangs) return no_answer;
  switch (kind) {
    case call_kind::warm_load: return few_warm_load_faults;
    case call_kind::warm_write: return few_warm_write_faults;
    case call_kind::cold_load: return few_cold_load_faults;
    case call_kind::cold_write: return few_cold_write_faults;
  }
  return {};
}
}  // namespace detail

constexpr std::span<fault const> faults_of(call_kind kind, bool warm_is_truth) noexcept {
  switch (kind) {
    case call_kind::warm_load:
      return warm_is_truth ? std::span<fault const>{detail::true_warm_load_faults}
                           : std::span<fault const>{detail::warm_load_faults};
    case call_kind::warm_write: return detail::warm_write_faults;
    case call_kind::cold_load: return detail::cold_load_faults;
    case call_kind::cold_write: return detail::cold_write_faults;
  }
  return {};
}

/// How long slow and late calls take: within, near and beyond the budgets and deadlines of the flows.
inline constexpr std::array<std::chrono::milliseconds, 4> delays{
    std::chrono::milliseconds{5}, std::chrono::milliseconds{300}, std::chrono::milliseconds{700},
    std::chrono::milliseconds{3'000}};

/// A fault as drawn: what, and how much of it.
struct ailment {
  fault what = fault::none;
  std::uint8_t much = 0;  ///< index of a delay, or which bit, or which key
  friend bool operator==(ailment const&, ailment const&) = default;
};

}  // namespace strata::testing
