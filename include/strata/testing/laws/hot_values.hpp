// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/context.hpp>
#include <strata/hit.hpp>
#include <strata/none.hpp>
#include <strata/options.hpp>
#include <strata/record.hpp>
#include <strata/run/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The keys and values that the laws of hot tiers are tried with: they say who wrote them, count what is done to them, and
// throw or call back when told to.
namespace strata::testing {

/// Says what it was written as, and weighs what it is told to weigh.
struct note {
  std::string text;
  std::size_t weight = 1;
  std::function<void()> const* last_words = nullptr;  ///< called by the destructor
  static inline thread_local std::uint64_t weighed = 0;

  note(std::string t, std::size_t w = 1, std::function<void()> const* last = nullptr)
      : text{std::move(t)}, weight{w}, last_words{last} {}
  note(note&& other) noexcept
      : text{std::move(other.text)}, weight{other.weight}, last_words{std::exchange(other.last_words, nullptr)} {}
  note& operator=(note&&) = delete;
  ~note() {
    if (last_words != nullptr) (*last_words)();
  }
};

/// A user's key whose copies and comparisons can fail, and tell when they are made.
class touchy_key {
 public:
  struct script {
    std::uint64_t operations = 0;
    std::uint64_t fail_at = 0;  ///< the operation that throws; zero: none
    std::uint64_t copies = 0;
    std::uint64_t ends = 0;
    std::function<void()> const* on_copy = nullptr;

    void step() {
      if (++operations == fail_at) throw std::runtime_error{"told to"};
    }
  };
  touchy_key(std::uint64_t number, script& s) noexcept : number_{number}, script_{&s} {}
  touchy_key(touchy_key const& other) : number_{other.number_}, script_{other.script_} {
    script_->step();
    ++script_->copies;
    if (script_->on_copy != nullptr) (*script_->on_copy)();
  }
  touchy_key& operator=(touchy_key const&) = delete;
  ~touchy_key() { ++script_->ends; }

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  friend bool operator==(touchy_key const& left, touchy_key const& right) {
    left.script_->step();
    return left.number_ == right.number_;
  }

 private:
  std::uint64_t number_;
  script* script_;
};

/// What a cache would hand down, for tiers that are tried alone.
template <class Value, class Key>
struct bare_context : hot_context<context<monotonic_clock, no_observer, codec::none<Value, Key>>, Key, true> {
  explicit bare_context(hasher<Key> const& hash) : bare_context::hot_context{{clock_, observer_, codec_}, hash} {}

 private:
  static inline monotonic_clock clock_{};
  static inline no_observer observer_{};
  static inline codec::none<Value, Key> codec_{};
};

/// Runs f on a thread of its own. \returns whether it came back in time; one that did not is left behind, so f must own
/// what it uses
template <class F>
[[nodiscard]] bool comes_back(F f, std::chrono::seconds within = std::chrono::seconds{10}) {
  std::packaged_task<void()> task{std::move(f)};
  auto done = task.get_future();
  std::thread runs{std::move(task)};
  bool const in_time = done.wait_for(within) == std::future_status::ready;
  if (in_time)
    runs.join();
  else
    runs.detach();
  if (in_time) done.get();
  return in_time;
}

}  // namespace strata::testing

template <>
struct strata::record<strata::testing::note> : strata::default_record<strata::testing::note> {
  static std::size_t bytes(strata::testing::note const& n) noexcept {
    ++strata::testing::note::weighed;
    return n.weight;
  }
};

template <>
struct std::hash<strata::testing::touchy_key> {
  std::size_t operator()(strata::testing::touchy_key const& k) const noexcept { return k.number(); }
};
