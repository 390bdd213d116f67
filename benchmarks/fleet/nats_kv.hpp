// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <cstdint>
#include <format>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "asset.hpp"
#include "setting.hpp"

namespace fleet {

// A NATS key-value bucket as the only store, and a watch that mirrors all of it in the memory of each process. Reads
// never leave memory once the watch has told everything. The watch is made anew after every reconnect, because the
// client's own takes some ten seconds to notice that a restarted server has forgotten it.
// [user code]
class nats_kv {
 public:
  explicit nats_kv(setting const& s) {
    natsOptions* options = nullptr;
    must(natsOptions_Create(&options));
    std::unique_ptr<natsOptions, decltype(&natsOptions_Destroy)> const owner{options, natsOptions_Destroy};
    must(natsOptions_SetURL(options, s.nats.c_str()));
    must(natsOptions_SetMaxReconnect(options, -1));
    must(natsOptions_SetReconnectWait(options, 250));
    must(natsOptions_SetReconnectBufSize(options, 0));  // what cannot be sent now fails, and is not sent later
    must(natsOptions_SetPingInterval(options, 1000));
    must(natsOptions_SetMaxPingsOut(options, 2));
    must(natsOptions_SetReconnectedCB(
        options, [](natsConnection*, void* self) { ++static_cast<nats_kv*>(self)->connections_; }, this));
    must(natsConnection_Connect(&connection_, options));
    jsOptions js;
    must(jsOptions_Init(&js));
    js.Wait = 2000;
    must(natsConnection_JetStream(&context_, connection_, &js));
    kvConfig config;
    must(kvConfig_Init(&config));
    config.Bucket = "knowledge";
    config.StorageType = js_FileStorage;
    must(js_CreateKeyValue(&bucket_, context_, &config));
    follower_ = std::jthread{[this](std::stop_token const& stop) {
      while (!stop.stop_requested()) follow(stop);
    }};
  }
  nats_kv(nats_kv const&) = delete;
  nats_kv& operator=(nats_kv const&) = delete;
  ~nats_kv() {
    follower_ = {};
    kvStore_Destroy(bucket_);
    jsCtx_Destroy(context_);
    natsConnection_Close(connection_);
    natsConnection_Destroy(connection_);
  }

  std::shared_ptr<asset const> get(std::string const& id) {
    auto const key = key_of(id);
    if (complete_) {
      std::lock_guard const held{mutex_};
      auto const found = map_.find(key);
      return found == map_.end() ? nullptr : found->second;
    }
    kvEntry* raw = nullptr;
    auto const status = kvStore_Get(&raw, bucket_, key.c_str());
    entry const found{raw, kvEntry_Destroy};
    if (status == NATS_NOT_FOUND) return nullptr;
    must(status);
    return keep(key, *found);
  }

  std::int64_t put(asset a) {
    auto const key = key_of(a.id);
    auto const json = nlohmann::json(a).dump();
    std::uint64_t revision = 0;
    must(kvStore_Put(&revision, bucket_, key.c_str(), json.data(), static_cast<int>(json.size())));
    a.version = static_cast<std::int64_t>(revision);
    keep(key, std::make_shared<asset const>(std::move(a)));
    return static_cast<std::int64_t>(revision);
  }

 private:
  using value = std::shared_ptr<asset const>;
  using entry = std::unique_ptr<kvEntry, decltype(&kvEntry_Destroy)>;

  static void must(natsStatus status) {
    if (status != NATS_OK) throw std::runtime_error{natsStatus_GetText(status)};
  }

  /// A bucket's keys are made of few characters; others are written as = and two digits.
  static std::string key_of(std::string_view id) {
    std::string key;
    for (char const c : id)
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
          c == '/')
        key += c;
      else
        key += std::format("={:02X}", static_cast<unsigned char>(c));
    return key;
  }

  value keep(std::string const& key, kvEntry& found) {
    {
      std::lock_guard const held{mutex_};
      auto const known = map_.find(key);
      if (known != map_.end() && known->second->version >= static_cast<std::int64_t>(kvEntry_Revision(&found)))
        return known->second;  // its own writes come back to each process
    }
    auto a = nlohmann::json::parse(std::string_view{static_cast<char const*>(kvEntry_Value(&found)),
                                                    static_cast<std::size_t>(kvEntry_ValueLen(&found))})
                 .get<asset>();
    a.version = static_cast<std::int64_t>(kvEntry_Revision(&found));
    return keep(key, std::make_shared<asset const>(std::move(a)));
  }
  value keep(std::string const& key, value a) {
    std::lock_guard const held{mutex_};
    auto& kept = map_[key];
    if (!kept || kept->version < a->version) kept = std::move(a);
    return kept;
  }

  void erase(std::string const& key) {
    std::lock_guard const held{mutex_};
    map_.erase(key);
  }

  /// One watch, until the connection is another one.
  void follow(std::stop_token const& stop) {
    auto const connection = connections_.load();
    kvWatcher* raw = nullptr;
    if (kvStore_WatchAll(&raw, bucket_, nullptr) != NATS_OK) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      return;
    }
    std::unique_ptr<kvWatcher, decltype(&kvWatcher_Destroy)> const watcher{raw, kvWatcher_Destroy};
    while (!stop.stop_requested() && connections_ == connection) {
      kvEntry* told = nullptr;
      auto const status = kvWatcher_Next(&told, raw, 50);
      entry const change{told, kvEntry_Destroy};
      if (status == NATS_TIMEOUT) continue;
      if (status != NATS_OK) return;
      if (!told)
        complete_ = true;  // the client's mark for the end of what was there
      else if (kvEntry_Operation(told) == kvOp_Put)
        keep(kvEntry_Key(told), *told);
      else
        erase(kvEntry_Key(told));
    }
  }

  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  kvStore* bucket_ = nullptr;
  std::mutex mutex_;
  std::unordered_map<std::string, value> map_;
  std::atomic<bool> complete_{false};
  std::atomic<std::uint64_t> connections_{0};
  std::jthread follower_;
};
// [/user code]

}  // namespace fleet
