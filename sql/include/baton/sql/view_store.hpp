// The views in the database: registering the reducers that keep them, reading and writing their
// rows, and noting where each stands.
//
// Every statement is put together by one SQL function (view_statements.sql), which
// quotes every name.
//
// Threads: one thread, together with the Connection.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/reducers/fold.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/log_reader.hpp"

namespace baton::sql {

enum class ViewState : std::uint8_t { following, behind, halted };

/// Where a view stands; position counts only if it does not follow.
struct ViewStanding {
    ViewState state = ViewState::behind;
    Position position{0};
};

/// A reducer that is one SQL function, as its file says.
struct SqlReducer {
    std::string name;
    int version = 0;
    std::string build;   ///< A digest of what the text says: no comments, no layout.
    std::string script;  ///< Makes the table and the function <name>__v<version>.
    std::string origin;  ///< The file, for messages.
    /// The newest schema versions that it knows, by type or pattern of LIKE: what its file
    /// declares, and 1 of all else that it reads: {"order/placed":2,"order/paid":1}; "" where it
    /// looks at schema_version itself.
    std::string event_versions;
    /// Those types and patterns, also where it looks at schema_version itself; "%" where it cannot
    /// be told.
    std::vector<std::string> event_types;
};

/// The types that the text of a SQL reducer reads: texts that may be types, and patterns of LIKE;
/// "%" where it cannot be told. None where it looks at schema_version itself.
[[nodiscard]] std::set<std::string> types_read_in(const std::string& script);

/// Reads a SQL reducer's file, which begins with `--! reducer <name> version <n>`, and may declare
/// `--! event <type> version <n>`. Throws Error(reducer_invalid) where it does not, has another
/// line that begins with `--!`, or cannot be read.
[[nodiscard]] SqlReducer read_sql_reducer(const std::string& path);

/// As reducer_version.columns has them.
[[nodiscard]] std::string columns_json(const std::vector<ViewColumn>& columns);

/// What came of a registration.
enum class Registered {
    as_it_was,         ///< Or it is new.
    to_be_built_anew,  ///< With another build than before.
    left_as_it_is,     ///< It is live with another build, which only a leader can replace.
    kept_by_another,   ///< Somebody builds it with another build: nothing was done.
};

/// Registers a reducer, and makes its table if it is not there. `is_live`: it belongs to a live
/// set, see register_set(); else it is a build beside what is live. `other_builds` accepts another
/// build of the same version, whose view is built anew. Throws Error: build_mismatch,
/// reducer_invalid (with the file and line of a SQL reducer).
[[nodiscard]] Registered register_reducer(Transaction& transaction, const ReducerInfo& info,
                                          bool other_builds, bool is_live);
[[nodiscard]] Registered register_reducer(Transaction& transaction, const SqlReducer& reducer,
                                          bool other_builds, bool is_live);

/// Makes known that there are events of these types, whoever reads them.
void declare_event_types(Connection& connection, const std::vector<std::string>& types);
/// Of which types the newest events are that nobody reads, each with a line about it; none unless
/// the environment warns of unknown events.
struct UnreadType {
    std::string type;
    std::string line;
};
[[nodiscard]] std::vector<UnreadType> unread_types(Connection& connection);

[[nodiscard]] ViewStanding read_standing(Transaction& transaction, const std::string& view);
void write_standing(Transaction& transaction, const std::string& view, const ViewStanding& standing,
                    const std::optional<std::string>& reason = std::nullopt);

/// Up to where the effects of a live view's events have happened, or are not to; not of one that
/// follows: there to the log's end.
[[nodiscard]] Position read_effects_position(Transaction& transaction, const std::string& view);

/// The positions in (after, after + count] that the view has skipped.
[[nodiscard]] std::vector<Position> read_skipped(Transaction& transaction, const std::string& view,
                                                 int version, Position after, std::size_t count);

/// Whether a person said that no version of the view is to stop for the event at this position.
[[nodiscard]] bool is_skipped(Connection& connection, const std::string& view, Position position);

struct DeadEvent {
    std::string view;
    int version = 0;
    Position position{};
    EventId event_id{};
    std::string event_type;
    std::string error;
    bool skipped = false;  ///< The view went on without it; else it halts before it.
};
/// Throws Error(transaction_retry) where the view is to halt, and is_skipped() has become true.
void record_dead_event(Transaction& transaction, const DeadEvent& dead);

/// The first event up to `last` that the view version stands before, if it does.
struct StoppedAt {
    Position position{};
    std::string error;
};
[[nodiscard]] std::optional<StoppedAt> read_stop(Transaction& transaction, const std::string& view,
                                                 int version, Position last);

/// The rows of a C++ reducer's view.
class ViewRows {
public:
    /// Its table must be there.
    ViewRows(Connection& connection, const ReducerInfo& info);

    /// Loads the rows that `fold` misses.
    void load(Connection& connection, Fold& fold) const;
    /// Writes what it changed: one statement, and one more if it deleted rows.
    void write(Transaction& transaction, const Changes& changes) const;

private:
    MadeStatement load_;
    MadeStatement upsert_;
    MadeStatement remove_;
    std::vector<std::size_t> key_order_;  // of the fold's keys, by the statement's
    int column_count_;
};

/// From here to the end of the transaction, batch_event shows the events [first, first + count) of
/// the page.
void enter_slice(Transaction& transaction, const LogPage& page, std::size_t first,
                 std::size_t count);
/// The same for events that are recorded.
void enter_recorded(Transaction& transaction, Position after, std::size_t count);

/// Lets a SQL reducer fold what batch_event shows.
void call_sql_reducer(Transaction& transaction, const std::string& name, int version);

/// Whether it has a function for effects.
[[nodiscard]] bool has_sql_effects(Transaction& transaction, const std::string& name, int version);
/// Lets happen what it lets follow from what batch_event shows of the events behind `after`.
void call_sql_effects(Transaction& transaction, const std::string& name, int version,
                      Position after);
/// Lets happen what a C++ reducer said. No statement where that is nothing. Throws
/// SqlError: effect_invalid, handler_unknown, effect_chain, and what enqueue() and its sisters
/// throw.
void write_effects(Transaction& transaction, const std::string& view, int version,
                   std::span<const Effect> effects);

/// Throws SqlError(event_version_unknown) if one of those events has a newer schema version than
/// SqlReducer::event_versions says of its type.
void require_known_versions(Transaction& transaction, const std::string& name, int version,
                            const std::string& event_versions);

}  // namespace baton::sql
