// SPDX-License-Identifier: BSL-1.0
#pragma once
// Precompiled for all tests where the compiler gains by it: the library and the clients of its servers.
#include "library.hpp"
#include "programs.hpp"
