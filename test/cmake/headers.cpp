// SPDX-License-Identifier: BSL-1.0
// A target needs a source to own a precompiled header.
