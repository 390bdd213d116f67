// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/choices.hpp>
#include <strata/testing/simulation/faults.hpp>
#include <strata/testing/simulation/plan.hpp>
#include <strata/testing/simulation/scheduler.hpp>
#include <strata/testing/simulation/world.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <format>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

// What the simulated tiers know of the play they are in: whose call this is, what goes wrong with it, and what to tell.
namespace strata::testing {

inline constexpr std::size_t most_instances = 3;

class director {
 public:
  scheduler time;
  testing::world world;
  testing::choices choices;
  testing::plan plan;

  /// The step that each strand is at, and how many calls of tiers it made.
  struct part {
    plan::step* step = nullptr;
    std::array<std::uint16_t, most_keys> numbers{};  ///< of the call, for each key that it may write
    std::uint8_t calls = 0;
    struct sight {
      position at{};
      revision is{};  ///< zero: nothing there, or once nothing legible
    };
    std::array<sight, most_keys> seen{};  ///< in warm, where it looked last
    moment asked = moment::max();         ///< when it asked cold last
  };
  std::array<part, scheduler::most_strands> parts{};
  std::array<bool, most_instances> cold_failed{};  ///< since the beginning: its calls may fail from then on
  std::array<bool, most_instances> paused{};       ///< time went on while one of its callers could have

  /// Who was answered with an outdated message: whatever lags so far behind has yet to deliver the newer one in its feed.
  std::array<std::array<bool, most_keys>, most_instances> lagging{};

  /// Until when at the latest: its connection to warm is broken and it has yet to notice, so no call of warm comes through.
  std::array<moment, most_instances> unaware_until{};

  bool downward = false;   ///< warm was given, on condition, what the giver had just seen there, or less (K5)
  bool overdue = false;    ///< warm may be told of something longer after cold was asked than anybody counts on (K7)
  bool quiet = false;      ///< no faults any more
  bool exploring = false;  ///< faults are choices like all others, `faults_left` in all
  unsigned faults_left = 0;
  /// The answer under way to each strand, for explorers.
  struct answer_seen {
    std::uint64_t digest = 0;  ///< zero: none
    call_kind kind{};
    std::optional<errc> failed{};
  };
  std::array<answer_seen, scheduler::most_strands> answered{};
  std::uint64_t digest = 0;  ///< of all that happened
  std::vector<std::string>* story = nullptr;

  [[nodiscard]] part& own() noexcept { return parts[time.running]; }
  [[nodiscard]] std::uint16_t number(std::size_t key) noexcept { return own().numbers[key]; }

  /// What goes wrong with the running strand's next call.
  ailment next_ailment(call_kind kind, bool outdated_possible) {
    auto& mine = own();
    std::size_t const n = mine.calls++;
    if (quiet || mine.step == nullptr || n >= plan::most_calls) return {};
    if (exploring) return explored(detail::few_faults_of(kind, plan.hangs), outdated_possible);
    auto const kinds = faults_of(kind, world.warm_is_truth());
    auto& slot = mine.step->ailments[n];
    if (!slot) {
      slot.emplace();
      bool const cold = kind == call_kind::cold_load || kind == call_kind::cold_write;
      unsigned const rate = cold ? plan.cold_fault_in : plan.warm_fault_in;
      if (choices.random() && rate != 0 && choices.draw_below(rate) == 0) {
        slot->what = kinds[choices.draw_below(static_cast<unsigned>(kinds.size()))];
        slot->much = static_cast<std::uint8_t>(choices.draw_below(256));
      }
    }
    return *slot;
  }

  void mix(std::uint64_t what) noexcept { digest = (digest ^ what) * 0x9E3779B97F4A7C15U + 1; }

  template <class... A>
  void tell(std::format_string<A...> line, A&&... arguments) {
    if (story != nullptr) story->push_back(std::format(line, std::forward<A>(arguments)...));
  }
  [[nodiscard]] std::string name(std::size_t strand) const {
    if (strand >= time.asides) return std::format("{}'s question", name_of_instance(strand - time.asides));
    std::string s(1, static_cast<char>('A' + strand / plan.callers));
    return s += static_cast<char>('1' + strand % plan.callers);
  }
  [[nodiscard]] static char name_of_instance(std::size_t i) noexcept { return static_cast<char>('A' + i); }

 private:
  ailment explored(std::span<fault const> kinds, bool outdated_possible) {
    if (faults_left == 0) return {};
    std::size_t const which = choices.pick(kinds.size() + 1);
    if (which == 0) return {};
    fault const f = kinds[which - 1];
    if (f == fault::outdated && !outdated_possible) return {};
    --faults_left;
    return {f, 3};
  }
};

}  // namespace strata::testing
