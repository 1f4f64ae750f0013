// expect_golden(): compares a text with a file that was accepted before.
//
//   environment.dispatch_recorded("tests/2017.ndjson");       // of `baton log --json`
//   environment.fold();
//   baton::testing::expect_golden("tests/2017.golden", environment.views_text());
//
// With BATON_WRITE_GOLDEN=1 in the environment the file is written instead: look at the difference
// before you commit it.
//
// Threads: no state.
#pragma once

#include <filesystem>
#include <string_view>

#include "baton/testing/expectation.hpp"

namespace baton::testing {

enum class Golden : bool { compare, write };

/// What BATON_WRITE_GOLDEN says.
[[nodiscard]] Golden golden_mode();

/// Throws ExpectationFailed where the file is missing, or another text: with the first line that
/// differs. Throws Error(stream_failed) where it cannot be written.
void expect_golden(const std::filesystem::path& file, std::string_view text,
                   Golden mode = golden_mode());

}  // namespace baton::testing
