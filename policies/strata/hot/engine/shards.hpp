// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/guard.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

// The shards of a tier, which of them a key belongs to, and the two ways into one: to read it, and to change it. A thread
// that is in one of them never waits for another: two that visited each other's would wait for ever.
namespace strata::hot::engine {

template <class Shard>
class shards {
  static constexpr bool beside = Shard::access::beside;

 public:
  /// \param number  a power of two, at most 64 \param make  gives the i-th of so many, as make(number, i)
  template <class Make>
  shards(std::size_t number, Make make) : mask_{number - 1} {
    all_.reserve(number);
    for (std::size_t i = 0; i < number; ++i) all_.push_back(make(number, i));
  }

  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }
  [[nodiscard]] Shard& operator[](std::size_t i) const noexcept { return *all_[i]; }

  [[nodiscard]] std::size_t number_of(std::uint64_t hash) const noexcept { return (hash >> 58U) & mask_; }
  [[nodiscard]] Shard& of(std::uint64_t hash) const noexcept { return *all_[number_of(hash)]; }

  /// Whether this thread is inside a visitor, or a key's equality, that one of them called.
  [[nodiscard]] bool visiting() const noexcept {
    return std::ranges::any_of(all_, [](auto const& s) { return s->lock.mine(); });
  }

  template <class F>
  [[nodiscard]] std::size_t sum(F f) const noexcept {
    std::size_t all = 0;
    for (auto const& s : all_) all += f(*s);
    return all;
  }

  /// A shard to read, or nothing where waiting for it would never end; without the others also where it had to wait.
  class reading {
   public:
    [[gnu::always_inline]] explicit reading(Shard& s) noexcept : cell_{s.lock.try_read()} {}
    [[gnu::always_inline]] reading(shards const& all, Shard& s) noexcept : reading{s} {
      if (cell_ == nullptr) [[unlikely]]
        cell_ = all.wait_to_read(s);
    }
    reading(reading const&) = delete;
    [[gnu::always_inline]] ~reading() {
      if (cell_ != nullptr) cell_->leave();
    }
    explicit operator bool() const noexcept { return cell_ != nullptr; }
    [[nodiscard]] typename Shard::cell& cell() const noexcept { return *cell_; }

   private:
    typename Shard::cell* cell_;
  };

  /// A shard to change, in the same way.
  class writing {
   public:
    writing(shards const& all, Shard& s) noexcept
        : lock_{s.lock},
          mine_{(s.lock.word().try_lock() || all.wait_for_word(s)) && (free(s) || all.wait_for_readers(s))} {
      if (!mine_) return;
      lock_.take_own_notes([&](auto hits) { s.hear(hits); });
      lock_.written();
    }
    writing(writing const&) = delete;
    ~writing() { release(); }
    void release() const noexcept {
      if (std::exchange(mine_, false)) lock_.word().unlock();
    }
    explicit operator bool() const noexcept { return mine_; }

   private:
    // Whether no reader is in the way. A visitor always is in his own, or it would depend on others whether he may.
    [[gnu::always_inline]] static bool free(Shard& s) noexcept {
      if constexpr (beside)
        return !s.lock.reading() && !s.full();
      else
        return !s.lock.is_open();
    }

    typename Shard::lock_type& lock_;
    mutable bool mine_;
  };

 private:
  // Apart, so that the way of a free lock stays short.
  [[gnu::noinline]] typename Shard::cell* wait_to_read(Shard& s) const noexcept {
    auto const tell = [&](auto hits) { s.hear(hits); };
    if (auto* const cell = s.lock.try_read(tell)) return cell;
    if (visiting()) return nullptr;
    return s.lock.wait_to_read(tell, [&] { return s.room(); });
  }
  [[gnu::noinline]] bool wait_for_word(Shard& s) const noexcept {
    if (visiting()) return false;
    s.lock.word().lock();
    return true;
  }
  // Whether this thread, which has the shard's word, is inside a visitor.
  [[nodiscard]] bool visits_beside(Shard& s) const noexcept {
    return std::ranges::any_of(all_, [&](auto const& o) { return o.get() == &s ? o->lock.reading() : o->lock.mine(); });
  }
  [[gnu::noinline]] bool wait_for_readers(Shard& s) const noexcept {
    if constexpr (beside) {
      bool free = !s.lock.reading();
      for (unsigned round = 0; free && s.full(); ++round) {
        s.settle();
        if (!s.full()) break;
        free = !visits_beside(s);
        machine::wait(round);
      }
      if (!free) s.lock.word().unlock();
      return free;
    } else if constexpr (requires { s.lock.close(); }) {
      if (!s.lock.close()) {
        if (visits_beside(s)) {
          s.lock.open();
          s.lock.word().unlock();
          return false;
        }
        s.lock.wait_for_readers();
      }
      s.lock.take_notes([&](auto hits) { s.hear(hits); });
    }
    return true;
  }

  std::vector<std::unique_ptr<Shard>> all_;
  std::size_t mask_;
};

}  // namespace strata::hot::engine
