// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/kernel/budget.hpp>
#include <strata/testing/simulation/director.hpp>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <format>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The calls of the simulated tiers, awaitable, on the shared world. Each is two steps, the request reaching the tier and
// the answer reaching the caller, and others may go before either. Faults are those of a network and of a store that keeps
// the contract's laws: cold never says "failed" of a write that happened, warm may lose and garble anything.
namespace strata::testing {

namespace detail {

constexpr std::uint64_t digest_of(std::uint64_t a, std::uint64_t b) noexcept {
  return ((a ^ 0xD6E8FEB86659FD93U) * 0x9E3779B97F4A7C15U) ^ (b * 0xA0761D6478BD642FU + 7);
}
template <class T>
std::uint64_t digest_error(result<T> const& r) noexcept {
  return r ? 0 : digest_of(99, static_cast<std::uint64_t>(r.error().code()));
}
template <class T>
std::uint64_t digest(result<T> const& r) noexcept {
  return r ? 5 : digest_error(r);
}
inline std::uint64_t digest(result<sighting> const& r) noexcept {
  if (!r) return digest_error(r);
  std::uint64_t all = static_cast<std::uint64_t>(r->position);
  if (r->frame) {
    all = digest_of(all, number(r->frame->revision) * 2 + (r->frame->operation == operation::put ? 1 : 0));
    for (char const c : r->frame->payload) all = all * 31 + static_cast<unsigned char>(c);
    for (char const c : r->frame->key) all = all * 31 + static_cast<unsigned char>(c);
    all = digest_of(all, r->frame->sum.value_or(0));
  }
  return digest_of(1, all);
}
inline std::uint64_t digest(result<position> const& r) noexcept {
  return r ? digest_of(2, static_cast<std::uint64_t>(*r)) : digest_error(r);
}
inline std::uint64_t digest(result<copy<mark>> const& r) noexcept {
  if (!r) return digest_error(r);
  auto const left = static_cast<std::uint64_t>(r->expires_in ? r->expires_in->count() : -1);
  return digest_of(digest_of(3, number(r->revision) * 4 + r->expired * 2U + (r->value ? 1 : 0)), left);
}
inline std::uint64_t digest(result<written> const& r) noexcept {
  return r ? digest_of(4, number(r->revision) * 2 + (r->changed ? 1 : 0)) : digest_error(r);
}
inline std::uint64_t digest_of(horizon const& h) noexcept {
  auto const all = digest_of(h.reached.transaction, static_cast<std::uint64_t>(h.at));
  return digest_of(digest_of(all, h.era),
                   digest_of(static_cast<std::uint64_t>(h.taken_us), static_cast<std::uint64_t>(h.age.count())));
}
inline std::uint64_t digest(result<horizon> const& r) noexcept { return r ? digest_of(*r) : digest_error(r); }
inline std::uint64_t digest(result<std::optional<horizon>> const& r) noexcept {
  return r ? *r ? digest_of(**r) : 6 : digest_error(r);
}
inline std::uint64_t digest_of(std::vector<logged> const& all) noexcept {
  std::uint64_t sum = all.size();
  for (auto const& one : all) sum = digest_of(sum, number(one.revision) * most_keys + key_index(one.key));
  return sum;
}
inline std::uint64_t digest(result<std::vector<logged>> const& r) noexcept {
  return r ? digest_of(*r) : digest_error(r);
}
inline std::uint64_t digest(result<changes> const& r) noexcept {
  if (!r) return digest_error(r);
  auto const all = digest_of(digest_of(r->all), r->read.transaction * 4 + r->more * 2U + r->gap);
  return digest_of(digest_of(all, r->settled.transaction), static_cast<std::uint64_t>(r->taken_us));
}
inline std::uint64_t digest(result<std::vector<revision>> const& r) noexcept {
  if (!r) return digest_error(r);
  std::uint64_t all = 7;
  for (auto const one : *r) all = digest_of(all, number(one));
  return all;
}

/// One call of a tier, with the faults that all kinds have in common. Derived says what is done and what is read.
template <class Derived, class Answer>
class simulated_call : public request {
 public:
  static constexpr bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept { on_->time.ask(h, *this); }
  Answer await_resume() { return std::move(*answer_); }

 protected:
  simulated_call(director& on, std::uint8_t instance, moment until) noexcept
      : request{&serve_one}, on_{&on}, instance_{instance}, until_{until} {}

  director* on_;
  std::uint8_t instance_;
  moment until_;
  std::optional<Answer> answer_;

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
  static void serve_one(request& r) {
    auto& call = static_cast<simulated_call&>(r);
    call.serve_now();
    if (!call.answer_) return;
    std::optional<errc> failed;
    if (!*call.answer_) failed = call.answer_->error().code();
    call.on_->answered[call.on_->time.running] = {digest(*call.answer_), Derived::kind, failed};
  }

  void serve_now() {
    auto& time = on_->time;
    if (arrives_late_) return finish(fault::none, {});
    if (time.now >= until_) return fail(errc::timed_out);
    if (Derived::where == tier::warm && on_->unaware_until[instance_] != moment{}) return fail(errc::unavailable);
    ailment const a = on_->next_ailment(Derived::kind, self().outdated_possible());
    if (a.what != fault::none && Derived::where == tier::cold) on_->cold_failed[instance_] = true;
    auto const delay = delays[a.much % delays.size()];
    bool const too_long = time.now + delay >= until_;
    switch (a.what) {
      case fault::refused: tell(a), fail(errc::unavailable); return;
      case fault::hang: tell(a), fail(errc::timed_out), time.sleep(until_); return;
      case fault::ghost:
        tell(a);
        on_->world.ghosts.push_back({on_->exploring ? time.now : until_ + delay, self().later()});
        fail(Derived::uncertain);
        if (!on_->exploring) time.sleep(until_);
        return;
      case fault::late:
        tell(a);
        if (too_long) return fail(errc::timed_out), time.sleep(until_);
        arrives_late_ = true;
        time.ask_again(*this, time.now + delay);
        return;
      case fault::slow:
        finish(a.what, a);
        if (too_long) fail(Derived::uncertain);
        time.sleep(too_long ? until_ : time.now + delay);
        return;
      case fault::lost: finish(a.what, a), fail(Derived::lost); return;
      default: finish(a.what, a); return;
    }
  }
  void finish(fault f, ailment a) {
    answer_.emplace(self().act(f, a));
    if (on_->story != nullptr)
      on_->tell("   {}: {}{}{}", on_->name(on_->time.running), self().text(*answer_),
                f == fault::none ? "" : "; the call ", to_string(f));
  }
  void fail(errc code) { answer_.emplace(failure(code, Derived::where)); }
  void tell(ailment a) {
    if (on_->story != nullptr)
      on_->tell("   {}: {} {}", on_->name(on_->time.running), self().text_of_call(), to_string(a.what));
  }

  bool arrives_late_ = false;
};

inline std::string text_of(frame const& f) {
  mark m{};
  if (f.operation == operation::put) m = mark_codec::decode(f.payload).value_or(mark{});
  return f.operation == operation::erase ? std::format("the erase of revision {}", number(f.revision))
                                         : std::format("revision {} (value {})", number(f.revision), m.number);
}

class warm_load_call : public simulated_call<warm_load_call, result<sighting>> {
 public:
  static constexpr auto kind = call_kind::warm_load;
  static constexpr auto where = tier::warm;
  static constexpr auto uncertain = errc::timed_out;
  static constexpr auto lost = errc::unavailable;

  warm_load_call(director& on, std::uint8_t instance, std::string_view key, moment until) noexcept
      : simulated_call{on, instance, until}, key_{key_index(key)} {}
  bool outdated_possible() const noexcept { return on_->world.subjects[key_].kept > 1; }
  static std::function<void()> later() {
    return [] {};
  }

  result<sighting> act(fault f, ailment a) {
    auto const& subject = on_->world.subjects[key_];
    auto const* message = subject.last();
    if (f == fault::outdated && subject.kept > 1) {
      message = &subject.messages[a.much % (subject.kept - 1)];
      on_->lagging[instance_][key_] = true;
    }
    auto seen = world::seen(message);
    bool const legible = seen.frame && (f == fault::none || f == fault::slow || f == fault::outdated);
    auto& before = on_->own().seen[key_];
    revision const now = legible ? seen.frame->revision : revision{};
    before = {seen.position, before.at == seen.position ? std::min(before.is, now) : now};
    if (seen.frame && f != fault::none) harm(*seen.frame, f, a.much);
    return seen;
  }
  std::string text(result<sighting> const& r) const {
    return std::format("warm has {} for {}", r && r->frame ? text_of(*r->frame) : "nothing", key_names[key_]);
  }
  static std::string_view text_of_call() { return "the look into warm"; }

 private:
  void harm(frame& f, fault how, std::uint8_t much) const {
    bool const checked = f.sum.has_value();  // a message without headers has nothing to be checked by
    switch (how) {
      case fault::flipped: {
        if (!checked) return;
        unsigned const bit = 1U << (much % 8U);
        unsigned const which = much / 8U;
        if (which < 8 && !f.payload.empty())
          f.payload[which % f.payload.size()] =
              static_cast<char>(static_cast<unsigned char>(f.payload[which % f.payload.size()]) ^ bit);
        else if (which < 16)
          f.revision = revision{number(f.revision) ^ bit};
        else if (which < 20)
          f.operation = f.operation == operation::put ? operation::erase : operation::put;
        else if (which < 24)
          f.schema ^= bit;
        else if (f.sum)
          *f.sum ^= bit;
        return;
      }
      case fault::truncated:
        if (checked) f.payload.resize(f.payload.size() * (much % 8U) / 8U);
        return;
      case fault::foreign_key: {
        auto const& other = on_->world.subjects[1 - key_];
        if (other.last() != nullptr && much % 2U == 0) {
          f = other.last()->frame;
          return;
        }
        std::uint8_t const k = static_cast<std::uint8_t>(1 - key_);
        f.key = key_names[k];
        f.payload.clear();
        (void)mark_codec::encode(make_mark(k, 255, 900), f.payload);
        f.sum = checksum(f);
        return;
      }
      case fault::headless:
        f = {};
        f.key = key_names[key_];
        (void)mark_codec::encode(make_mark(static_cast<std::uint8_t>(key_), 255, 901), f.payload);
        return;
      case fault::older: {
        if (!checked || f.operation != operation::put) return;
        auto const known = mark_codec::decode(f.payload);
        f.payload.clear();
        (void)mark_codec::encode(as_older(*known), f.payload);
        f.schema = 0;
        f.sum = checksum(f);
        return;
      }
      default: return;
    }
  }
  std::size_t key_;
};

class warm_write_call : public simulated_call<warm_write_call, result<position>> {
 public:
  static constexpr auto kind = call_kind::warm_write;
  static constexpr auto where = tier::warm;
  static constexpr auto uncertain = errc::timed_out;
  static constexpr auto lost = errc::unknown;

  warm_write_call(director& on, std::uint8_t instance, frame f, std::optional<position> at, moment until)
      : simulated_call{on, instance, until}, frame_{std::move(f)}, at_{at} {
    if (auto const asked = on.own().asked; asked != moment::max() && until > asked + kernel::publish_within)
      on.overdue = true;
  }
  static bool outdated_possible() noexcept { return false; }
  std::function<void()> later() {
    return [on = on_, f = frame_, at = at_, by = on_->number(key_index(frame_.key))] {
      auto const stored = on->world.warm_store(key_index(f.key), f, at, by);
      on->tell("   warm is late with {} of {}: {}", text_of(f), f.key, stored ? "stored" : "not stored");
    };
  }
  result<position> act(fault, ailment) {
    auto const key = key_index(frame_.key);
    auto const& seen = on_->own().seen[key];
    if (at_ == seen.at && frame_.revision <= seen.is && !on_->world.warm_is_truth()) on_->downward = true;
    return on_->world.warm_store(key, frame_, at_, on_->number(key));
  }
  std::string text(result<position> const& r) const {
    return r ? std::format("warm stores {} of {} at position {}", text_of(frame_), frame_.key,
                           static_cast<std::uint64_t>(*r))
             : std::format("warm does not store {} of {}: {}", text_of(frame_), frame_.key, r.error().text());
  }
  static std::string_view text_of_call() { return "the store into warm"; }

 private:
  frame frame_;
  std::optional<position> at_;
};

class cold_load_call : public simulated_call<cold_load_call, result<copy<mark>>> {
 public:
  static constexpr auto kind = call_kind::cold_load;
  static constexpr auto where = tier::cold;
  static constexpr auto uncertain = errc::timed_out;
  static constexpr auto lost = errc::unavailable;

  cold_load_call(director& on, std::uint8_t instance, std::string_view key, moment until) noexcept
      : simulated_call{on, instance, until}, key_{key_index(key)} {
    on.own().asked = on.time.now;
  }
  static bool outdated_possible() noexcept { return false; }
  static std::function<void()> later() {
    return [] {};
  }
  result<copy<mark>> act(fault f, ailment) {
    if (f == fault::rubbish) return failure(errc::corrupt, tier::cold, "damaged row");
    return on_->world.cold_load(key_);
  }
  std::string text(result<copy<mark>> const& r) const {
    if (!r) return std::format("cold does not say what it has for {}", key_names[key_]);
    if (!r->value)
      return std::format(
          "cold has nothing for {}{}", key_names[key_],
          r->revision == revision{}
              ? ""
              : std::format(", {} revision {}", r->expired ? "expired with" : "erased at", number(r->revision)));
    return std::format("cold has revision {} (value {}) of {}", number(r->revision), r->value->number, key_names[key_]);
  }
  static std::string_view text_of_call() { return "the look into cold"; }

 private:
  std::size_t key_;
};

class cold_write_call : public simulated_call<cold_write_call, result<written>> {
 public:
  static constexpr auto kind = call_kind::cold_write;
  static constexpr auto where = tier::cold;
  static constexpr auto uncertain = errc::unknown;
  static constexpr auto lost = errc::unknown;

  /// \param value  none: an erase
  cold_write_call(director& on, std::uint8_t instance, std::string_view key, std::optional<mark> value,
                  expectation expected, moment until, lifetime expires_in) noexcept
      : simulated_call{on, instance, until},
        key_{key_index(key)},
        value_{value},
        expected_{expected},
        expires_in_{expires_in} {
    on.own().asked = on.time.now;
  }
  static bool outdated_possible() noexcept { return false; }
  std::function<void()> later() {
    return [copy = *this, by = on_->number(key_)]() mutable {
      auto const done = copy.write(by);
      copy.on_->tell("   late, but {}", copy.text(done));
    };
  }
  result<written> act(fault, ailment) {
    auto const done = write(on_->number(key_));
    if (!done && done.error() == errc::unavailable) on_->cold_failed[instance_] = true;  // another holds the key
    return done;
  }
  std::string text(result<written> const& r) const {
    std::string const what = value_ ? std::format("value {}", value_->number) : "an erase";
    if (!r) return std::format("cold refuses {} for {}: {}", what, key_names[key_], r.error().text());
    return std::format("cold {} {} for {} as revision {}", r->changed ? "commits" : "finds unchanged", what,
                       key_names[key_], number(r->revision));
  }
  static std::string_view text_of_call() { return "the write to cold"; }

 private:
  result<written> write(std::uint16_t by) {
    if (value_) return on_->world.cold_store(key_, *value_, expected_, value_->number, expires_in_);
    return on_->world.cold_erase(key_, by);
  }
  std::size_t key_;
  std::optional<mark> value_;
  expectation expected_;
  lifetime expires_in_;
};

/// Any other question or statement: what it does is a function of the world.
template <class Answer, call_kind Kind, class Act>
class plain_call : public simulated_call<plain_call<Answer, Kind, Act>, result<Answer>> {
  using base = simulated_call<plain_call, result<Answer>>;

 public:
  static constexpr auto kind = Kind;
  static constexpr bool writes = Kind == call_kind::cold_write || Kind == call_kind::warm_write;
  static constexpr auto where = Kind == call_kind::warm_load || Kind == call_kind::warm_write ? tier::warm : tier::cold;
  static constexpr auto uncertain = writes ? errc::unknown : errc::timed_out;
  static constexpr auto lost = writes ? errc::unknown : errc::unavailable;

  plain_call(director& on, std::uint8_t instance, moment until, std::string_view name, Act does)
      : base{on, instance, until}, name_{name}, act_{std::move(does)} {}
  static bool outdated_possible() noexcept { return false; }
  std::function<void()> later() {
    if constexpr (writes)
      return [on = this->on_, does = act_] { (void)does(on->world); };
    else
      return [] {};
  }
  result<Answer> act(fault f, ailment) {
    if (f == fault::rubbish) return failure(errc::corrupt, where, "damaged");
    return act_(this->on_->world);
  }
  std::string text(result<Answer> const& r) const {
    if constexpr (std::is_same_v<Answer, horizon>)
      if (r)
        return std::format("the horizon is at {} of the stream, {} of the log, era {}, {} ms old",
                           static_cast<std::uint64_t>(r->at), r->reached.transaction, r->era, r->age.count() / 1'000);
    return std::format("{} answers{}", name_, r ? "" : " with an error");
  }
  std::string_view text_of_call() const { return name_; }

 private:
  std::string_view name_;
  Act act_;
};

template <class Answer, call_kind Kind, class Act>
plain_call<Answer, Kind, Act> plain(director& on, std::uint8_t instance, moment until, std::string_view name, Act act) {
  return {on, instance, until, name, std::move(act)};
}

}  // namespace detail

}  // namespace strata::testing
