// What time travel needs of the database: a table of the session's own for a view's rows at a
// position of the past, and the snapshots that it can begin with.
//
// Threads: one thread, together with the Connection.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/sql/view_store.hpp"

namespace baton::sql {

/// The log's last position; 0 if it is empty.
[[nodiscard]] Position log_end(Connection& connection);

/// Makes the temporary table <view>__v<version>: see open_past_view.sql. `columns`
/// are those of a C++ reducer. Returns the position of its rows, which is 0 without
/// `from_snapshot`. Throws Error(version_unknown).
[[nodiscard]] Position open_past_view(Connection& connection, const std::string& view, int version,
                                      Position at, const std::optional<std::string>& columns,
                                      bool from_snapshot);

/// A version that readers of a view were shown from a position on.
struct ShownVersion {
    int version = 0;
    Position since{};
};
/// Those between two positions, at least one: see versions_shown.sql. Throws Error(version_unknown)
/// where one of them is known no more.
[[nodiscard]] std::vector<ShownVersion> versions_shown(Connection& connection,
                                                       const std::string& view, Position from,
                                                       Position to);

/// Runs a SQL reducer's file in a session whose search_path begins with pg_temp: its table and its
/// functions are temporary. Returns the table's columns. Throws Error(reducer_invalid).
[[nodiscard]] std::string run_in_session(Connection& connection, const SqlReducer& reducer);

/// How many events lie between two snapshots of a view at least, 0 for none, and how many are kept.
struct SnapshotPolicy {
    std::int64_t every = 0;
    int most = 16;
};

/// Copies the rows of one live view whose turn it is; says which, or "" if there is none. It takes
/// as long as copying takes, and is to be called in a session that does nothing else.
[[nodiscard]] std::string take_snapshots(Connection& connection, const SnapshotPolicy& policy);
/// Copies the rows of one version that retention is going to need: see take_bases.sql; says which,
/// or "" if there is none. As take_snapshots().
[[nodiscard]] std::string take_bases(Connection& connection);
/// Drops one snapshot that is not kept any more; says which, or "" if there is none that can be
/// dropped now. Throws Error(deposed).
[[nodiscard]] std::string drop_snapshots(Connection& connection, const SnapshotPolicy& policy);

}  // namespace baton::sql
