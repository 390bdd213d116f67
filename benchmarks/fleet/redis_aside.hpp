// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "database.hpp"
#include "local_map.hpp"
#include "setting.hpp"

namespace fleet {

// Cache-aside: PostgreSQL has the truth, Valkey (or Redis) a copy for all, each process a map, and publish/subscribe tells
// of changes. What many do without is here: a copy in Valkey gives way to newer ones only, and whatever changes it is
// published in the same step; a process trusts its map only while it is subscribed, and forgets it when it was not; a
// load that began before a change was told brings nothing older; all expires, since a writer may die between the table and
// Valkey; a Valkey that does not answer is gone round.
// [user code]
class redis_aside {
 public:
  explicit redis_aside(setting const& s)
      : port_{s.valkey_port}, database_{s.postgres}, map_{s.capacity}, listener_{[this](std::stop_token const& stop) {
          while (!stop.stop_requested()) {
            listen(stop);
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
          }
        }} {}

  std::shared_ptr<asset const> get(std::string const& id) {
    auto const subscription = subscription_.load();
    if (subscription % 2 == 1)
      if (auto kept = map_.find(id)) return kept;
    auto found = from_valkey(id);
    if (!found) {
      found = database_.load(id);
      if (!found) return nullptr;
      offer(*found);
    }
    auto loaded = std::make_shared<asset const>(*std::move(found));
    keep(loaded, subscription);
    return loaded;
  }

  std::int64_t put(asset a) {
    auto const subscription = subscription_.load();
    try {
      a.version = database_.save(a);
    } catch (...) {
      map_.erase(a.id);  // it may have happened
      throw;
    }
    offer(a);
    auto const saved = std::make_shared<asset const>(std::move(a));
    keep(saved, subscription);
    return saved->version;
  }

 private:
  struct closer {
    void operator()(redisContext* c) const { redisFree(c); }
    void operator()(redisReply* r) const { freeReplyObject(r); }
  };
  using connection = std::unique_ptr<redisContext, closer>;
  using reply = std::unique_ptr<redisReply, closer>;
  static constexpr std::chrono::seconds expiry{60};

  static constexpr auto script = R"(
local version = redis.call('hget', KEYS[1], 'version')
if version and tonumber(version) >= tonumber(ARGV[1]) then return 0 end
redis.call('hset', KEYS[1], 'version', ARGV[1], 'json', ARGV[2])
redis.call('expire', KEYS[1], ARGV[3])
redis.call('publish', 'changes', ARGV[1] .. ' ' .. KEYS[1])
return 1)";

  [[nodiscard]] connection connect(timeval patience) const {
    connection made{redisConnectWithTimeout("127.0.0.1", port_, patience)};
    if (!made || made->err != 0 || redisSetTimeout(made.get(), patience) != REDIS_OK) return nullptr;
    return made;
  }

  static connection& own_connection() {
    static thread_local connection one;
    return one;
  }
  /// \returns null if Valkey did not answer; the thread's connection is then made anew by its next call
  template <class... Arguments>
  reply ask(char const* command, Arguments... given) {
    auto& c = own_connection();
    if (!c) c = connect({.tv_sec = 0, .tv_usec = 200'000});
    if (!c) return nullptr;
    reply answer{static_cast<redisReply*>(redisCommand(c.get(), command, given...))};
    if (!answer) c.reset();
    if (answer && answer->type == REDIS_REPLY_ERROR) return nullptr;
    return answer;
  }

  std::optional<asset> from_valkey(std::string const& id) {
    auto const answer = ask("HGET %b json", id.data(), id.size());
    if (!answer || answer->type != REDIS_REPLY_STRING) return std::nullopt;
    return nlohmann::json::parse(std::string_view{answer->str, answer->len}).get<asset>();
  }
  void offer(asset const& a) {
    auto const json = nlohmann::json(a).dump();
    ask("EVAL %s 1 %b %lld %b %d", script, a.id.data(), a.id.size(), static_cast<long long>(a.version), json.data(),
        json.size(), static_cast<int>(expiry.count()));
  }

  void keep(std::shared_ptr<asset const> const& a, std::uint64_t subscription) {
    if (subscription % 2 == 1 && subscription_.load() == subscription)
      map_.put(a->id, a->version, a, local_map::clock::now() + expiry);
  }

  /// One subscription, until it breaks or says nothing for a second, as when the peer is gone.
  void listen(std::stop_token const& stop) {
    auto const c = connect({.tv_sec = 1, .tv_usec = 0});
    if (!c || !reply{static_cast<redisReply*>(redisCommand(c.get(), "SUBSCRIBE changes"))}) return;
    map_.clear();
    ++subscription_;  // odd: subscribed
    for (void* raw = nullptr; !stop.stop_requested() && redisGetReply(c.get(), &raw) == REDIS_OK;) {
      reply const message{static_cast<redisReply*>(raw)};
      if (message->type != REDIS_REPLY_ARRAY || message->elements != 3) continue;
      std::string_view const text{message->element[2]->str, message->element[2]->len};
      auto const space = text.find(' ');
      std::int64_t version = 0;
      std::from_chars(text.data(), text.data() + space, version);
      map_.put(std::string{text.substr(space + 1)}, version, nullptr, local_map::clock::now() + expiry);
    }
    ++subscription_;
    map_.clear();
  }

  int port_;
  database database_;
  local_map map_;
  std::atomic<std::uint64_t> subscription_{0};
  std::jthread listener_;
};
// [/user code]

}  // namespace fleet
