// Dispatches a file of events: one JSON object a line, one transaction a batch of lines.
//
// Threads: the main thread only.
#pragma once

#include <cstddef>
#include <string>

#include "baton/sql/connection.hpp"

namespace baton::cli {

/// Dispatches the events of `file` ("-": stdin), `batch` lines in one transaction, and prints how
/// many. Shows a bar on stderr if that is a terminal. Returns 0. At the first bad line throws
/// Error(event_invalid) that begins with file:line; the batches before it stay.
int dispatch_ndjson(sql::Connection& connection, const std::string& file, std::size_t batch);

/// Throws Error(stream_failed) where reading stdin failed, which its stream does not tell.
void require_stdin_was_read();

}  // namespace baton::cli
