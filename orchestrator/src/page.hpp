// A page of the log, and its events as typed values.
//
// Threads: a value; it may be handed to another thread.
#pragma once

#include <future>

#include "baton/reducers/registry.hpp"
#include "baton/sql/log_reader.hpp"

namespace baton::orchestrator {

struct Page {
    sql::LogPage log;
    DecodedBatch decoded;
    std::future<void> decoding;  ///< of `decoded`, until it was taken
};

}  // namespace baton::orchestrator
