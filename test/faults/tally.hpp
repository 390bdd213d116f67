// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What was judged, of which promise, and how often it was broken.
namespace faults {

enum class promise : std::uint8_t {
  durable,
  monotonic,
  own_writes,
  bounded,
  no_resurrection,
  one_winner,
  no_mix_up,
  in_time,
  in_bounds,
  honest,
  same_end,
};
inline constexpr std::size_t promises = 11;

struct wording {
  std::string_view name, sentence;
};
constexpr wording const& wording_of(promise p) noexcept {
  constexpr static wording all[promises] = {
      {"P1", "what was acknowledged is in cold"},
      {"P2", "revisions that an instance reads never go down"},
      {"P3", "an instance reads its own writes"},
      {"P4", "what was superseded is not fresh after the bound"},
      {"P5", "nothing older comes back after an erase"},
      {"P6", "one winner per revision, one order of writes"},
      {"P7", "what is read was written, to exactly that key"},
      {"P8", "calls end in time; none fails while cold is up"},
      {"P9", "memory, threads, descriptors stay within bounds"},
      {"P10", "committed, failed and unknown are what they say"},
      {"K7", "all instances end on the contents of cold"},
  };
  return all[static_cast<std::size_t>(p)];
}

class tally {
 public:
  struct line {
    std::uint64_t operations = 0, violations = 0;
    std::uint64_t excused = 0;  ///< seen, told, and not judged
  };
  static constexpr std::size_t stories_kept = 20;

  void judge(promise p, std::uint64_t count = 1) { at(p).operations += count; }
  void broken(promise p, std::string story) {
    ++at(p).violations;
    tell(std::format("{}: {}", wording_of(p).name, story));
  }
  void tell(std::string story) {
    if (stories_.size() < stories_kept) stories_.push_back(std::move(story));
  }
  void add(promise p, line const& l) {
    at(p).operations += l.operations;
    at(p).violations += l.violations;
    at(p).excused += l.excused;
  }
  void excuse(promise p) { ++at(p).excused; }
  void count(std::string const& what, std::uint64_t n = 1) { counts_[what] += n; }
  void at_least(std::string const& what, std::uint64_t n) { counts_[what] = std::max(counts_[what], n); }

  [[nodiscard]] line const& of(promise p) const { return lines_[static_cast<std::size_t>(p)]; }
  [[nodiscard]] std::uint64_t counted(std::string const& what) const {
    auto const found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::map<std::string, std::uint64_t> const& counts() const { return counts_; }
  [[nodiscard]] std::vector<std::string> const& stories() const { return stories_; }
  [[nodiscard]] std::uint64_t violations() const {
    std::uint64_t sum = 0;
    for (auto const& l : lines_) sum += l.violations;
    return sum;
  }

  tally& operator+=(tally const& other) {
    for (std::size_t p = 0; p < promises; ++p) add(static_cast<promise>(p), other.lines_[p]);
    for (auto const& [what, n] : other.counts_) what.contains("at most") ? at_least(what, n) : count(what, n);
    for (auto const& story : other.stories_) tell(story);
    return *this;
  }

 private:
  line& at(promise p) { return lines_[static_cast<std::size_t>(p)]; }

  std::array<line, promises> lines_;
  std::map<std::string, std::uint64_t> counts_;
  std::vector<std::string> stories_;
};

}  // namespace faults
