// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/frame.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

// How a frame gets into the stream without ever replacing a higher revision, and without asking first. The stream can
// check one thing for us in the same round trip: the sequence of the subject's last message. So each publish names the
// sequence we believe in, remembered from what this process stored, loaded or heard on the feed; for a subject nobody has
// told us about, that nothing is there. Only when the belief was wrong do we look and decide: two more round trips, once.
// Rejected: publishing without a condition (an overtaken writer leaves the older value for the next reader that starts),
// and looking first (a round trip on every write).
namespace strata::warm::jetstream_detail {

/// The decisions of one store, without any I/O.
class storing {
 public:
  enum class step : std::uint8_t { publish, look, stored, conflict, unknown };

  /// \param at     where the caller demands the subject to stand, if it does
  /// \param known  the sequence remembered for the subject, zero for none
  storing(revision mine, std::uint32_t schema, std::optional<position> at, std::uint64_t known) noexcept
      : mine_{mine},
        schema_{schema},
        demanded_{at.has_value()},
        expected_{at ? static_cast<std::uint64_t>(*at) : known} {}

  /// The sequence that the next publish names.
  [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }

  /// A publish was sent and no answer came: it may have been stored.
  void lost() noexcept { maybe_stored_ = true; }
  [[nodiscard]] bool maybe_stored() const noexcept { return maybe_stored_; }

  /// The stream says that the subject stands elsewhere.
  [[nodiscard]] step refused() const noexcept { return demanded_ && !maybe_stored_ ? step::conflict : step::look; }

  /// \param there  what the subject holds, nothing for a vacancy or what cannot be read
  /// \param at     its sequence
  /// \param ours   whether it is the very message of an earlier try
  [[nodiscard]] step looked(frame const* there, std::uint64_t at, bool ours) noexcept {
    if (maybe_stored_ && ours) return step::stored;
    // Where the stream gives the revisions, what was lost may have been stored there, read, and gone over since.
    if (demanded_) return maybe_stored_ && mine_ == revision{} ? step::unknown : step::conflict;
    if (there != nullptr && there->revision > mine_) return step::conflict;
    if (there != nullptr && there->revision == mine_ && there->schema > schema_) return step::conflict;  // K3
    if (there != nullptr && !there->sum && mine_ != revision{}) return step::conflict;  // another program's
    expected_ = at;
    return step::publish;
  }

 private:
  revision mine_;
  std::uint32_t schema_;
  bool demanded_;
  bool maybe_stored_ = false;
  std::uint64_t expected_;
};

/// Where subjects stood when this process last heard of them: a bounded table that forgets by overwriting. What it says
/// is only ever used as a condition, so that a wrong entry costs a round trip and nothing else.
/// \threads safe from any thread
class seen_table {
 public:
  static constexpr std::size_t capacity_entries = 65'536;  // 1.5 MB

  void note(std::string_view key, std::uint64_t sequence, revision r) {
    std::uint64_t const tag = tag_of(key);
    {
      std::scoped_lock const lock{mutex_of(tag)};
      slot_of(tag) = {tag, sequence, r};
    }
    std::uint64_t known = highest_.load(std::memory_order_relaxed);
    while (known < sequence && !highest_.compare_exchange_weak(known, sequence, std::memory_order_relaxed)) {
    }
  }
  /// The highest sequence seen: what is stored from now on stands above it, unless the stream went back.
  [[nodiscard]] std::uint64_t highest() const noexcept { return highest_.load(std::memory_order_relaxed); }
  void forget(std::string_view key) {
    std::uint64_t const tag = tag_of(key);
    std::scoped_lock const lock{mutex_of(tag)};
    if (slot_of(tag).tag == tag) slot_of(tag) = {};
  }
  /// \returns the sequence at which a lower revision than `mine` was seen (zero is below zero: it orders nothing), or zero
  [[nodiscard]] std::uint64_t below(std::string_view key, revision mine) const {
    std::uint64_t const tag = tag_of(key);
    std::scoped_lock const lock{mutex_of(tag)};
    entry const& e = slot_of(tag);
    return e.tag == tag && (e.revision < mine || e.revision == revision{}) ? e.sequence : 0;
  }
  void clear() {
    highest_ = 0;
    for (std::size_t i = 0; i < capacity_entries; ++i) {
      std::scoped_lock const lock{mutex_of(i)};
      entries_[i] = {};
    }
  }

 private:
  struct entry {
    std::uint64_t tag = 0;
    std::uint64_t sequence = 0;
    strata::revision revision{};
  };
  static std::uint64_t tag_of(std::string_view key) noexcept { return std::hash<std::string_view>{}(key) | 1U << 31U; }
  entry& slot_of(std::uint64_t tag) noexcept { return entries_[tag % capacity_entries]; }
  entry const& slot_of(std::uint64_t tag) const noexcept { return entries_[tag % capacity_entries]; }
  std::mutex& mutex_of(std::uint64_t tag) const noexcept { return mutexes_[tag % capacity_entries % mutexes_.size()]; }

  std::unique_ptr<entry[]> entries_ = std::make_unique<entry[]>(capacity_entries);
  mutable std::array<std::mutex, 64> mutexes_{};
  std::atomic<std::uint64_t> highest_ = 0;
};

}  // namespace strata::warm::jetstream_detail
