// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/testing/laws/hot.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>

// A hot policy that is wrong in one way at a time. The way is chosen while running, so that the suite is compiled once.
namespace wrong {

namespace law = strata::testing::hot_law;

enum class mistake {
  none,
  forgets,
  mixes_keys_up,
  takes_the_older,
  erases_all_the_same,
  keeps_half,
  keeps_too_much,
  weighs_too_little,
  does_not_clear,
  peeks_with_find,
  clears_before_it_throws,
  destroys_under_its_lock,
  weighs_what_was_prepared,
  does_not_tell_that_it_visits,
  loses_uses,
  lists_twice,
  ignores_resize,
  leaves_a_gap_in_its_list,
};
struct broken_law {
  mistake made;
  std::string_view law;
};
inline constexpr broken_law expected[] = {
    {mistake::forgets, law::found},
    {mistake::mixes_keys_up, law::found},
    {mistake::takes_the_older, law::revision},
    {mistake::erases_all_the_same, law::erased},
    {mistake::keeps_half, law::roomy},
    {mistake::keeps_too_much, law::bounded},
    {mistake::weighs_too_little, law::counted},
    {mistake::does_not_clear, law::cleared},
    {mistake::peeks_with_find, law::traceless},
    {mistake::clears_before_it_throws, law::strong},
    {mistake::destroys_under_its_lock, law::unheld},
    {mistake::weighs_what_was_prepared, law::prepared},
    {mistake::does_not_tell_that_it_visits, law::reentered},
    {mistake::loses_uses, law::used},
    {mistake::lists_twice, law::listed},
    {mistake::ignores_resize, law::resized},
    {mistake::leaves_a_gap_in_its_list, law::sound},
};
inline mistake made = mistake::none;

class order : public strata::hot::sieve_order {
 public:
  void on_hit(auto nodes, strata::hot::engine::slot i) noexcept {
    strata::hot::sieve_order::on_hit(nodes, i);
    if (made == mistake::leaves_a_gap_in_its_list && ++hits_ % 1'000 == 0) nodes[i].older(i);
  }
  // Who goes has no gap, or the list would lead to it.
  void on_erase(auto nodes, strata::hot::engine::slot i) noexcept {
    if (made == mistake::leaves_a_gap_in_its_list) {
      auto before = i;
      while (nodes[before].newer() != i) before = nodes[before].newer();
      nodes[i].older(before);
    }
    strata::hot::sieve_order::on_erase(nodes, i);
  }

 private:
  int hits_ = 0;
};

struct policy {
  using options = strata::hot::engine::options;

  template <class Key, class Value, class Context>
  class tier : public strata::hot::engine::tier<order, Key, Value, Context> {
    using right = strata::hot::engine::tier<order, Key, Value, Context>;
    using hashed = strata::hashed<Key>;
    using box = strata::box<Value>;

   public:
    tier(options o, Context const& c) : right{spoilt(o), c} {}

    template <class F>
    bool find(hashed const& k, F&& f) {
      if (right::find(k, f)) {
        if (made == mistake::mixes_keys_up) (void)right::peek(k, [&](box const& b) { last_ = b; });
        return true;
      }
      if (!last_ || k.hash % 64 != 0) return false;
      f(std::as_const(last_));
      return true;
    }
    template <class F>
    bool peek(hashed const& k, F&& f) const {
      if (made == mistake::peeks_with_find) return const_cast<tier*>(this)->right::find(k, f);
      auto const held = hold();
      return right::peek(k, f);
    }
    strata::installed install(hashed const& k, box b) {
      try {
        return install(k, right::prepare(k, std::move(b)));
      } catch (...) {
        if (made == mistake::clears_before_it_throws) right::clear();
        throw;
      }
    }
    strata::installed install(hashed const& k, typename right::ready ready) {
      auto const held = hold();
      if (made == mistake::forgets && ++calls_ % 7 == 0) return strata::installed::yes;
      if (made == mistake::takes_the_older) (void)right::erase(k, strata::revision{~0ULL});
      if (made == mistake::weighs_what_was_prepared) ready.weight = strata::hot::engine::weigh(ready.value.value());
      return right::install(k, std::move(ready));
    }
    bool erase(hashed const& k, strata::revision below) noexcept {
      return right::erase(k, made == mistake::erases_all_the_same ? strata::revision{~0ULL} : below);
    }
    void clear() noexcept {
      if (made != mistake::does_not_clear) right::clear();
    }
    [[nodiscard]] std::size_t bytes() const noexcept {
      return made == mistake::weighs_too_little ? right::bytes() / 2 : right::bytes();
    }
    [[nodiscard]] bool visiting() const noexcept {
      return made != mistake::does_not_tell_that_it_visits && right::visiting();
    }
    template <class F>
    void drain_uses(F&& f) {
      int n = 0;
      right::drain_uses([&](auto const& k, std::uint64_t count) {
        if (made != mistake::loses_uses || ++n % 16 != 0) f(k, count);
      });
    }
    template <class F>
    void keys(F&& f) const {
      right::keys([&](auto const& k) {
        f(k);
        if (made == mistake::lists_twice) f(k);
      });
    }
    void resize(std::size_t entries) {
      if (made != mistake::ignores_resize) right::resize(entries);
    }

   private:
    static options spoilt(options o) {
      if (made == mistake::keeps_half) o.capacity_entries = o.capacity_entries / 2 + 1;
      if (made == mistake::keeps_too_much) ++o.capacity_entries;
      return o;
    }
    std::unique_lock<std::recursive_mutex> hold() const {
      return made == mistake::destroys_under_its_lock ? std::unique_lock{lock_}
                                                      : std::unique_lock<std::recursive_mutex>{};
    }

    mutable std::recursive_mutex lock_;
    box last_;
    int calls_ = 0;
  };
};

}  // namespace wrong
