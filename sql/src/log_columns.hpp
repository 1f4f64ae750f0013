// The columns of a page of the log, in SQL and as they come back.
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <string>

#include "baton/sql/log_reader.hpp"

namespace baton::sql {

/// Of a page's rows.
enum Column {
    id,
    type,
    payload,
    body,
    content_type,
    schema_version,
    key,
    tenant,
    meta,
    dispatched_at
};
/// Of wide_events().
enum WideColumn { wide_id, wide_payload, wide_body, wide_meta, wide_fault };

/// How to read a page's large columns: those that are not large at once, or all of them apart.
enum class Reading : std::uint8_t { at_once, apart };

/// The columns of a page, the first so many of Column: each costs something for every event.
[[nodiscard]] std::string columns_for(Content content, Reading reading);

/// The `order by id limit :limit` of `source`: rows of columns_for(), or one array of ids.
[[nodiscard]] std::string slice_statement(Content content, Reading reading,
                                          const std::string& source);

/// Whether the event's large columns are not in its row, or may have been cut.
[[nodiscard]] bool is_apart(const Row& row, Content content);

}  // namespace baton::sql
