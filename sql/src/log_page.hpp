// Fills pages of the log from what the server gives: what the readers have in common.
//
// Threads: one thread, together with the Connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/log_reader.hpp"
#include "log_columns.hpp"

namespace baton::sql {

/// The planner settings that reading relies on, for the session.
void use_reading_settings(Connection& connection);

/// Where events lie that follow each other in a window: log_slice.sql.
struct Slice {
    std::int64_t floor_id = 0;
    std::string_view floor_xid;
    std::string_view seen_before;
    std::string_view seen;
    std::int64_t ceiling_id = 0;
    std::string_view stragglers;
    std::int64_t after_id = 0;
};

/// A page's rows in both ways of reading.
struct PageStatement {
    MadeStatement at_once;
    MadeStatement apart;
};

/// What the server found for a page, and whether the page could take all of it.
struct PageRows {
    std::size_t found = 0;
    bool are_all_taken = true;
};

/// Fills page.events, with the position page.first_position first: the first `limit` of the slice.
PageRows read_slice(Connection& connection, const Slice& slice, Content content, std::size_t limit,
                    LogPage& page, std::size_t wide_bytes_max);

/// The same of whole events, from rows of a statement's own.
PageRows read_page(Connection& connection, const PageStatement& statement,
                   std::span<const Argument> arguments, LogPage& page, std::size_t wide_bytes_max);

/// What a reader throws that finds fewer events than it was told of.
[[nodiscard]] Error events_removed();

}  // namespace baton::sql
