// A database with an environment in it, for tests: schema `baton_test`, installed once per process
// and cloned for each test.
//
// Threads: as TestDatabase.
#pragma once

#include <string>

#include "baton/sql/connection.hpp"
#include "baton/sql/leadership.hpp"
#include "support/cluster.hpp"

namespace baton::testing {

/// The schema of the environment in environment_template().
inline constexpr const char* test_schema = "baton_test";

/// The machine that the tests run on, which may enrol itself in the environment `name`.
[[nodiscard]] MachineCredentials test_credentials(const std::string& name = "test");

/// Describes the environment in the test schema as one of kind development, where machines enrol
/// themselves.
void describe_as_development(sql::Connection& inside, const std::string& name = "test");

/// A template database with the newest schema installed, and partitions for the first events.
[[nodiscard]] DatabaseTemplate environment_template();

/// Connection options whose search_path is the test environment's.
[[nodiscard]] sql::ConnectOptions in_test_schema(const std::string& application_name = "test");

}  // namespace baton::testing
