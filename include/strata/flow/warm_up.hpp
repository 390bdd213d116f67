// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/many.hpp>
#include <strata/key.hpp>
#include <strata/run/task.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

// After a restart: what was used most is brought to memory before anybody asks for it. From cold, a few hundred keys at a time,
// with a turn for each, so that nothing is kept that a write or the feed has overtaken (K4). It counts as no use. The most used
// come last, so that an eviction algorithm that goes by age keeps them longest.
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
template <class Core>
task<void> warm_up(Core& core, warming<typename Core::key_type>& my) {
  using key_type = typename Core::key_type;
  using value_type = typename Core::value_type;
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
    std::vector<key_type*> asked;
    std::vector<typename Core::turn> turns;
    std::vector<decltype(Core::text(core.hash(my.keys[0])))> texts;
    for (std::size_t i = from; i < end; ++i) {
      auto const k = core.hash(my.keys[i]);
      if (core.peek(k)) continue;
      turns.push_back(core.gate.enter_alone(k.hash));
      texts.push_back(Core::text(k));
      asked.push_back(&my.keys[i]);
    }
    list<Core, std::string_view> const names{texts.begin(), texts.end()};
    moment const sent = core.clock.now();
    auto found = co_await load_each<Core, typename Core::cold_channel, copy<value_type>>(core, core.cold, names,
                                                                                         sent + my.patience);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (!found[i] && found[i].error() == errc::corrupt) continue;
      bool kept = false;
      if (found[i]) {
        if (!found[i]->value) continue;
        box<value_type> const copy{found[i]->revision, std::move(*found[i]->value),
                                   core.end_of(found[i]->expires_in, sent)};
        kept = core.admit(turns[i], core.hash(*asked[i]), copy);
      }
      if (!kept) refused.push_back(std::move(*asked[i]));
    }
    core.collect_if_due();
  }
  my.keys = std::move(refused);
  if (my.keys.empty() || ++my.tried == my.tries) my = {};
}

}  // namespace strata::flow
