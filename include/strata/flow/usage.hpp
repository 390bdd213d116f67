// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/hash.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/kernel/table.hpp>
#include <strata/run/mutex.hpp>
#include <strata/run/thread.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How often each key was read since the last flush, and what came of it. Hot entries count for themselves, under their
// shard's lock; this table takes what they hand over, the reads that went below, and outcomes. Bounded (K12): uses of
// further keys are dropped and their number told.
namespace strata::flow {

/// Of one key.
struct tally {
  std::uint64_t reads = 0;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
};
struct keyed_tally {
  std::string key;
  tally count;
};

/// A template, so that a program which only includes a cache compiles none of it.
template <class Use = keyed_tally>
class usage_table {
 public:
  explicit usage_table(std::size_t max_keys) : max_keys_{max_keys} {}

  void add(std::string_view key, std::uint64_t reads) { add(key, tally{.reads = reads}); }
  void add(std::string_view key, tally const& more) {
    auto const held = guard_.hold();
    add_held(key, more);
  }

  /// One flush at a time: what it carries stands nowhere else, and another that finds nothing here must not call it durable.
  class turn {
   public:
    /// \param patience  how long it waits for another to end
    turn(usage_table& of, kernel::moment patience) : of_{of} {
      auto held = of_.guard_.hold();
      mine_ = of_.free_.wait_until(held, patience, [&] { return !of_.flushing_; });
      if (mine_) of_.flushing_ = true;
    }
    turn(turn const&) = delete;
    turn& operator=(turn const&) = delete;
    ~turn() {
      if (!mine_) return;
      auto const held = of_.guard_.hold();
      of_.flushing_ = false;
      of_.free_.notify_all();
    }
    explicit operator bool() const noexcept { return mine_; }

   private:
    usage_table& of_;
    bool mine_ = false;
  };

  /// Takes all counts away, for a flush.
  [[nodiscard]] std::vector<Use> take() {
    auto const held = guard_.hold();
    std::vector<Use> all;
    all.reserve(counts_.size());
    counts_.each([&](Use& u) { all.push_back(std::move(u)); });
    counts_ = {};
    return all;
  }
  /// What one statement tells of them, from there on.
  template <class Part = std::vector<uses>>
  [[nodiscard]] static Part part(std::vector<Use> const& counts, std::size_t from, std::size_t most) {
    Part some;
    std::size_t const end = counts.size() - from < most ? counts.size() : from + most;
    some.reserve(end - from);
    for (; from < end; ++from) {
      auto const& [key, n] = counts[from];
      some.push_back({key, n.reads, n.successes, n.failures});
    }
    return some;
  }
  /// Puts back what a flush could not deliver.
  void give_back(std::vector<Use> const& counts, std::size_t from) {
    auto const held = guard_.hold();
    for (; from < counts.size(); ++from) add_held(counts[from].key, counts[from].count);
  }
  [[nodiscard]] std::size_t keys() const {
    auto const held = guard_.hold();
    return counts_.size();
  }
  [[nodiscard]] std::uint64_t dropped() const {
    auto const held = guard_.hold();
    return dropped_;
  }

 private:
  void add_held(std::string_view key, tally const& more) {
    std::uint64_t place = hash_(key).hash;
    auto* at = counts_.find(place);
    while (at && at->key != key) at = counts_.find(++place);  // taken by another key
    if (!at && counts_.size() >= max_keys_) return void(dropped_ += more.reads + more.successes + more.failures);
    if (!at) {
      std::string own{key};
      at = counts_.try_emplace(place).first;
      at->key = std::move(own);
    }
    at->count.reads += more.reads;
    at->count.successes += more.successes;
    at->count.failures += more.failures;
  }

  mutable strata::detail::mutex guard_;
  strata::detail::condition free_;
  bool flushing_ = false;
  hasher<std::string> hash_;
  kernel::table<Use> counts_;
  std::size_t max_keys_;
  std::uint64_t dropped_ = 0;
};

}  // namespace strata::flow
