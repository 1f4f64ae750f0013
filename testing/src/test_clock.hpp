// The clock of a test environment: the functions of one schema read a clock that can be set.
//
// They all say clock_timestamp(), and each has the search_path of its installation. In the template
// of test environments that path is changed to look into the schema before pg_catalog, where a
// function of this name adds a shift. So what is tested is the text that is shipped, and what is
// shipped has no clock that can be set.
//
// Threads: as the connection.
#pragma once

#include <cstdint>
#include <string>

#include "baton/sql/connection.hpp"

namespace baton::testing {

/// Gives the environment `schema`, in which `inside` is, such a clock.
void install_test_clock(sql::Connection& inside, const std::string& schema);

void shift_test_clock(sql::Connection& inside, std::int64_t micros);

}  // namespace baton::testing
