// SPDX-License-Identifier: BSL-1.0
#include <strata/local.hpp>

#include <cstdint>
#include <string>

int main() {
  strata::local_cache<std::int64_t, std::string> names{{.capacity_entries = 10}};
  if (!names.put(1, "one")) return 1;
  auto const hit = names.get(1);
  return hit && *hit == "one" ? 0 : 1;
}
