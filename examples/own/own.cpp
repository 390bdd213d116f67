// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A struct of one's own in memory and in one file, values that live for a while, and an observer of one's own.
#include <strata/cache.hpp>
#include <strata/codec/enum_names.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/sqlite.hpp>
#include <strata/hot/lru.hpp>

#include <boost/hana/define_struct.hpp>

#include <chrono>
#include <format>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

enum class state { open, done };
template <>
struct strata::enum_names<state> {  // without it the file has numbers
  static constexpr strata::named<state> all[] = {{state::open, "open"}, {state::done, "done"}};
};
struct chore {
  BOOST_HANA_DEFINE_STRUCT(chore, (std::string, id), (state, now), (std::optional<std::string>, owner),
                           (std::vector<std::string>, steps), (std::chrono::minutes, takes));
};
struct listener {  // hears what it has members for: strata/concepts/observer.hpp
  void miss(strata::tier where, strata::miss why) const noexcept {
    std::cout << std::format("{} had none: {}\n", to_string(where), to_string(why));
  }
};
using chores = strata::cache<strata::hot::lru, strata::none, strata::cold::sqlite, strata::codec::json<chore>,
                             strata::observer<listener>, strata::expiry>;

int main(int argc, char** argv) {
  auto opened = chores::open({.cold = {.file = argc > 1 ? argv[1] : "chores.db"}, .limits = {.expires_in = 24h}});
  if (!opened) return std::cerr << std::format("{}\n", opened.error()), 1;
  chores& cache = *opened;

  chore const made{"dishes", state::open, "Ada", {"wash", "dry"}, 20min};  // `id` is the key
  auto const put = cache.put(made);                                        // for a day, as limits say
  auto const brief = cache.put({"tea", state::open, {}, {"boil", "pour"}, 5min}, {.expires_in = 10ms});
  if (!put || !brief) return std::cerr << std::format("{}\n", (put ? brief : put).error()), 1;
  (void)cache.update("dishes", [](chore& c) { c.now = state::done, c.owner.reset(); });

  std::this_thread::sleep_for(20ms);
  auto const dishes = cache.get("dishes");
  auto const tea = cache.get("tea");  // the listener hears of both tiers that its time is over
  if (!dishes || !tea.absent()) return 1;
  std::cout << std::format("{} takes {}, in {} steps\n", dishes->id, dishes->takes, dishes->steps.size());
  return dishes->now == state::done && !dishes->owner ? 0 : 1;
}
