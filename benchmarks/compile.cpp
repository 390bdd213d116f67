// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What including cache.hpp costs a program that composes nothing, beside the standard headers that no cache can do without
// and Hana's tuple: preprocessed lines that are not blank, and the compiler's own processor time. The two compile in turns,
// so that a machine that changes its speed changes both; the times are medians of the ratios of neighbours.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace {

constexpr char const* bare =
    "#include <memory>\n#include <string>\n#include <chrono>\n#include <atomic>\n#include <span>\n"
    "#include <expected>\n#include <coroutine>\n#include <boost/hana/tuple.hpp>\n";
constexpr char const* cache = "#include <strata/cache.hpp>\n";

std::string source(std::filesystem::path const& folder, char const* name, char const* text) {
  auto const path = folder / name;
  std::ofstream{path} << text;
  return path.string();
}

std::string compiler(char const* what, std::string const& file) {
  return std::string{COMPILER} + " " + what + " " + file;
}

std::size_t lines(std::string const& file) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const out{::popen(compiler("-E -P", file).c_str(), "r"), ::pclose};
  if (out == nullptr) throw std::runtime_error{"the compiler cannot be run"};
  std::size_t full = 0;
  bool blank = true;
  for (int c = std::getc(out.get()); c != EOF; c = std::getc(out.get())) {
    if (c == '\n') {
      full += blank ? 0 : 1;
      blank = true;
    } else if (c != ' ' && c != '\t') {
      blank = false;
    }
  }
  return full;
}

double compile(std::string const& file) {
  auto const spent = [] {
    ::rusage children{};
    ::getrusage(RUSAGE_CHILDREN, &children);
    auto const seconds = [](::timeval t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(children.ru_utime) + seconds(children.ru_stime);
  };
  double const before = spent();
  if (std::system(compiler("-c -o /dev/null", file).c_str()) != 0) throw std::runtime_error{file + " does not compile"};
  return spent() - before;
}

double median(std::vector<double> times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

void including(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "strata-compile-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  auto const with = source(folder, "cache.cpp", cache);
  auto const without = source(folder, "bare.cpp", bare);
  std::vector<double> of_cache;
  std::vector<double> of_bare;
  std::vector<double> ratios;
  (void)compile(without);
  (void)compile(with);  // both are in the page cache now
  for (auto _ : state) {
    of_bare.push_back(compile(without));
    of_cache.push_back(compile(with));
    ratios.push_back(of_cache.back() / of_bare.back());
  }
  auto const all = static_cast<double>(lines(with));
  auto const least = static_cast<double>(lines(without));
  state.counters["lines"] = all;
  state.counters["lines_bare"] = least;
  state.counters["lines_ratio"] = all / least;
  state.counters["seconds"] = median(of_cache);
  state.counters["seconds_bare"] = median(of_bare);
  state.counters["seconds_ratio"] = median(ratios);
  std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  bool const as_told = std::ranges::any_of(std::span{argv, static_cast<std::size_t>(argc)}, [](std::string_view one) {
    return one.starts_with("--benchmark_min_time");
  });
  benchmark::Initialize(&argc, argv);
  auto* const row = benchmark::RegisterBenchmark("compile/cache_hpp", including)->Unit(benchmark::kMillisecond);
  if (!as_told) row->Iterations(25);
  benchmark::RunSpecifiedBenchmarks();
}
