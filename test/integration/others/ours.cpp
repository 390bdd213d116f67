// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A program of ours beside programs of others, on the servers that it was given. What it does and sees it says as JSON,
// an object a line.
//
//   ours CODEC mix NAME IDS LOG SEED  writes, changes, erases and reads the ids of a file until SIGTERM, and logs it
//   ours CODEC read IDS               what somebody whose memory is empty finds
//   ours CODEC erase IDS
//   ours CODEC save IDS [MS]          one value for each, which lives so long
//   ours CODEC stay                   is there until SIGTERM, and does nothing
//   ours CODEC watch ID TEXT          has the id in memory, says so, and then how long it takes until its data is TEXT
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/codec/msgpack.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/hot/lru.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/warm/jetstream.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <format>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace strata;
using namespace std::chrono_literals;

namespace {

using asset = knowledge_asset;
// How old a fresh copy may be is judged, so the clock says it: the thread that clears a flag may wait for its turn.
template <class Codec>
using cache_with = cache<hot::lru, warm::jetstream, cold::postgres, Codec, staleness<bounded>, expiry>;
using words = std::span<char* const>;

std::atomic<bool> stopped{false};

std::string environment(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set: run this through test/servers"};
  return value;
}

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
}

boost::json::object json_of(asset const& a) {
  std::string metadata;
  if (!codec::json<strata::metadata>{}.encode(a.metadata, metadata)) throw std::runtime_error{"metadata"};
  return {{"id", a.id},
          {"asset_type", a.asset_type},
          {"data", a.data},
          {"metadata", boost::json::parse(metadata)},
          {"version", a.version}};
}

boost::json::object json_of(std::string_view id, hit<asset> const& found) {
  boost::json::object said{{"id", id}};
  if (found.failed()) {
    said["failed"] = std::format("{}", found.error());
    return said;
  }
  said["from"] = to_string(found.tier());
  said["fresh"] = found.freshness() == freshness::fresh;
  if (!found) return said["asset"] = nullptr, said;
  said["asset"] = json_of(*found);
  said["revision"] = number(found.revision());
  if (found.ends() != std::chrono::steady_clock::time_point::max())
    said["left"] = (found.ends() - std::chrono::steady_clock::now()) / 1ms;
  return said;
}

std::vector<std::string> ids_in(char const* file) {
  std::ifstream in{file};
  std::vector<std::string> ids;
  for (std::string line; std::getline(in, line);) ids.emplace_back(boost::json::parse(line).as_string());
  return ids;
}

// A log that outlives a kill: each line is one write of its own.
class log {
 public:
  explicit log(char const* file) : file_{::open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)} {
    if (file_ < 0) throw std::runtime_error{file};
  }
  void say(boost::json::object what) const {
    what["at"] = now_ms();
    auto const line = boost::json::serialize(what) + "\n";
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  int file_;
};

std::string const texts[] = {"plain",
                             "",
                             "äöü ß",
                             "😀👨‍👩‍👧",
                             "e\u0301 \u0e33",
                             "\u202eabc\u202c",
                             "\ufeffbom",
                             "\uffff",
                             "\u2028\u2029\u0085",
                             "\x01\x02\x1f\x7f",
                             "tab\tline\nreturn\r\n",
                             R"("quoted" \ / \u0041 \)",
                             R"({"a":[1,{"b":null}]})",
                             "'; drop table x; --",
                             std::string(3000, '-')};

// As in theirs: their save never changes the type of a row, so an id has one type.
std::string type_of(std::string_view id) {
  constexpr std::string_view types[] = {"template", "pattern", "prompt", "intelligence"};
  return std::string{types[id.size() % 4]};
}

template <class Cache>
class mix {
 public:
  mix(Cache& c, words given) : cache_{c}, name_{given[0]}, ids_{ids_in(given[1])}, log_{given[2]} {
    constexpr unsigned threads = 2;
    std::vector<std::jthread> crew;
    for (unsigned i = 0; i < threads; ++i)
      crew.emplace_back([this, i, seed = static_cast<unsigned>(std::atoi(given[3]))] { work(i, seed); });
  }

 private:
  void work(unsigned thread, unsigned seed) {
    std::mt19937 random{seed * 1000 + thread};
    auto const below = [&](std::size_t n) { return random() % n; };
    while (!stopped) {
      auto const& id = ids_[below(ids_.size())];
      switch (below(10)) {
        case 0:
        case 1:
        case 2: {
          auto const& text = texts[below(std::size(texts))];
          asset made{.id = id, .asset_type = type_of(id), .data = {}, .metadata = {}};
          made.metadata[text] = text;
          made.metadata["language"] = "rust";
          auto const n = begin(thread, made, text);
          tell(thread, id, n, cache_.put(made));
          break;
        }
        case 3:
        case 4: {
          std::uint64_t n = 0;
          auto const done = cache_.update(id, [&](asset& a) { n = begin(thread, a, "changed"); });
          if (n != 0) tell(thread, id, n, done);
          break;
        }
        case 5: {
          if (!id.starts_with("erased")) break;
          log_.say({{"did", "erase"}, {"thread", thread}, {"id", id}});
          auto const done = cache_.erase(id);
          if (done)
            log_.say({{"did", "erased"},
                      {"thread", thread},
                      {"id", id},
                      {"changed", done->changed},
                      {"revision", number(done->revision)}});
          break;
        }
        default: {
          auto const since = now_ms();
          auto said = json_of(id, cache_.get(id));
          said["did"] = said.contains("failed") ? "failed" : "read";
          said["thread"] = thread;
          said["since"] = since;
          log_.say(std::move(said));
        }
      }
      std::this_thread::sleep_for(std::chrono::microseconds{1000 + below(4000)});
    }
  }

  /// Gives the value data that no other has, and says that it will be written. \returns its number
  std::uint64_t begin(unsigned thread, asset& a, std::string const& text) {
    auto const n = ++number_;
    a.data = boost::json::serialize(boost::json::value{{"by", name_}, {"n", n}, {"text", text}});
    log_.say({{"did", "begin"}, {"thread", thread}, {"id", a.id}, {"n", n}, {"asset", json_of(a)}});
    return n;
  }
  void tell(unsigned thread, std::string const& id, std::uint64_t n, result<receipt> const& done) {
    if (done)
      log_.say({{"did", "saved"},
                {"thread", thread},
                {"id", id},
                {"n", n},
                {"revision", number(done->revision)},
                {"version", done->version}});
    else
      log_.say({{"did", "failed"}, {"thread", thread}, {"id", id}, {"n", n}, {"why", std::format("{}", done.error())}});
  }

  Cache& cache_;
  std::string name_;
  std::vector<std::string> ids_;
  log log_;
  std::atomic<std::uint64_t> number_{0};
};

void print(boost::json::object const& said) { std::cout << said << std::endl; }

template <class Cache>
int run(std::string_view command, words given) {
  auto opened = Cache::open(
      {.hot = {.capacity_entries = 1000},
       .warm = {.servers = {environment("STRATA_TEST_NATS")}, .replicas = 1, .announce_subject = "knowledge.changed"},
       .cold = {.connection = environment("STRATA_TEST_POSTGRES")}});
  if (!opened) return std::cerr << std::format("{}\n", opened.error()), 1;
  Cache& cache = *opened;
  char const* const given_patience = std::getenv("OURS_PATIENCE");  // milliseconds
  auto const patience = given_patience != nullptr ? std::chrono::milliseconds{std::atoi(given_patience)} : 20'000ms;
  (void)cache.ready({.within = patience});  // what is asked may be what it is without a server
  if (command == "mix") {
    print({{"ready", true}});
    mix<Cache>{cache, given};
  } else if (command == "stay") {
    print({{"ready", true}});
    while (!stopped) std::this_thread::sleep_for(20ms);
  } else if (command == "watch") {
    std::string const id = given[0];
    std::string const text = given[1];
    auto kept = cache.get(id);
    for (; kept.tier() != tier::hot && !stopped; kept = cache.get(id)) std::this_thread::sleep_for(10ms);
    print(json_of(id, kept));
    for (auto const until = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < until;) {
      auto const found = cache.get(id);
      if (found && found->data == text) return print({{"id", id}, {"at", now_ms()}}), 0;
      std::this_thread::sleep_for(2ms);
    }
    return 1;
  } else {
    std::chrono::milliseconds const lives{given.size() > 1 ? std::atoi(given[1]) : 0};
    for (auto const& id : ids_in(given[0])) {
      if (command == "read") print(json_of(id, cache.get(id, {.within = std::min(patience, 2'000ms)})));
      if (command == "erase" && !cache.erase(id, {.within = 20s})) return 1;
      if (command == "save" &&
          !cache.put({.id = id, .asset_type = type_of(id), .data = "ours", .metadata = {{"language", "rust"}}},
                     {.within = 20s, .expires_in = lives}))
        return 1;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  std::signal(SIGTERM, [](int) { stopped = true; });
  words const given{argv + 3, static_cast<std::size_t>(argc - 3)};
  return std::string_view{argv[1]} == "msgpack" ? run<cache_with<codec::msgpack<asset>>>(argv[2], given)
                                                : run<cache_with<codec::json<asset>>>(argv[2], given);
} catch (std::exception const& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
