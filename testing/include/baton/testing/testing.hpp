// All of the kit, but for the matchers of a test framework (gtest.hpp).
#pragma once

#include "baton/testing/golden.hpp"            // IWYU pragma: export
#include "baton/testing/perform_task.hpp"      // IWYU pragma: export
#include "baton/testing/scenario.hpp"          // IWYU pragma: export
#include "baton/testing/test_environment.hpp"  // IWYU pragma: export
