// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

// What a fleet of processes read and wrote, and one checker of it for all contenders. Times are nanoseconds of
// CLOCK_MONOTONIC, which all processes of a machine share. Versions order the values of one key and are assigned by
// whatever the contender takes for the truth; every value carries a mark that says who wrote it.
//
// A version is known from the end of the write that was acknowledged with it, or of any read that returned it: by then
// it existed, whatever became of its writer. With known(k, t) the highest version of key k known before the moment t to
// anybody, and known(p, k, t) the same to process p alone, a read of process p that returned version v is
//
//   backward  if known(p, k, begun) > v             older than what the process had read, or had been told that it wrote
//   stale     if known(k, begun - bound) > v, and   superseded for longer than the bound when the read began; only if
//             it was called current                 the contender did not itself say that the value may be old
//   wrong     if it shows a mark that nobody had written to that key by the end of the read, or one version that has
//             two values
//
// An answer "absent" is version 0. All three count less than there is and never more: whatever overlaps in time may be
// ordered either way, and a write that nobody was told of nor saw is known to nobody.
namespace fleet {

/// Who wrote a value: carried in it.
struct mark {
  std::uint32_t key = 0;
  std::uint32_t number = 0;  ///< of the writer's operations
  std::uint16_t writer = 0;
  auto operator<=>(mark const&) const = default;
};

enum class call : std::uint8_t { read, write };
enum class state : std::uint8_t {
  open,      ///< begun; its process may have been killed before it ended
  answered,  ///< the read returned `version`, or the write was acknowledged with it
  failed,    ///< nothing was returned; a write may have happened all the same
};

/// One call. Written by its process into memory that outlives it, the state last.
struct event {
  std::int64_t begun = 0;
  std::int64_t ended = 0;
  std::uint64_t version = 0;
  std::uint32_t key = 0;
  fleet::mark mark = {};  ///< of the value written or returned
  fleet::call call = call::read;
  fleet::state state = state::open;
  bool current = true;  ///< a read that the contender did not call old

  [[nodiscard]] bool answered(fleet::call what) const { return call == what && state == state::answered; }
};

/// What one thread of a process did, in its order. A process that is killed and started again is another one.
struct history {
  std::uint32_t process = 0;
  std::span<event const> events = {};
};

struct verdict {
  std::uint64_t reads = 0;       ///< that were answered
  std::uint64_t unverified = 0;  ///< of these, called old by the contender itself: none of them counts as stale
  std::uint64_t stale = 0;
  std::uint64_t backward = 0;
  std::uint64_t wrong = 0;
  bool operator==(verdict const&) const = default;
};

/// Which version of a key is known by when. Keys are small numbers.
class knowledge {
 public:
  void learn(event const& e) {
    if (e.key >= learnt_.size()) learnt_.resize(e.key + 1);
    learnt_[e.key].emplace_back(e.ended, e.version);
  }
  /// To be called between the last learn() and the first before().
  void settle() {
    for (auto& all : learnt_) {
      std::ranges::sort(all);
      std::uint64_t highest = 0;
      for (auto& [when, version] : all) version = highest = std::max(highest, version);
    }
  }
  /// \returns the highest version of the key that was learnt before that moment; zero: none
  [[nodiscard]] std::uint64_t before(std::uint32_t key, std::int64_t moment) const {
    if (key >= learnt_.size()) return 0;
    auto const& all = learnt_[key];
    auto const later = std::ranges::lower_bound(all, std::pair{moment, std::uint64_t{0}});
    return later == all.begin() ? 0 : std::prev(later)->second;
  }

 private:
  std::vector<std::vector<std::pair<std::int64_t, std::uint64_t>>> learnt_;
};

/// What was written to which key, as the values show it.
class authors {
 public:
  /// A write, whatever became of it.
  void wrote(event const& e) { begun_.emplace(std::tuple{e.mark, e.key}, e.begun); }
  /// That a version has this value.
  void bears(event const& e) {
    auto const [at, fresh] = values_.emplace(std::pair{e.key, e.version}, e.mark);
    if (!fresh && at->second != e.mark) ++ambiguous_;
  }
  [[nodiscard]] bool wrote_by(event const& read) const {
    auto const found = begun_.find({read.mark, read.key});
    return found != begun_.end() && found->second <= read.ended;
  }
  /// How many answers gave a version another value than an earlier one did.
  [[nodiscard]] std::uint64_t ambiguous() const { return ambiguous_; }

 private:
  std::map<std::tuple<mark, std::uint32_t>, std::int64_t> begun_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, mark> values_;
  std::uint64_t ambiguous_ = 0;
};

/// Judges all that a fleet did. \complexity O(n log n) in the number of events
inline verdict judge(std::span<history const> all, std::chrono::nanoseconds bound) {
  knowledge everybody;
  std::map<std::uint32_t, knowledge> own;
  authors by;
  for (auto const& one : all)
    for (auto const& e : one.events) {
      if (e.call == call::write) by.wrote(e);
      if (e.state != state::answered || e.version == 0) continue;
      everybody.learn(e);
      own[one.process].learn(e);
      by.bears(e);
    }
  everybody.settle();
  for (auto& [process, knows] : own) knows.settle();

  verdict sum{.wrong = by.ambiguous()};
  for (auto const& one : all)
    for (auto const& e : one.events) {
      if (!e.answered(call::read)) continue;
      ++sum.reads;
      if (!e.current) ++sum.unverified;
      if (own[one.process].before(e.key, e.begun) > e.version) ++sum.backward;
      if (e.current && everybody.before(e.key, e.begun - bound.count()) > e.version) ++sum.stale;
      if (e.version != 0 && !by.wrote_by(e)) ++sum.wrong;
    }
  return sum;
}

}  // namespace fleet
