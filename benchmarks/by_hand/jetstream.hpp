// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/crc32.hpp>

#include <nats/nats.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// What a good programmer writes for one stream with nats.c and the same checksum: the client's own calls, one round trip
// each, the same headers built and read back, the same condition on every publish, the result copied once. One connection
// for all threads. No deadline shorter than the client's five seconds, no retry, no reconnect, no check of keys, and keys
// that need no escaping.
namespace by_hand {

struct record {
  std::string key;
  std::uint64_t revision = 0;
  std::string codec;
  std::uint32_t schema = 1;
  std::int64_t created_ms = 0;
  std::uint32_t sum = 0;
  std::uint64_t sequence = 0;
  std::string payload;
};

class jetstream {
 public:
  jetstream(char const* url, std::string stream, std::string prefix)
      : stream_{std::move(stream)}, prefix_{std::move(prefix) + "."} {
    natsOptions* options = nullptr;
    must(natsOptions_Create(&options));
    must(natsOptions_SetURL(options, url));
    must(natsConnection_Connect(&connection_, options));
    natsOptions_Destroy(options);
    jsOptions js;
    jsOptions_Init(&js);
    js.PublishAsync.MaxPending = 256;
    js.PublishAsync.StallWait = 10'000;
    js.PublishAsync.AckHandler = on_acknowledgement;
    js.PublishAsync.AckHandlerClosure = this;
    must(natsConnection_JetStream(&context_, connection_, &js));
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    std::string const all = prefix_ + ">";
    char const* subjects[] = {all.c_str()};
    config.Name = stream_.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.MaxMsgs = 100'000;
    config.MaxBytes = 256 * 1024 * 1024;
    config.MaxAge = std::int64_t{30} * 24 * 3600 * 1'000'000'000;
    config.MaxMsgsPerSubject = 1;
    config.AllowDirect = true;
    config.Duplicates = 120'000'000'000;
    must(js_AddStream(nullptr, context_, &config, nullptr, nullptr));
  }
  ~jetstream() {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }
  jetstream(jetstream const&) = delete;
  jetstream& operator=(jetstream const&) = delete;

  /// \param expected  the sequence of the key's message; zero: it has none
  /// \returns the new sequence, or zero
  std::uint64_t save(record const& r, std::uint64_t expected) {
    natsMsg* const message = made(r, expected);
    jsPubAck* ack = nullptr;
    std::uint64_t sequence = 0;
    if (js_PublishMsg(&ack, context_, message, nullptr, nullptr) == NATS_OK) sequence = ack->Sequence;
    jsPubAck_Destroy(ack);
    natsMsg_Destroy(message);
    return sequence;
  }

  std::optional<record> load(std::string_view key) {
    std::string const subject = prefix_ + std::string{key};
    jsDirectGetMsgOptions which;
    jsDirectGetMsgOptions_Init(&which);
    which.LastBySubject = subject.c_str();
    natsMsg* message = nullptr;
    if (js_DirectGetMsg(&message, context_, stream_.c_str(), nullptr, &which) != NATS_OK) return std::nullopt;
    auto r = read(message, key);
    if (r) r->sequence = natsMsg_GetSequence(message);
    natsMsg_Destroy(message);
    return r;
  }

  /// \returns how many sequences came back
  std::size_t save_many(std::span<record const> records, std::span<std::uint64_t> sequences) {
    {
      std::scoped_lock const lock{mutex_};
      acknowledged_ = 0;
      places_.clear();
      sequences_ = sequences;
      for (std::size_t i = 0; i < records.size(); ++i) places_.emplace(prefix_ + records[i].key, i);
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
      natsMsg* message = made(records[i], sequences[i]);
      if (js_PublishMsgAsync(context_, &message, nullptr) != NATS_OK) natsMsg_Destroy(message);
    }
    must(js_PublishAsyncComplete(context_, nullptr));
    std::scoped_lock const lock{mutex_};
    return acknowledged_;
  }

  /// Pipelined single questions, which every server knows.
  std::vector<std::optional<record>> load_many(std::span<std::string_view const> keys) {
    std::vector<std::optional<record>> all(keys.size());
    natsInbox* inbox = nullptr;
    must(natsInbox_Create(&inbox));
    std::string const base = std::string{inbox} + ".";
    natsInbox_Destroy(inbox);
    natsSubscription* answers = nullptr;
    must(natsConnection_SubscribeSync(&answers, connection_, (base + "*").c_str()));
    std::string const ask = "$JS.API.DIRECT.GET." + stream_ + "." + prefix_;
    for (std::size_t i = 0; i < keys.size(); ++i)
      must(natsConnection_PublishRequest(connection_, (ask + std::string{keys[i]}).c_str(),
                                         (base + std::to_string(i)).c_str(), nullptr, 0));
    must(natsConnection_Flush(connection_));
    for (std::size_t n = 0; n < keys.size(); ++n) {
      natsMsg* message = nullptr;
      must(natsSubscription_NextMsg(&message, answers, 5000));
      std::string_view const subject = natsMsg_GetSubject(message);
      std::size_t i = 0;
      std::from_chars(subject.data() + base.size(), subject.data() + subject.size(), i);
      if (i < keys.size()) all[i] = read(message, keys[i]);
      natsMsg_Destroy(message);
    }
    natsSubscription_Destroy(answers);
    return all;
  }

  /// One question for all, where the server knows it (2.11). \returns nothing where it does not
  std::vector<std::optional<record>> load_together(std::span<std::string_view const> keys) {
    std::vector<std::optional<record>> all(keys.size());
    std::unordered_map<std::string, std::size_t> places;
    std::string question = "{\"multi_last\":[";
    for (std::size_t i = 0; i < keys.size(); ++i) {
      std::string subject = prefix_ + std::string{keys[i]};
      question.append(i == 0 ? "\"" : ",\"").append(subject).append("\"");
      places.emplace(std::move(subject), i);
    }
    question.append("]}");
    natsInbox* inbox = nullptr;
    must(natsInbox_Create(&inbox));
    natsSubscription* answers = nullptr;
    must(natsConnection_SubscribeSync(&answers, connection_, inbox));
    must(natsConnection_PublishRequest(connection_, ("$JS.API.DIRECT.GET." + stream_).c_str(), inbox, question.data(),
                                       static_cast<int>(question.size())));
    must(natsConnection_Flush(connection_));
    for (;;) {
      natsMsg* message = nullptr;
      must(natsSubscription_NextMsg(&message, answers, 5000));
      char const* text = nullptr;
      bool const last = natsMsgHeader_Get(message, "Status", &text) == NATS_OK;
      if (last && std::string_view{text} == "408") all.clear();
      if (!last && natsMsgHeader_Get(message, "Nats-Subject", &text) == NATS_OK)
        if (auto const at = places.find(text); at != places.end()) all[at->second] = read(message, keys[at->second]);
      natsMsg_Destroy(message);
      if (last) break;
    }
    natsSubscription_Destroy(answers);
    natsInbox_Destroy(inbox);
    return all;
  }

 private:
  static void must(natsStatus status) {
    if (status == NATS_OK) return;
    std::fprintf(stderr, "by hand: %s\n", natsStatus_GetText(status));
    std::abort();
  }

  natsMsg* made(record const& r, std::uint64_t expected) const {
    natsMsg* message = nullptr;
    must(natsMsg_Create(&message, (prefix_ + r.key).c_str(), nullptr, r.payload.data(),
                        static_cast<int>(r.payload.size())));
    std::string const revision = std::to_string(r.revision);
    std::string const schema = std::to_string(r.schema);
    std::string head = r.key;
    head.append("\n").append(revision).append("\nput\n").append(r.codec).append("\n").append(schema).append("\n");
    char sum[9];
    std::snprintf(sum, sizeof sum, "%08x", strata::detail::crc32(strata::detail::crc32(0, head), r.payload));
    natsMsgHeader_Set(message, "Strata-Key", r.key.c_str());
    natsMsgHeader_Set(message, "Strata-Revision", revision.c_str());
    natsMsgHeader_Set(message, "Strata-Op", "put");
    natsMsgHeader_Set(message, "Strata-Codec", r.codec.c_str());
    natsMsgHeader_Set(message, "Strata-Schema", schema.c_str());
    natsMsgHeader_Set(message, "Strata-Created", std::to_string(r.created_ms).c_str());
    natsMsgHeader_Set(message, "Strata-Sum", sum);
    natsMsgHeader_Set(message, "Strata-Instance", "0123456789abcdef");
    natsMsgHeader_Set(message, "Nats-Expected-Last-Subject-Sequence", std::to_string(expected).c_str());
    return message;
  }

  static std::optional<record> read(natsMsg* message, std::string_view key) {
    auto const header = [&](char const* name) -> std::string_view {
      char const* value = nullptr;
      return natsMsgHeader_Get(message, name, &value) == NATS_OK ? std::string_view{value} : std::string_view{};
    };
    auto const number = [&](char const* name, auto& n, int base = 10) {
      auto const text = header(name);
      return std::from_chars(text.data(), text.data() + text.size(), n, base).ec == std::errc{};
    };
    record r;
    r.key = header("Strata-Key");
    r.codec = header("Strata-Codec");
    bool const good = r.key == key && number("Strata-Revision", r.revision) && header("Strata-Op") == "put" &&
                      number("Strata-Schema", r.schema) && number("Strata-Created", r.created_ms) &&
                      number("Strata-Sum", r.sum, 16);
    if (!good) return std::nullopt;
    r.payload.assign(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    return r;
  }

  static void on_acknowledgement(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr*, void* closure) {
    auto& self = *static_cast<jetstream*>(closure);
    if (ack != nullptr) {
      std::scoped_lock const lock{self.mutex_};
      if (auto const at = self.places_.find(natsMsg_GetSubject(message)); at != self.places_.end()) {
        self.sequences_[at->second] = ack->Sequence;
        ++self.acknowledged_;
      }
    }
    natsMsg_Destroy(message);
  }

  std::string stream_;
  std::string prefix_;
  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> places_;
  std::span<std::uint64_t> sequences_;
  std::size_t acknowledged_ = 0;
};

}  // namespace by_hand
