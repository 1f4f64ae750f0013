// What is under test where a program tests itself.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "baton/cli/app.hpp"
#include "baton/testing/test_environment.hpp"

namespace baton::cli {

/// The program's reducers, handlers and workflows, and the SQL reducers of these files.
[[nodiscard]] testing::TestParts test_parts(const App& app, const std::vector<std::string>& files);

}  // namespace baton::cli
