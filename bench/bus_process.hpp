// The far ends of bus_process.cpp: what baton_bench is when it is started once more.
//
// Threads: one.
#pragma once

#include <cstdint>

namespace baton::bench {

[[nodiscard]] int be_bus_child(std::int64_t count);
[[nodiscard]] int be_raw_child(std::int64_t count);

}  // namespace baton::bench
