// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/feed.hpp>
#include <strata/concepts/log.hpp>
#include <strata/deferred.hpp>
#include <strata/hash.hpp>
#include <strata/kernel/budget.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/kernel/table.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

// What whoever keeps warm in step with cold remembers from one pass to the next, and how much he takes on at once.
namespace strata::flow {

/// The part of the one who keeps warm in step.
template <class Core = void>
struct healer {
  using moment = deferred<kernel::moment, Core>;
  using place = deferred<cursor, Core>;

  static constexpr std::chrono::milliseconds hold{400};    ///< how long nobody else may, without a sign of life
  static constexpr std::chrono::milliseconds sign{150};    ///< how often there is one
  static constexpr std::chrono::milliseconds silent{300};  ///< a horizon as old as this may be free
  static constexpr std::chrono::seconds rest{1};  ///< after warm could not be brought in step: another may be able to
  static constexpr std::size_t most{1'000};       ///< changes at once
  static constexpr std::size_t most_known{100'000};         ///< keys of which it is known what warm has
  static constexpr std::chrono::milliseconds usual{1'000};  ///< for them
  /// What was committed so long ago nobody publishes any more; half of it is for what the network and the server hold back.
  static constexpr std::chrono::seconds late{2 * kernel::publish_within.count()};

  /// How far a look at all that cold has came before it broke off.
  struct progress {
    moment began{};
    place since{};       ///< where the log ended then: it has what changed since
    std::string last{};  ///< key that was held against warm
    position high{};     ///< by which warm has them
  };

  hasher<std::string> hash{};                     ///< of keys, within a page
  std::string name{};                             ///< one word, unlike any other instance's
  std::string me{};                               ///< the same with the store, as the horizon's holder
  deferred<std::optional<horizon>, Core> mine{};  ///< while this instance holds it
  moment taken{};                                 ///< when it was taken, or later
  moment began{};                                 ///< the pass of this instance that moved it last
  progress swept{};
  /// Of the changes that will be read again, since something before them was still open, those that warm has by where this
  /// horizon says: another's, and another era's, may say less.
  deferred<kernel::table<logged>, Core> known{};
  moment signed_at{};
  moment resting_until{};
  moment strays_at{};       ///< when the strays are looked at again
  place noted{};            ///< how far warm was
  moment noted_at{};        ///< then
  place past{};             ///< and before that: nobody still publishes what was committed by then
  std::size_t page = most;  ///< changes at once: fewer where they are large
  deferred<std::chrono::milliseconds, Core> patience = usual;  ///< for them: more where one alone takes longer
  bool by_name = false;  ///< and of the next its value is not asked for: it takes too long

  /// After a page for which there was time to spare: a server had a bad moment, or the large values are over.
  void speed_up() noexcept { page = page < most / 2 ? 2 * page : most; }
  /// After a page during which another took the horizon over.
  void take_less() noexcept { page = (page + 7) / 8; }
  /// After a page for which there was too little time. What it brought is there, so the next pass has less to do.
  void slow_down() noexcept {
    if (page > 1)
      take_less();
    else if (2 * patience < kernel::publish_within)
      patience *= 2;
    else
      by_name = true;
  }
  [[nodiscard]] bool knows(logged const& one) {
    auto const* const there = known.find(place_of(one.key));
    return there && there->revision >= one.revision;
  }
  void learn(logged const& one) {
    auto const at = place_of(one.key);
    auto* there = known.find(at);
    if (!there && known.size() < most_known) there = known.try_emplace(at).first;
    if (there && there->revision < one.revision) *there = one;
  }
  void note(place reached, moment now) noexcept {
    if (reached < noted) past = noted = {};  // places in a log that is another one's
    if (now - noted_at < late) return;
    past = noted;
    noted = reached;
    noted_at = now;
  }

 private:
  /// Where it stands among those that are known, or would stand.
  [[nodiscard]] std::uint64_t place_of(std::string const& key) {
    auto at = hash(key).hash;
    for (auto const* there = known.find(at); there && there->key != key; there = known.find(at)) ++at;
    return at;
  }
};

}  // namespace strata::flow
