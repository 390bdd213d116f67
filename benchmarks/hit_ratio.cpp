// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// How many requests of real traces each eviction algorithm answers: ours in the real engine, models of others, and the
// optimum; see --help.
#include "hit_ratio/belady.hpp"
#include "hit_ratio/policies.hpp"
#include "hit_ratio/streams.hpp"
#include "hit_ratio/trace.hpp"
#include "hit_ratio/twins.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <format>
#include <mutex>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace hit_ratio;

struct row {
  std::string trace;
  std::size_t entries;
  std::string_view policy;
  std::uint64_t misses, requests;
};

struct given {
  std::string traces, csv, json, only, context;
  bool synthetic = false, twins = false;
  std::size_t length = 600'000;
  std::uint64_t seed = 1;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

/// A line that moves at a terminal, and nothing elsewhere.
class progress {
 public:
  void begin(std::string what, std::size_t steps) {
    what_ = std::move(what);
    steps_ = steps;
    done_ = 0;
    show();
  }
  void step() {
    std::scoped_lock const lock{mutex_};
    ++done_;
    show();
  }
  void clear() const {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  void show() const {
    if (!shown_) return;
    constexpr std::size_t width = 30;
    std::size_t const full = steps_ == 0 ? 0 : done_ * width / steps_;
    std::string const bar = std::string(full, '#') + std::string(width - full, '.');
    std::fputs(std::format("\r\033[K{} [{}] {} of {}", what_, bar, done_, steps_).c_str(), stderr);
  }

  bool shown_ = ::isatty(STDERR_FILENO) == 1;
  std::mutex mutex_;
  std::string what_;
  std::size_t steps_ = 0, done_ = 0;
};

/// Every policy at every size, several at a time.
void play(trace const& t, std::vector<std::size_t> const& sizes, given const& g, std::string const& label,
          progress& shown, std::vector<row>& rows) {
  struct task {
    std::size_t entries;
    policy const* how;  // null: the optimum
  };
  std::vector<task> tasks;
  for (std::size_t const entries : sizes) {
    for (policy const& p : policies)
      if (g.only.empty() || g.only == p.name) tasks.push_back({entries, &p});
    if (g.only.empty() || g.only == "OPT") tasks.push_back({entries, nullptr});
  }
  shown.begin(label, tasks.size());
  std::vector<std::uint64_t> missed(tasks.size());
  std::atomic<std::size_t> next{0};
  std::exception_ptr fault;
  std::mutex faults;
  auto const work = [&]() noexcept {
    for (std::size_t i = 0; (i = next.fetch_add(1)) < tasks.size(); shown.step()) try {
        auto const [entries, how] = tasks[i];
        missed[i] = how == nullptr ? fewest_misses(t.requests, t.keys, entries)
                                   : how->play(t.requests, t.keys, entries, g.seed);
      } catch (...) {
        std::scoped_lock const lock{faults};
        fault = std::current_exception();
      }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 1; i < g.threads; ++i) workers.emplace_back(work);
    work();
  }
  if (fault) std::rethrow_exception(fault);
  for (std::size_t i = 0; i < tasks.size(); ++i)
    rows.push_back(
        {t.name, tasks[i].entries, tasks[i].how == nullptr ? "OPT" : tasks[i].how->name, missed[i], t.requests.size()});
}

/// Whether our algorithms and their models let the same keys go. \returns how many differ, which is told
int compare(std::string const& name, std::span<key const> requests, std::size_t keys,
            std::vector<std::size_t> const& sizes, unsigned threads, progress& shown) {
  std::size_t const all = std::size(all_twins) * sizes.size();
  shown.begin("twins: " + name, all);
  std::atomic<std::size_t> next{0};
  std::vector<std::string> parts(all);
  auto const work = [&] {
    for (std::size_t i = 0; (i = next.fetch_add(1)) < all; shown.step())
      parts[i] = all_twins[i % std::size(all_twins)].part(requests, keys, sizes[i / std::size(all_twins)]);
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 1; i < threads; ++i) workers.emplace_back(work);
    work();
  }
  shown.clear();
  int wrong = 0;
  for (std::size_t i = 0; i < all; ++i) {
    if (parts[i].empty()) continue;
    ++wrong;
    std::fputs(std::format("{}, {} entries, {}: {}\n", name, sizes[i / std::size(all_twins)],
                           all_twins[i % std::size(all_twins)].name, parts[i])
                   .c_str(),
               stderr);
  }
  std::fputs(
      std::format("{}: {} requests, {} pairs of algorithm and size, {} differ\n", name, requests.size(), all, wrong)
          .c_str(),
      stdout);
  return wrong;
}

/// Ten million requests over 64 keys, and the first 200,000 of every trace.
int compare_all(std::vector<std::filesystem::path> const& files, unsigned threads) {
  progress shown;
  std::mt19937_64 random{64};
  std::vector<key> few(10'000'000);
  for (key& k : few) k = static_cast<key>(random() % (1 + (random() >> 32U) % 64));
  int wrong = compare("64 keys", few, 64, {1, 2, 3, 7, 16, 31, 48, 63}, threads, shown);
  for (auto const& file : files) {
    auto t = read_trace(file);
    if (!t) throw std::runtime_error{t.error()};
    auto const sizes = sizes_of(t->keys);
    t->requests.resize(std::min<std::size_t>(t->requests.size(), 200'000));
    wrong += compare(t->name, t->requests, t->keys, sizes, threads, shown);
  }
  return wrong;
}

void write(std::string const& path, std::string const& text) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw std::runtime_error{path + " cannot be written"};
  bool const whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !whole) throw std::runtime_error{path + " cannot be written"};
}

std::string csv_of(std::vector<row> const& rows) {
  std::string text = "trace,entries,policy,misses,requests\n";
  for (row const& r : rows) text += std::format("{},{},{},{},{}\n", r.trace, r.entries, r.policy, r.misses, r.requests);
  return text;
}

std::string json_of(std::vector<row> const& rows, std::string const& context) {
  std::string text = "{\n  \"context\": {";
  for (std::size_t at = 0; at < context.size();) {
    std::size_t const end = std::min(context.find(',', at), context.size());
    std::size_t const is = std::min(context.find('=', at), end);
    text += std::format("{}\"{}\": \"{}\"", at == 0 ? "" : ", ", context.substr(at, is - at),
                        is == end ? "" : context.substr(is + 1, end - is - 1));
    at = end + 1;
  }
  text += "},\n  \"benchmarks\": [";
  for (char const* between = "\n"; row const& r : rows) {
    text += std::format(
        "{}    {{\"name\": \"hit-ratio/{}/{}/{}\", \"trace\": \"{}\", \"entries\": {}, \"policy\": \"{}\", "
        "\"misses\": {}, \"requests\": {}}}",
        std::exchange(between, ",\n"), r.trace, r.entries, r.policy, r.trace, r.entries, r.policy, r.misses,
        r.requests);
  }
  return text + "\n  ]\n}\n";
}

std::vector<std::filesystem::path> files_in(std::string const& folder) {
  if (!std::filesystem::is_directory(folder)) throw std::runtime_error{"there is no folder " + folder};
  std::vector<std::filesystem::path> files;
  for (auto const& entry : std::filesystem::directory_iterator{folder})
    if (format_of(entry.path().filename().string())) files.push_back(entry.path());
  if (files.empty())
    throw std::runtime_error{folder + " has no traces: files whose names end with .keys.zst, .runs.zst or .sized.zst"};
  std::ranges::sort(files);
  return files;
}

int run(given const& g) {
  if (g.traces.empty() && !g.synthetic && !g.twins)
    throw std::runtime_error{"give it --traces FOLDER, --synthetic, or both"};
  if (!g.only.empty() && g.only != "OPT" && std::ranges::find(policies, g.only, &policy::name) == std::end(policies))
    throw std::runtime_error{"there is no policy " + g.only};
  auto const files = g.traces.empty() ? std::vector<std::filesystem::path>{} : files_in(g.traces);
  if (g.twins) return compare_all(files, g.threads) == 0 ? 0 : 1;
  progress shown;
  std::vector<row> rows;
  int status = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::string const label = std::format("{} ({} of {})", name_of(files[i]), i + 1, files.size());
    shown.begin(label, 0);
    auto const t = read_trace(files[i]);
    if (t) {
      auto const sizes = sizes_of(t->keys);
      play(*t, sizes, g, label, shown, rows);
      shown.clear();
      if (sizes.empty())
        std::fputs(
            std::format("{}: {} different keys are too few for any size\n", files[i].filename().string(), t->keys)
                .c_str(),
            stderr);
    } else {
      shown.clear();
      std::fputs(("bench_hit_ratio: " + t.error() + "\n").c_str(), stderr);
      status = 1;
    }
  }
  if (g.synthetic)
    for (stream const& s : streams(g.length)) play(s.requests, s.sizes, g, s.requests.name, shown, rows);
  shown.clear();
  if (!g.csv.empty()) write(g.csv, csv_of(rows));
  if (!g.json.empty()) write(g.json, json_of(rows, g.context));
  if (g.csv.empty() && g.json.empty()) std::fputs(csv_of(rows).c_str(), stdout);
  return status;
}

}  // namespace

int main(int argc, char** argv) try {
  given g;
  CLI::App app{
      "How many requests of traces each eviction algorithm misses: rows trace,entries,policy,misses,requests.\n"
      "Sizes are 0.1, 1, 5, 10 and 25 % of a trace's keys and 1,000 entries, as far as they lie between 32\n"
      "entries and 60 % of the keys. A miss is put at once. Algorithms of Strata run in its engine, by get and\n"
      "put; names in capitals are models of what others publish; OPT knows the future, and nothing beats it."};
  app.footer(formats);
  app.allow_extras();  // what every benchmark is given
  app.add_option("--traces", g.traces, "The folder of the traces");
  app.add_flag("--synthetic", g.synthetic, "Also streams that are made here, each hard for some algorithm");
  app.add_flag("--twins", g.twins,
               "Instead: whether each algorithm lets the same keys go as its slow model, request for request, in\n"
               "10,000,000 requests over 64 keys and the first 200,000 of every trace");
  app.add_option("--length", g.length, "Requests of a stream that is made here")->capture_default_str();
  app.add_option("--seed", g.seed,
                 "Of the hash of our algorithms and of W-TinyLFU's model: what a sketch, a sample and ghosts see")
      ->capture_default_str();
  app.add_option("--policy", g.only, "This one only");
  app.add_option("--threads", g.threads, "How many run at a time")->check(CLI::Range(1U, 256U))->capture_default_str();
  app.add_option("--csv", g.csv, "Where the rows go, else to the output");
  app.add_option("--json,--benchmark_out", g.json, "The same as JSON");
  app.add_option("--benchmark_context", g.context, "What the JSON says about its making")->group("");
  CLI11_PARSE(app, argc, argv);
  for (std::string const& one : app.remaining())
    if (!one.starts_with("--benchmark_")) throw std::runtime_error{"what is " + one + "? --help tells what there is"};
  return run(g);
} catch (std::exception const& fault) {
  return std::fputs(std::format("bench_hit_ratio: {}\n", fault.what()).c_str(), stderr), 1;
}
