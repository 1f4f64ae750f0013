// Events as COPY lines, and the stream that takes them.
//
// Threads: no state.
#pragma once

#include <pqxx/dbtransaction>

#include <span>
#include <string>

#include "baton/types/event.hpp"

namespace baton::sql {

/// Appends `event` to `lines` as one line of `COPY event (type, key, tenant, payload, meta, body,
/// content_type)` in the text format, without the newline at its end.
void append_copy_line(std::string& lines, const NewEvent& event);

/// Copies `events` into the table `event` of `schema`, with their schema versions where one is not
/// 1. Throws what libpqxx throws.
void copy_events(pqxx::dbtransaction& transaction, const std::string& schema,
                 std::span<const NewEvent> events);

}  // namespace baton::sql
