// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/flow/bring.hpp>
#include <strata/key.hpp>
#include <strata/run/task.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

// After a restart: what was used most is brought to memory before anybody asks for it, a few hundred keys at a time.
// The most used come last, so that an eviction algorithm that goes by age keeps them longest.
namespace strata::flow {

/// Whether a cache can do it.
template <class Core>
inline constexpr bool warms_up = Core::has_hot && ranks_usage<typename Core::cold_channel::tier_type>;

/// What is still to be brought.
template <class Key>
struct warming {
  static constexpr std::chrono::seconds patience{1};  ///< for a question
  static constexpr std::size_t piece = 250;
  static constexpr int tries = 3;  ///< for what could not be kept, since something else might have been newer

  std::size_t wanted = 0;  ///< zero: nothing, or no more
  std::vector<Key> keys{};
  int tried = 0;
};

/// One go at it; the next one goes on where it ended.
/// \param between  called after every piece; does not throw
template <class Core, class Between>
task<void> warm_up(Core& core, warming<typename Core::key_type>& my, Between between) {
  using key_type = typename Core::key_type;
  if (my.keys.empty()) {
    moment const until = core.clock.now() + my.patience;
    auto const most = co_await core.cold.sound(core, direction::reading, until, [&](auto& tier) {
      return tier.popular(my.wanted, std::chrono::hours{}, until);
    });
    if (!most) co_return;  // not up yet
    for (std::size_t i = most->size(); i-- > 0;)
      if (auto parsed = key<key_type>::parse((*most)[i].key)) my.keys.emplace_back(std::move(*parsed));
  }
  std::vector<key_type> refused;
  for (std::size_t from = 0; from < my.keys.size() && !core.life.closed(); from += my.piece) {
    std::size_t const end = my.keys.size() - from < my.piece ? my.keys.size() : from + my.piece;
    (void)co_await bring(core, std::span{my.keys}.subspan(from, end - from), core.clock.now() + my.patience, refused);
    between();
  }
  my.keys = std::move(refused);
  if (my.keys.empty() || ++my.tried == my.tries) my = {};
}

}  // namespace strata::flow
