// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "tally.hpp"

#include <cstddef>
#include <cstdint>
#include <format>
#include <fstream>
#include <iostream>
#include <map>
#include <ostream>
#include <sstream>
#include <string>

// One screen: for each promise how many operations were judged, how many broke it, and what that says of the true share
// (none broken in n means fewer than 3/n with 95 % confidence, and no more); then what each test did.
namespace faults {

using reports = std::map<std::string, tally>;  // by test

/// With commas between thousands.
inline std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

inline void print(std::ostream& out, reports const& all) {
  out << std::format("{:<4}{:<50} {:<22} {:>11} {:>6}  {}\n", "", "promise", "tests", "operations", "broken",
                     "at 95 %");
  for (std::size_t p = 0; p < promises; ++p) {
    auto const& words = wording_of(static_cast<promise>(p));
    tally::line sum;
    std::string tests;
    for (auto const& [test, t] : all) {
      auto const& l = t.of(static_cast<promise>(p));
      sum.operations += l.operations, sum.violations += l.violations, sum.excused += l.excused;
      if (l.operations > 0) tests += (tests.empty() ? "" : " ") + test;
    }
    std::string bound = "not judged";
    if (sum.violations > 0)
      bound = "broken";
    else if (sum.operations >= 3)
      bound = std::format("fewer than 1 in {}", grouped(sum.operations / 3));
    if (sum.excused > 0) bound += std::format("; {} seen, not judged", grouped(sum.excused));
    out << std::format("{:<4}{:<50} {:<22} {:>11} {:>6}  {}\n", words.name, words.sentence, tests,
                       grouped(sum.operations), sum.violations, bound);
  }
  out << '\n';
  for (auto const& [test, t] : all) {
    out << std::format("{:<4}", test);
    char const* between = "";
    for (auto const& [what, n] : t.counts()) {
      out << between << grouped(n) << ' ' << what;
      between = ", ";
    }
    out << '\n';
  }
  for (auto const& [test, t] : all)
    for (auto const& story : t.stories()) out << "\n  " << test << ' ' << story;
  out << std::endl;
}

inline void save(std::string const& path, reports const& all) {
  std::ofstream file{path};
  for (auto const& [test, t] : all) {
    for (std::size_t p = 0; p < promises; ++p) {
      auto const& l = t.of(static_cast<promise>(p));
      file << test << " promise " << p << ' ' << l.operations << ' ' << l.violations << ' ' << l.excused << '\n';
    }
    for (auto const& [what, n] : t.counts()) file << test << " count " << n << ' ' << what << '\n';
    for (auto const& story : t.stories()) file << test << " story " << story << '\n';
  }
}

inline void load(std::string const& path, reports& into) {
  std::ifstream file{path};
  if (!file) return void(std::cout << "no " << path << ": that test was not run\n");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string test, kind, rest;
    words >> test >> kind;
    if (kind == "promise") {
      std::size_t p = 0;
      tally::line l;
      words >> p >> l.operations >> l.violations >> l.excused;
      into[test].add(static_cast<promise>(p), l);
    } else if (kind == "count") {
      std::uint64_t n = 0;
      words >> n >> std::ws;
      std::getline(words, rest);
      into[test].count(rest, n);
    } else {
      std::getline(words >> std::ws, rest);
      into[test].tell(rest);
    }
  }
}

}  // namespace faults
