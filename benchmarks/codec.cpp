// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/codec/json.hpp>
#include <strata/codec/msgpack.hpp>
#include <strata/knowledge/asset.hpp>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

// What turning an asset of 1 KiB into bytes and back costs, beside nlohmann-json doing the same through its document.
// The text is what assets hold: code, a quote or line break every twenty characters or so, a little beyond ASCII. Each
// turn starts with nothing allocated and ends with everything given back, as on the way to and from a server.
namespace {

std::string kibibyte_of_code() {
  constexpr std::string_view lines[] = {
      "use axum::{routing::get, Router};\n",
      "\n",
      "#[tokio::main]\n",
      "async fn main() -> anyhow::Result<()> {\n",
      "    // ${1:name} – listens until it is told not to\n",
      "    tracing_subscriber::fmt().with_env_filter(\"info,tower_http=debug\").init();\n",
      "    let app = Router::new().route(\"/health\", get(|| async { \"ok\" }));\n",
      "    axum::serve(listener, app).with_graceful_shutdown(shutdown()).await?;\n",
      "    Ok(())\n",
      "}\n"};
  std::string text;
  for (std::size_t i = 0; text.size() < 760; ++i) text += lines[i % std::size(lines)];
  return text;
}

strata::knowledge_asset const& asset() {
  static strata::knowledge_asset const made{
      .id = "rust-microservice",
      .asset_type = "template",
      .data = kibibyte_of_code(),
      .metadata = {{"category", "CodeGeneration"}, {"language", "rust"}, {"tags", "rust,microservice,nats"}},
      .version = 7};
  return made;
}

template <class Codec>
struct ours {
  static std::string encode(strata::knowledge_asset const& value) {
    std::string out;
    if (!Codec{}.encode(value, out)) std::abort();
    return out;
  }
  static strata::knowledge_asset decode(std::string_view bytes) { return Codec{}.decode(bytes).value(); }
};

struct nlohmann_document {
  static std::string encode(strata::knowledge_asset const& value) {
    nlohmann::json metadata = nlohmann::json::object();
    for (auto const& [key, text] : value.metadata) metadata[key] = text;
    nlohmann::json const document{{"id", value.id},
                                  {"asset_type", value.asset_type},
                                  {"data", value.data},
                                  {"metadata", std::move(metadata)},
                                  {"version", value.version}};
    return document.dump();
  }
  static strata::knowledge_asset decode(std::string_view bytes) {
    auto const document = nlohmann::json::parse(bytes);
    strata::knowledge_asset value;
    document.at("id").get_to(value.id);
    document.at("asset_type").get_to(value.asset_type);
    document.at("data").get_to(value.data);
    for (auto const& [key, text] : document.at("metadata").items())
      value.metadata[key] = text.get_ref<std::string const&>();
    document.at("version").get_to(value.version);
    return value;
  }
};

template <class Codec>
void encode(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    auto const out = Codec::encode(asset());
    bytes = out.size();
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

template <class Codec>
void decode(benchmark::State& state) {
  auto const bytes = Codec::encode(asset());
  if (Codec::decode(bytes) != asset()) state.SkipWithError("what was read is not what was written");
  for (auto _ : state) {
    auto const value = Codec::decode(bytes);
    benchmark::DoNotOptimize(value.data.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}

using json_codec = ours<strata::codec::json<strata::knowledge_asset>>;
using msgpack_codec = ours<strata::codec::msgpack<strata::knowledge_asset>>;

}  // namespace

BENCHMARK(encode<json_codec>)->Name("codec/json/encode/1KiB");
BENCHMARK(decode<json_codec>)->Name("codec/json/decode/1KiB");
BENCHMARK(encode<msgpack_codec>)->Name("codec/msgpack/encode/1KiB");
BENCHMARK(decode<msgpack_codec>)->Name("codec/msgpack/decode/1KiB");
BENCHMARK(encode<nlohmann_document>)->Name("codec/peer:nlohmann/encode/1KiB");
BENCHMARK(decode<nlohmann_document>)->Name("codec/peer:nlohmann/decode/1KiB");

BENCHMARK_MAIN();
