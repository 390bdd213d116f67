// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>
#include <strata/flow/batch.hpp>
#include <strata/receipt.hpp>

#include <range/v3/range/concepts.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// The verbs for many keys: get_many, put_many, erase_many, and their co_ forms. A header of its own, because ranges cost a
// compiler more than the rest of the cache together.
namespace strata::flow {

/// The batch verbs over one range: of keys for get and erase; of values that know their key, or of (key, value) pairs,
/// for put. In pieces of a thousand, so that no tier sees more at once.
template <class Range>
struct batch {
  static constexpr bool takes = ranges::input_range<Range>;

  static constexpr std::size_t piece = 1'000;

  /// Whether keys can be made of what is in the range; says so where not.
  template <class Key>
  static consteval bool explain_keys() {
    constexpr bool made = std::is_constructible_v<Key, ranges::range_reference_t<Range>&>;
    static_assert(made,
                  "strata::cache: get_many and erase_many take keys, and of what this range has no key can be made. "
                  "Give it keys.");
    return made;
  }

  /// One (key, answer) per key, in the order asked.
  template <class Core>
  static task<std::vector<std::pair<typename Core::key_type, typename Core::answer>>> get(Core& core, Range& keys,
                                                                                          read_options how,
                                                                                          moment until) {
    using key_type = typename Core::key_type;
    using answer = typename Core::answer;
    std::vector<std::pair<key_type, answer>> all;
    // Elsewhere that would run the caller's code once more, as a filter's.
    if constexpr (ranges::contiguous_range<Range>)
      if constexpr (std::is_same_v<ranges::range_value_t<Range>, key_type>)
        for (key_type const& one : keys) hasher<key_type>::prefetch(one);
    if constexpr (ranges::sized_range<Range>) all.reserve(ranges::size(keys));
    if constexpr (explain_keys<key_type>())
      for (auto&& one : keys) all.emplace_back(std::piecewise_construct, std::forward_as_tuple(one), std::tuple<>{});
    std::vector<typename Core::hashed_key> asked;
    asked.reserve(all.size());
    for (auto const& one : all) asked.push_back(core.hash(one.first));
    core.recall_many(asked, how, [&](std::size_t i, answer&& found) noexcept {
      std::construct_at(&all[i].second, std::move(found));
    });
    std::vector<std::size_t> missed;
    std::vector<typename Core::hashed_key> below;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].second) {
        core.tell_hit(tier::hot);
        continue;
      }
      missed.push_back(i);
      below.push_back(asked[i]);
    }
    if (missed.empty()) co_return all;
    auto const inside = core.enter();
    if (!inside) {
      for (auto const i : missed) all[i].second = answer{inside.error()};
      co_return all;
    }
    moment const soft = kernel::after(core.clock.now(), how.soft_within);
    for (std::size_t from = 0; from < below.size(); from += piece) {
      std::size_t const count = below.size() - from < piece ? below.size() - from : piece;
      auto const part = std::span<typename Core::hashed_key const>{below}.subspan(from, count);
      auto found = how.soft_within.count() != 0 ? co_await read_many_softly(core, part, how, soft, until)
                                                : co_await read_many(core, part, how, until);
      for (std::size_t n = 0; n < count; ++n) all[missed[from + n]].second = std::move(found[n]);
    }
    co_return all;
  }

  /// One receipt per value, in the order given. Of several values for one key the last wins.
  template <class Core>
  static task<std::vector<result<receipt>>> put(Core& core, Range& values, moment until, lifetime life = {}) {
    using value_type = typename Core::value_type;
    using key_type = typename Core::key_type;
    std::vector<std::pair<key_type, value_type>> given;
    for (auto&& one : values) {
      if constexpr (keyed<value_type> && requires { value_type(one); })
        given.emplace_back(key_type(record<value_type>::key(one)), std::forward<decltype(one)>(one));
      else if constexpr (requires { one.first; })
        given.emplace_back(key_type(one.first), std::forward<decltype(one)>(one).second);
      else if constexpr (requires { std::get<1>(one); })  // what zip makes of keys and values is a tuple
        given.emplace_back(key_type(std::get<0>(one)), std::get<1>(std::forward<decltype(one)>(one)));
      else
        static_assert(fits_here<decltype(one)>,
                      "strata::cache: put_many takes values that know their key, or pairs of a key and a value, and "
                      "this range has neither. Give it such, as std::views::zip makes them of two ranges.");
    }
    auto const inside = core.enter();
    if (!inside) co_return std::vector<result<receipt>>(given.size(), std::unexpected{inside.error()});
    std::vector<std::pair<typename Core::hashed_key, value_type>> all;
    all.reserve(given.size());
    for (auto& [key, value] : given) all.emplace_back(core.hash(key), std::move(value));
    batch_outcome done{all.size()};
    try {
      for (std::size_t from = 0; from < all.size(); from += piece)
        co_await write_many(core, std::span{all}.subspan(from, std::min(piece, all.size() - from)), from, done, until,
                            life);
    } catch (...) {
      if (done.tried) co_return std::move(done.receipts);
      throw;
    }
    co_return std::move(done.receipts);
  }

  /// One receipt per key, in the order given.
  template <class Core>
  static task<std::vector<result<receipt>>> erase(Core& core, Range& keys, moment until) {
    std::vector<typename Core::key_type> all;
    if constexpr (explain_keys<typename Core::key_type>())
      for (auto&& one : keys) all.emplace_back(one);
    batch_outcome done{all.size()};
    try {
      for (std::size_t i = 0; i < all.size(); ++i) done.set(i, co_await serve_erase(core, core.hash(all[i]), until));
    } catch (...) {
      if (done.tried) co_return std::move(done.receipts);
      throw;
    }
    co_return std::move(done.receipts);
  }
};

}  // namespace strata::flow
