// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <boost/json.hpp>

#include <chrono>
#include <format>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../built.hpp"
#include "../doctor/finding.hpp"
#ifdef KNOWLEDGE_NATS
#include "../doctor/nats.hpp"
#endif
#ifdef KNOWLEDGE_POSTGRES
#include "../doctor/postgres.hpp"
#endif

namespace knowledge_tool {
namespace doctor {

template <class Options>
constexpr bool remembers = requires(Options o) { o.hot.capacity_entries; };
template <class Options>
constexpr bool shared = requires(Options o) { o.warm.servers; };

/// A throw-away template on its way through every tier, as two instances see it, and how long each step took.
class tour {
 public:
  /// \param patience  with the servers at the start, and with each thing that has to come about
  tour(knowledge::options const& settings, std::chrono::milliseconds patience, findings& found)
      : settings_{settings}, patience_{patience}, found_{found} {}

  void run() {
    auto one = knowledge::open(settings_);
    auto other = knowledge::open(settings_);
    if (!one || !other) return failed("opening", one ? other.error() : one.error());
    for (auto* cache : {&*one, &*other})
      if (auto const ready = cache->ready({.within = patience_}); !ready) return failed("opening", ready.error());
    examine_store(*other);
    go(*one, *other);
    lag(*other);
    if (auto const gone = one->erase(id_); !gone) failed("erasing", gone.error());
  }
  [[nodiscard]] boost::json::object json() const { return told(steps_); }
  [[nodiscard]] boost::json::object lags() const { return told(lags_); }

 private:
  using clock = std::chrono::steady_clock;
  using times = std::vector<std::pair<std::string, std::chrono::nanoseconds>>;
  template <class F>
  auto timed(std::string name, F f) {
    auto const start = clock::now();
    auto answer = f();
    steps_.emplace_back(std::move(name), clock::now() - start);
    return answer;
  }

  /// Whether it comes to hold; for a moment a busy machine may leave an instance unsure of its memory.
  template <class F>
  bool eventually(F holds, std::chrono::microseconds pause = std::chrono::milliseconds{2}) const {
    for (auto const until = clock::now() + patience_; !holds(); std::this_thread::sleep_for(pause))
      if (clock::now() > until) return false;
    return true;
  }

  /// Whether the programs that are running have their copies where this one would have its own.
  void examine_store([[maybe_unused]] knowledge& other) {
    if constexpr (shared<knowledge::options>) {
      strata::coherence now;
      (void)eventually([&] {  // of who is gone it says so too, until somebody takes over
        now = other.health().coherence;
        return now.elsewhere.empty() || now.horizon_age < std::chrono::seconds{1};
      });
      if (!now.elsewhere.empty())
        found_.mend("stream " + settings_.warm.stream,
                    std::format("programs that are running have another, {}: all have to name the same servers, "
                                "stream, prefix and space",
                                now.elsewhere));
    }
  }

  void go(knowledge& one, knowledge& other) {
    asset a{.id = id_, .asset_type = "template", .data = "1", .metadata = {{"made-by", "knowledge doctor"}}};
    auto const first = timed("written", [&] { return one.put(a); });
    if (!first) return failed("writing", first.error());
    if (first->degraded)
      found_.mend("round trip", "a write does not reach every tier: see `knowledge stats`", "knowledge stats");
    constexpr auto below = shared<knowledge::options> ? strata::tier::warm : strata::tier::cold;
    if constexpr (remembers<knowledge::options>)
      (void)eventually([&] { return one.get(id_).tier() == strata::tier::hot; });
    auto const near = timed("read from hot", [&] { return one.get(id_); });
    expect(near, "1", remembers<knowledge::options> ? strata::tier::hot : below, "its writer");
    auto const far =
        timed(shared<knowledge::options> ? "read from warm" : "read by another", [&] { return other.get(id_); });
    expect(far, "1", below, "another instance");
#ifdef KNOWLEDGE_POSTGRES
    if (auto const took = read_row(settings_.cold, id_))
      steps_.emplace_back("read from cold", *took);
    else
      found_.mend("round trip", "what was written is not in the table");
#endif
    a.data = "2";
    if (auto const second = one.put(a); !second) return failed("writing again", second.error());
    seen_elsewhere(other, "seen by another instance", [](auto const& hit) { return hit && hit->data == "2"; });
    auto const gone = timed("erased", [&] { return one.erase(id_); });
    if (!gone) return failed("erasing", gone.error());
    seen_elsewhere(other, "gone for another instance", [](auto const& hit) { return hit.absent(); });
  }

  static boost::json::object told(times const& all) {
    boost::json::object object;
    for (auto const& [name, time] : all) object[name] = time.count();
    return object;
  }

  /// How far an instance is behind what others write, by its own account.
  void lag(knowledge& other) {
    (void)eventually([&] { return other.health().coherence.hears && other.health().coherence.fresh; });
    auto const now = other.health().coherence;
    lags_ = {{"memory", now.lease_age}, {"stream", now.horizon_age}, {"feed", now.feed_lag}};
    if (!now.hears)
      found_.mend("lag", "the feed of an instance is not heard: it goes by cold's log until it is", "knowledge stats");
    else if (!now.fresh)
      found_.mend("lag", "an instance cannot prove that its memory is fresh: hits in it count as unverified",
                  "knowledge stats");
  }

  template <class Holds>
  void seen_elsewhere(knowledge& other, std::string const& name, Holds holds) {
    auto const start = clock::now();
    if (eventually([&] { return holds(other.get(id_)); }, std::chrono::microseconds{100}))
      steps_.emplace_back(name, clock::now() - start);
    else
      found_.mend("round trip",
                  std::format("a change is not {} within {}: see the feed in `knowledge stats`", name, patience_),
                  "knowledge stats");
  }
  void expect(knowledge::answer const& found, std::string_view data, strata::tier where, std::string_view who) {
    if (found.failed()) return failed("reading", found.error());
    if (!found || found->data != data)
      found_.mend("round trip", std::format("{} reads something else than was written", who));
    else if (found.tier() != where)
      found_.mend("round trip",
                  std::format("{} had to go down to {}, and should find it in {}", who, strata::to_string(found.tier()),
                              strata::to_string(where)),
                  "knowledge stats");
  }
  void failed(std::string_view doing, strata::error const& why) {
    found_.unknown("round trip", std::format("{} failed: {}", doing, why));
  }

  knowledge::options settings_;
  std::chrono::milliseconds patience_;
  findings& found_;
  std::string id_ = std::format("strata-doctor/{:08x}", std::random_device{}());
  times steps_;
  times lags_;
};

}  // namespace doctor

struct doctor_arguments {
  bool no_round_trip = false;
};

template <class Options>
bool examine([[maybe_unused]] Options& o, [[maybe_unused]] doctor::findings& found) {
  bool whole = true;
#ifdef KNOWLEDGE_NATS  // first: what it has was in the table before
  auto const stream = doctor::examine_nats(o.warm, found);
  whole = whole && stream;
#endif
#ifdef KNOWLEDGE_POSTGRES
  auto const table = doctor::examine_postgres(o.cold, found);
  whole = whole && table;
  o.cold.setup = strata::cold::pg::setup::check;  // a doctor makes no tables
#endif
#if defined KNOWLEDGE_NATS && defined KNOWLEDGE_POSTGRES
  if (stream && table && *stream > *table)
    found.mend("stream " + o.warm.stream,
               std::format("has revision {}, and the table none above {}, as if it had been restored from a backup: "
                           "what is written now is hidden by what the stream has",
                           *stream, *table),
               std::format("nats stream purge {} --subject='{}.{}.>'", o.warm.stream, o.warm.prefix, o.warm.space));
#endif
  return whole;
}

void run_doctor(auto& s, doctor_arguments const& given) {
  doctor::findings found;
  bool const whole = examine(s.options, found);
  doctor::tour tour{s.options, s.ready_within, found};
  if (whole && !given.no_round_trip)
    tour.run();
  else if (!whole)
    found.note("round trip", "not tried before what is above is mended");

  auto const steps = tour.json();
  if (s.json) {
    boost::json::array all;
    for (auto const& one : found.all())
      all.push_back({{"severity", doctor::to_string(one.severity)},
                     {"where", one.where},
                     {"text", one.text},
                     {"command", one.command}});
    std::cout << boost::json::value{{"findings", all}, {"round_trip_ns", steps}, {"lag_ns", tour.lags()}} << '\n';
  } else {
    for (auto const& one : found.all())
      std::cout << std::format("{:<7}  {}: {}{}{}\n", doctor::to_string(one.severity), one.where, one.text,
                               one.command.empty() ? "" : "  ->  ", one.command);
    auto const tell = [](std::string_view what, boost::json::object const& all) {
      std::string text;
      for (auto const& [name, time] : all)
        text.append(text.empty() ? "" : ", ")
            .append(name)
            .append(" ")
            .append(spell(std::chrono::nanoseconds{time.as_int64()}));
      if (!text.empty()) std::cout << "note     " << what << ": " << text << '\n';
    };
    tell("round trip", steps);
    tell("lag of an instance", tour.lags());
    std::cout << std::format("{} to mend, {} that could not be looked at\n", found.count(doctor::severity::mend),
                             found.count(doctor::severity::unknown));
  }
  // A command of its own has codes of its own: 1 something to mend, 2 something could not be looked at.
  if (found.count(doctor::severity::unknown) > 0)
    s.status = outcome{2};
  else if (found.count(doctor::severity::mend) > 0)
    s.status = outcome{1};
}

void add_doctor(CLI::App& app, auto& s) {
  add_command<doctor_arguments>(
      app, s, "doctor", "Checks a deployment and says what to mend",
      "Examples:\n"
      "  knowledge doctor\n"
      "  knowledge doctor --json --postgres 'host=db user=application'\n"
      "Servers, settings, indexes, rows, rights and lag are looked at and left as they are; then a template that "
      "nobody "
      "knows is\n"
      "written, read from each tier and erased. Exit codes of this command: 0 nothing to mend; 1 something to mend;\n"
      "2 something could not be looked at.",
      [](CLI::App& command, doctor_arguments& given) {
        command.add_flag("--no-round-trip", given.no_round_trip, "Write nothing at all");
      },
      [](auto& call, auto const& given) { run_doctor(call, given); });
}

}  // namespace knowledge_tool
