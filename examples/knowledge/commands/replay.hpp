// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <format>
#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../corpus.hpp"
#include "../histogram.hpp"
#include "../progress.hpp"
#include "../tool.hpp"
#include "../zipf.hpp"

namespace knowledge_tool {

struct replay_arguments {
  std::vector<std::filesystem::path> paths;
  std::filesystem::path ids;
  std::uint64_t requests = 100'000;
  double seconds = 0;
  std::size_t threads = 2;
  double exponent = 0.99;
  std::uint64_t seed = 1;
  double min_share = 0;
  bool timeline = false;
};

/// The ids to ask for, in their order: a file's lines, or drawn from the templates of some paths. Made before the clock
/// starts; how many threads share them does not change them.
struct requests {
  std::vector<std::string> names;
  std::vector<std::uint32_t> order;

  explicit requests(replay_arguments const& given) {
    if (!given.ids.empty()) {
      std::ifstream in{given.ids};
      if (!in) throw std::runtime_error{given.ids.string() + ": cannot be read"};
      for (std::string line; std::getline(in, line);)
        if (!line.empty()) {
          order.push_back(static_cast<std::uint32_t>(names.size()));
          names.push_back(line);
        }
    } else {
      for (auto& d : read_corpus(given.paths).documents) names.push_back(std::move(d.id));
      if (names.empty()) return;
      zipf draw{names.size(), given.exponent, given.seed};
      order.reserve(given.requests);
      while (order.size() < given.requests) order.push_back(static_cast<std::uint32_t>(draw.next()));
    }
  }
  /// Equal for equal requests in equal order.
  [[nodiscard]] std::uint64_t checksum() const {
    std::uint64_t sum = 14695981039346656037U;  // FNV-1a
    for (auto const i : order)
      for (char const c : names[i]) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return sum;
  }
};

/// What one thread saw. Only `live` is looked at by others meanwhile.
struct witness {
  std::array<histogram, 4> by_tier;
  std::uint64_t absent = 0, failed = 0;
  std::optional<strata::error> first_failure;
  alignas(64) std::array<std::atomic<std::uint64_t>, 5> live{};  // by tier; absent and failed ones last

  void saw(auto const& found, std::chrono::nanoseconds took) {
    auto const at = found ? static_cast<std::size_t>(found.tier()) : 4;
    live[at].store(live[at].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (found) return by_tier[at].add(took);
    ++(found.absent() ? absent : failed);
    if (found.failed() && !first_failure) first_failure = found.error();
  }
};

/// One second of a replay.
struct moment_of_replay {
  std::array<std::uint64_t, 5> served{};
};

template <class Cache>
class replaying {
 public:
  replaying(invocation_of<Cache>& s, replay_arguments const& given)
      : s_{s}, given_{given}, requests_{given}, seen_(given.threads) {}

  void run() {
    if (requests_.order.empty()) throw std::runtime_error{"there is nothing to ask for"};
    with_cache(s_, [&](auto& cache) {
      auto const started = clock::now();
      {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < given_.threads; ++i) threads.emplace_back([&, i] { work(cache, i, started); });
        watch(started);
      }
      took_ = clock::now() - started;
      for (auto const& one : seen_) {
        for (std::size_t t = 0; t < total_.by_tier.size(); ++t) total_.by_tier[t].add(one.by_tier[t]);
        total_.absent += one.absent;
        total_.failed += one.failed;
        if (!total_.first_failure) total_.first_failure = one.first_failure;
      }
      report(cache);
    });
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::array tiers{strata::tier::hot, strata::tier::warm, strata::tier::cold};

  void work(Cache& cache, std::size_t thread, clock::time_point started) {
    auto& mine = seen_[thread];
    auto const& [names, order] = requests_;
    auto const end =
        started + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{given_.seconds});
    auto before = clock::now();
    for (std::size_t i = thread; !interrupted; i += given_.threads) {
      if (given_.seconds > 0 ? before >= end : i >= order.size()) break;
      auto const found = cache.get(names[order[i % order.size()]]);
      auto const after = clock::now();
      mine.saw(found, after - before);
      before = after;
    }
    ++finished_;
  }

  [[nodiscard]] moment_of_replay so_far() const {
    moment_of_replay sum;
    for (auto const& one : seen_)
      for (std::size_t i = 0; i < sum.served.size(); ++i) sum.served[i] += one.live[i].load(std::memory_order_relaxed);
    return sum;
  }

  /// Moves the progress bar and keeps (or prints) what each second served.
  void watch(clock::time_point started) {
    progress bar{"replaying",
                 given_.seconds > 0 ? static_cast<std::uint64_t>(given_.seconds * 10) : requests_.order.size()};
    moment_of_replay last;
    if (given_.timeline && !s_.json)
      std::cout << "second      hot     warm     cold   absent or failed\n" << std::flush;
    for (int second = 1; finished_ < given_.threads;) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
      auto const passed = clock::now() - started;
      auto const now = so_far();
      auto const count = now.served[0] + now.served[1] + now.served[2] + now.served[3] + now.served[4];
      bar.at(given_.seconds > 0 ? static_cast<std::uint64_t>(seconds(passed) * 10) : count);
      if (!given_.timeline || passed < std::chrono::seconds{second}) continue;
      moment_of_replay row;
      for (std::size_t i = 0; i < row.served.size(); ++i) row.served[i] = now.served[i] - last.served[i];
      last = now;
      if (!s_.json) {
        bar.clear();
        std::cout << std::format("{:>6} {:>8} {:>8} {:>8} {:>18}\n", second, grouped(row.served[1]),
                                 grouped(row.served[2]), grouped(row.served[3]), grouped(row.served[4]))
                  << std::flush;
      }
      timeline_.push_back(row);
      ++second;
    }
  }

  [[nodiscard]] double share(strata::tier t, std::uint64_t of) const {
    return of == 0 ? 0
                   : 100.0 * static_cast<double>(total_.by_tier[static_cast<std::size_t>(t)].count()) /
                         static_cast<double>(of);
  }

  void report(Cache& cache) {
    std::uint64_t count = total_.absent + total_.failed;
    for (auto const& one : total_.by_tier) count += one.count();
    if (s_.json)
      print_json(cache, count);
    else
      print_text(count);
    if (total_.first_failure)
      s_.status =
          fail(s_, std::format("{} of {} requests failed, the first", total_.failed, count), *total_.first_failure);
    if (total_.failed + total_.absent != 0) s_.status = outcome::incomplete;
    for (auto const t : tiers)
      if (present(t) && share(t, count) < given_.min_share) {
        std::cerr << std::format("knowledge: {} served {:.1f} % of the requests, less than {:g} %\n",
                                 strata::to_string(t), share(t, count), given_.min_share);
        s_.status = outcome::incomplete;
      }
    if (interrupted) s_.status = outcome::interrupted;
  }

  static constexpr bool present(strata::tier t) {
    return t == strata::tier::warm ? requires(Cache const& c) { c.warm(); }
                                   : t != strata::tier::cold || requires(Cache const& c) { c.cold(); };
  }

  void print_text(std::uint64_t count) {
    if (!given_.timeline) std::cout << "tier   requests     share        p50        p99      p99.9\n";
    for (auto const t : tiers) {
      if (given_.timeline || !present(t)) continue;
      auto const& h = total_.by_tier[static_cast<std::size_t>(t)];
      std::cout << std::format("{:<5} {:>9} {:>7.1f} % {:>10} {:>10} {:>10}\n", strata::to_string(t),
                               grouped(h.count()), share(t, count), spell(h.quantile(0.5)), spell(h.quantile(0.99)),
                               spell(h.quantile(0.999)));
    }
    std::cout << std::format("{} in {:.1f} s from {}; absent {}, failed {}\n", counted(count, "request"),
                             seconds(took_), counted(given_.threads, "thread"), grouped(total_.absent),
                             grouped(total_.failed));
  }

  void print_json(Cache& cache, std::uint64_t count) {
    auto const nanoseconds = [](histogram const& h, double q) { return h.quantile(q).count(); };
    boost::json::object tier_figures;
    for (auto const t : tiers) {
      if (!present(t)) continue;
      auto const& h = total_.by_tier[static_cast<std::size_t>(t)];
      tier_figures[strata::to_string(t)] = {{"requests", h.count()},
                                            {"share_percent", share(t, count)},
                                            {"p50_ns", nanoseconds(h, 0.5)},
                                            {"p99_ns", nanoseconds(h, 0.99)},
                                            {"p999_ns", nanoseconds(h, 0.999)}};
    }
    boost::json::array each_second;
    for (auto const& row : timeline_)
      each_second.push_back({{"hot", row.served[1]},
                             {"warm", row.served[2]},
                             {"cold", row.served[3]},
                             {"absent_or_failed", row.served[4]}});
    auto const stats = cache.stats();
    std::cout << boost::json::value{{"requests", count},
                                    {"seconds", seconds(took_)},
                                    {"threads", given_.threads},
                                    {"checksum", std::format("{:016x}", requests_.checksum())},
                                    {"absent", total_.absent},
                                    {"failed", total_.failed},
                                    {"tiers", tier_figures},
                                    {"each_second", each_second},
                                    {"joined", stats.joined},
                                    {"promotions", stats.warm.promotions},
                                    {"evictions", stats.hot.evictions}}
              << '\n';
  }

  invocation_of<Cache>& s_;
  replay_arguments const& given_;
  requests requests_;
  std::deque<witness> seen_;
  std::atomic<std::size_t> finished_{0};
  std::vector<moment_of_replay> timeline_;
  witness total_;
  clock::duration took_{};
};

void add_replay(CLI::App& app, auto& s) {
  add_command<replay_arguments>(
      app, s, "replay", "Asks for templates again and again, and tells which tier answered how fast",
      "The times are those of a caller of get(). The same seed asks for the same ids in the same order.\n\n"
      "Examples:\n"
      "  knowledge replay /usr/share/vim-snippets\n"
      "  knowledge replay --requests 1000000 --threads 4 --zipf 0.8 --json /usr/share/vim-snippets\n"
      "  knowledge replay --ids yesterday.txt\n"
      "  knowledge replay --seconds 10 --timeline ~/prompts",
      [](CLI::App& command, replay_arguments& given) {
        auto* const paths =
            offer_all(command, "PATH", given.paths, "Draw from the ids that import would give to what is there");
        auto* const ids =
            command.add_option("--ids", given.ids, "Ask for the ids in this file, one a line, in their order")
                ->excludes(paths);
        command.add_option("--requests", given.requests, "How many are drawn")->capture_default_str()->excludes(ids);
        command.add_option("--seconds", given.seconds, "Stop after this time, and begin again before it if need be")
            ->check(CLI::Range(0.0, 1e9));
        command.add_option("--threads", given.threads, "How many ask at once")
            ->capture_default_str()
            ->check(CLI::Range(1, 256));
        command
            .add_option("--zipf", given.exponent,
                        "The k-th most wanted is asked for in proportion to 1 / k to this power")
            ->capture_default_str()
            ->excludes(ids);
        command.add_option("--seed", given.seed, "Of the drawing")->capture_default_str()->excludes(ids);
        command.add_option("--min-share", given.min_share, "Fail unless each tier answers this share of the requests")
            ->type_name("PERCENT");
        command.add_flag("--timeline", given.timeline, "Tell what each second served, and not how fast");
      },
      [](auto& call, replay_arguments const& given) {
        if (given.paths.empty() == given.ids.empty())
          throw CLI::ValidationError{"replay", "wants a PATH, or --ids FILE"};
        replaying{call, given}.run();
      });
}

}  // namespace knowledge_tool
