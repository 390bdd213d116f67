// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "servers.hpp"
#include "stage.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// The faults of processes and of single servers, one after another while the load goes on.
namespace faults {

struct how_long {
  std::chrono::milliseconds least, most;
  template <class Random>
  std::chrono::milliseconds operator()(Random& random) const {
    return std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{least.count(), most.count()}(random)};
  }
};

struct fault {
  std::string_view name;
  during cold;
  std::function<void()> make;
};

/// So many of them, in turn, with a time of peace before each and after the last.
inline void one_after_another(stage& s, std::vector<fault> all, std::uint32_t count, how_long peace) {
  std::erase_if(all, [&](fault const& f) { return !f.name.contains(s.planned().only); });
  for (std::uint32_t n = 0; n < count; ++n) {
    std::this_thread::sleep_for(peace(s.random()));
    auto const& f = all.at(n % all.size());
    stage::broken const scope{s, f.name, f.cold};
    f.make();
  }
  std::this_thread::sleep_for(peace.most);
}

/// T5. kill -9 of a worker, at a random moment or where a write stands between two tiers.
inline void kill_workers(stage& s, std::uint32_t count) {
  constexpr std::array<std::string_view, 6> where{"", "before_cold", "after_cold", "", "after_warm", "before_hot"};
  for (std::uint32_t n = 0; n < count; ++n) {
    std::this_thread::sleep_for(how_long{150ms, 450ms}(s.random()));
    auto const victim = n % s.size();
    auto& w = s.worker(victim);
    if (auto const point = where[n % where.size()]; point.empty())
      w.kill();
    else
      w.say(std::format("die {} {}", point, s.random()() % 12 + 1));
    if (w.wait(); !w.killed()) throw std::runtime_error{"a worker ended by itself"};
    s.replace(victim);
  }
  std::this_thread::sleep_for(500ms);
}

/// T6. Servers die and stop, and so do we.
inline void break_servers(stage& s, std::uint32_t count, std::chrono::milliseconds longest_stop) {
  auto const nats = nats_of_this_run();
  auto const postgres = postgres_of_this_run();
  how_long const down{200ms, 1'200ms};
  how_long const stopped{1'000ms, longest_stop};
  one_after_another(s,
                    {{"NATS is killed", during::cold_answers,
                      [&] {
                        nats.stop("KILL");
                        std::this_thread::sleep_for(down(s.random()));
                        nats.start();
                      }},
                     {"PostgreSQL stops at once", during::cold_is_away,
                      [&] {
                        postgres.stop("immediate");
                        std::this_thread::sleep_for(down(s.random()));
                        postgres.start();
                      }},
                     {"NATS is frozen", during::cold_answers,
                      [&] {
                        frozen const all{nats.process()};
                        std::this_thread::sleep_for(stopped(s.random()));
                      }},
                     {"PostgreSQL is frozen", during::cold_is_away,
                      [&] {
                        frozen const all{postgres.process()};
                        std::this_thread::sleep_for(stopped(s.random()));
                      }},
                     {"a worker is frozen", during::cold_answers,
                      [&] {
                        frozen const one{s.worker(s.random()() % s.size()).process()};
                        std::this_thread::sleep_for(stopped(s.random()));
                      }},
                     {"all workers are frozen", during::cold_answers,
                      [&] {
                        std::vector<std::unique_ptr<frozen>> all;
                        for (std::size_t n = 0; n < s.size(); ++n)
                          all.push_back(std::make_unique<frozen>(s.worker(n).process()));
                        std::this_thread::sleep_for(stopped(s.random()));
                      }}},
                    count, {700ms, 1'200ms});
}

/// T8. The stream is not what it was: set back, made anew, torn, damaged.
inline void break_store(stage& s, std::uint32_t count) {
  auto const nats = nats_of_this_run();
  auto const copy = nats.folder() + "/copy";
  auto const blocks = [&] {
    std::vector<std::string> all;
    for (auto const& f : std::filesystem::recursive_directory_iterator{nats.store()})
      if (f.path().extension() == ".blk" && f.path().string().find("KNOWLEDGE_CACHE") != std::string::npos)
        all.push_back(f.path());
    std::ranges::sort(all);
    return all;
  };
  one_after_another(s,
                    {{"the store is set back", during::cold_answers,
                      [&] {
                        nats.stop("TERM");
                        std::filesystem::remove_all(copy);
                        std::filesystem::copy(nats.store(), copy, std::filesystem::copy_options::recursive);
                        nats.start();
                        std::this_thread::sleep_for(how_long{1'000ms, 2'000ms}(s.random()));
                        nats.stop("KILL");
                        std::filesystem::remove_all(nats.store());
                        std::filesystem::rename(copy, nats.store());
                        nats.start();
                      }},
                     {"the stream is deleted", during::cold_answers,
                      [&] { (void)ask_nats(nats, "$JS.API.STREAM.DELETE.KNOWLEDGE_CACHE"); }},
                     {"the store loses its end", during::cold_answers,
                      [&] {
                        nats.stop("KILL");
                        if (auto const all = blocks(); !all.empty()) {
                          auto const size = std::filesystem::file_size(all.back());
                          std::filesystem::resize_file(all.back(), size - s.random()() % (size / 2 + 1));
                        }
                        nats.start();
                      }},
                     {"the store is damaged", during::cold_answers,
                      [&] {
                        nats.stop("KILL");
                        for (auto const& path : blocks()) {
                          std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
                          auto const size = std::filesystem::file_size(path);
                          for (int n = 0; n < 8 && size > 0; ++n) {
                            file.seekp(static_cast<std::streamoff>(s.random()() % size));
                            file.put(static_cast<char>(s.random()()));
                          }
                        }
                        nats.start();
                      }}},
                    count, {1'000ms, 1'500ms});
}

}  // namespace faults
