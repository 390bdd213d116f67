// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Breaks processes, servers, networks and files under a fleet of workers and judges what the workers were answered.
//
//   test/servers run faults [--seed N] [--tally FILE] [--keep] [--only WORDS] [--longest-stop MS] T5=20 T6=6 ...
//   faults --report FILE...
//
// The number is that of faults; --only makes those alone whose name contains the words. For hours: ./dev exec
// test/servers run build/release/test/faults/faults T5=10000 T6=350
#include "cluster.hpp"
#include "endurance.hpp"
#include "report.hpp"
#include "scenarios.hpp"
#include "stage.hpp"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <format>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace faults;

namespace {

std::uint64_t number_in(std::string_view text) {
  std::uint64_t n = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), n).ec != std::errc{})
    throw std::runtime_error{"no number: " + std::string{text}};
  return n;
}

struct job {
  plan base;
  std::chrono::milliseconds longest_stop{10'000};
  std::string tally_file;
};

/// Rounds of so many faults at most, until all have been made.
template <class Break>
tally in_rounds(plan p, std::uint32_t count, std::uint32_t per_round, Break make) {
  tally all;
  all.count("faults", count);
  for (std::uint32_t left = count; left > 0;) {
    auto const now_due = std::min(left, per_round);
    stage s{p};
    make(s, now_due);
    all += s.end();
    left -= now_due;
    ++p.seed;
  }
  return all;
}

/// Faults that hit nothing show nothing.
tally that_bite(tally all, std::string const& what, std::uint64_t least) {
  if (all.counted(what) < least) throw std::runtime_error{std::format("only {} {}", all.counted(what), what)};
  return all;
}

tally run_one(job const& j, std::string const& test, std::uint32_t count) {
  plan p = j.base;
  p.test = test;
  std::string const degraded = "degraded writes";
  if (test == "T5") return that_bite(in_rounds(p, count, 100, kill_workers), "calls in flight at a kill", count);
  if (test == "T6") {
    auto all = in_rounds(p, count, 24, [&](stage& s, std::uint32_t n) { break_servers(s, n, j.longest_stop); });
    if (bool const each = count >= 6 && p.only.empty(); each) all = that_bite(std::move(all), checker::first_reads, 1);
    return that_bite(std::move(all), degraded, 1);
  }
  if (test == "T7") {
    cluster const three;
    p.nats = three.urls();
    p.replicas = 3;
    return that_bite(
        in_rounds(p, count, 24, [&](stage& s, std::uint32_t n) { break_cluster(s, three, n, j.longest_stop); }),
        degraded, 1);
  }
  if (test == "T15")
    return that_bite(that_bite(overload(p), "fewer than wanted in it", 1), "calls that failed meanwhile", 1);
  if (test == "T16") return come_and_go(p, count);
  if (test == "T8") return that_bite(in_rounds(p, count, 24, break_store), degraded, 1);
  throw std::runtime_error{"there is no test " + test};
}

}  // namespace

int main(int argc, char** argv) try {
  ::signal(SIGPIPE, SIG_IGN);  // a worker that ended by itself is told of, and does not end this program too
  std::span<char*> const arguments{argv + 1, static_cast<std::size_t>(argc - 1)};
  reports all;
  if (!arguments.empty() && std::string_view{arguments[0]} == "--report") {
    for (auto const* path : arguments.subspan(1)) load(path, all);
    print(std::cout, all);
  } else {
    job j;
    j.base.program = std::filesystem::canonical("/proc/self/exe").parent_path() / "worker";
    j.base.nats = given("STRATA_TEST_NATS");
    j.base.postgres = given("STRATA_TEST_POSTGRES");
    for (std::size_t n = 0; n < arguments.size(); ++n) {
      std::string_view const word = arguments[n];
      auto const next = [&] {
        return n + 1 < arguments.size() ? std::string_view{arguments[++n]} : std::string_view{};
      };
      if (word == "--seed")
        j.base.seed = number_in(next());
      else if (word == "--tally")  // what an earlier run found says nothing of one that dies
        std::filesystem::remove(j.tally_file = next());
      else if (word == "--only")
        j.base.only = next();
      else if (word == "--keep")
        j.base.keep = true;
      else if (word == "--longest-stop")
        j.longest_stop = std::chrono::milliseconds{number_in(next())};
      else
        all[std::string{word.substr(0, word.find('='))}] +=
            that_bite(run_one(j, std::string{word.substr(0, word.find('='))},
                              static_cast<std::uint32_t>(number_in(word.substr(word.find('=') + 1)))),
                      "acknowledged writes", 1);
    }
    print(std::cout, all);
    if (!j.tally_file.empty()) save(j.tally_file, all);
  }
  return std::ranges::any_of(all, [](auto const& one) { return one.second.violations() > 0; }) ? 1 : 0;
} catch (no_networks const& reason) {
  std::cout << reason.what() << '\n';
  return 77;
} catch (std::exception const& fault) {
  std::cerr << "faults: " << fault.what() << '\n';
  return 2;
}
