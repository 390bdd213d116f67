// SPDX-License-Identifier: BSL-1.0
#pragma once
// Precompiled for all tests where the compiler gains by it: the library and the clients of its servers.
#include "library.hpp"

#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/warm/jetstream.hpp>
