// Fold: one reducer at work, as the orchestrator drives it, which knows no C++ row types.
//
//   for (;;) {
//       const FoldResult result = fold.fold(batch, first, count);
//       if (result.state != FoldState::needs_rows) break;
//       … SELECT <info.columns, in order> FROM view
//         WHERE (key columns) IN (SELECT * FROM unnest($1::text[], $2::bigint[])), with
//         fold.missing_keys() as parameters …
//       for (each row found) fold.load(row);
//       fold.loaded();
//   }
//   poisoned: nothing was changed; result says which event, and why.
//   done:     write fold.changes(), commit the transaction, then fold.commit();
//             if the transaction failed: fold.rollback().
//
// Each call of fold() starts from the last keep() or commit(): whatever an earlier call changed is
// discarded. So bisecting is calling fold() with other ranges.
//
// Threads: one thread at a time. The batch is only read, so several folds may share one.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/reducers/batch.hpp"
#include "baton/reducers/effects.hpp"
#include "baton/types/column.hpp"

namespace baton {

/// A column of a view. The name is ^[a-z][a-z0-9_]{0,62}$, but can be a reserved word of SQL, so
/// quote it.
struct ViewColumn {
    std::string name;
    std::string sql_type;  ///< "text", "bigint", "numeric", … as in CREATE TABLE
    bool nullable = false;
    bool key = false;

    friend bool operator==(const ViewColumn&, const ViewColumn&) = default;
};

/// What a reducer declares about itself.
struct ReducerInfo {
    std::string name;                 ///< also the view's name; ^[a-z][a-z0-9_]{0,47}$
    int version = 0;                  ///< 1 to 9999
    std::string build;                ///< stated by the reducer, or a digest of the declared shape
    std::vector<ViewColumn> columns;  ///< in the order of BATON_FIELDS
    std::vector<std::string> key_columns;  ///< in the order of BATON_KEY
    std::vector<std::string> event_types;
    bool reads_envelope = false;  ///< key, tenant, meta or time of an event, beside its content
    /// The build does not say all of the code behind it: no `sources`, or none of the events'
    /// upcasts.
    bool follows_program = false;
};

enum class FoldState {
    done,        ///< changes() holds what to write
    needs_rows,  ///< load the missing_keys(), then fold again
    poisoned,    ///< an event could not be reduced; nothing was changed
};

struct FoldResult {
    FoldState state = FoldState::done;
    std::size_t event_index = 0;                 ///< in the batch; of the poisoned event
    std::string message;                         ///< why, in one line of storable text
    ErrorCode code = ErrorCode::event_poisoned;  ///< that of the error, if it was one of Baton's
};

/// The rows to write, as one Postgres array literal per column, all of the same length.
struct Changes {
    std::size_t upsert_count = 0;
    std::vector<std::string> columns;  ///< per column of the view: the new values
    std::string positions;             ///< bigint[]: the position that last touched each row
    std::size_t delete_count = 0;
    std::vector<std::string> deleted_keys;  ///< per key column, in the order of BATON_KEY

    [[nodiscard]] bool empty() const noexcept { return upsert_count == 0 && delete_count == 0; }
    friend bool operator==(const Changes&, const Changes&) = default;
};

struct FoldOptions {
    /// commit() empties the cache when it holds more rows (and known absences) than this.
    std::size_t cached_rows_max = 100'000;
    /// The view is empty and nobody else writes it: nothing is ever missing, and the cache is
    /// never emptied. For tests, and views that fit into memory.
    bool complete = false;
};

class Fold {
public:
    Fold() = default;
    Fold(const Fold&) = delete;
    Fold& operator=(const Fold&) = delete;
    virtual ~Fold() = default;

    /// Folds the events [first, first + count) of the batch. Exceptions of the reducer
    /// become `poisoned`; only std::bad_alloc propagates. A poisoned event is the first that
    /// fails, save for rows that cannot be stored: then it is the last that touched the row, so
    /// fold what is before it again to be sure.
    [[nodiscard]] virtual FoldResult fold(const DecodedBatch& batch, std::size_t first,
                                          std::size_t count) = 0;
    [[nodiscard]] FoldResult fold(const DecodedBatch& batch) {
        return fold(batch, 0, batch.size());
    }

    /// Per key column (in the order of BATON_KEY) one array literal: the keys to load.
    [[nodiscard]] virtual std::vector<std::string> missing_keys() const = 0;
    [[nodiscard]] virtual std::size_t missing_count() const noexcept = 0;

    /// One row that was found: all columns in order as Postgres prints them. Throws
    /// Error(decode_failed) if it is not such a row, or none that was missing.
    virtual void load(std::span<const std::optional<std::string_view>> row) = 0;
    /// All rows that exist have been loaded: what is still missing is known to be absent.
    virtual void loaded() = 0;

    /// What was changed since the last commit(): what was kept, and what the last fold() changed if
    /// it was `done`. Each row comes once, as it is now, in the order of their first touch.
    [[nodiscard]] virtual Changes changes() const = 0;
    /// At least as many rows as changes() has.
    [[nodiscard]] virtual std::size_t changed_count() const noexcept = 0;

    /// What the reducer lets follow from the events since the last commit(), as changes() says; to
    /// be written in the same transaction. None unless they are wanted: Effects::run_after().
    [[nodiscard]] virtual Effects& effects() noexcept = 0;

    /// Undoes the last fold(), if it was `done` and not kept.
    virtual void discard() = 0;

    /// What the last fold() changed, if it was `done`, is what the next one goes on from, although
    /// it is not durable yet. Every row stays in memory: the view does not have it.
    virtual void keep() = 0;
    /// All changes are durable: keep them. Rows may be dropped from memory, and are loaded again.
    virtual void commit() = 0;
    /// The changes are not, or the view may have been changed by others: forget everything.
    virtual void rollback() = 0;
};

}  // namespace baton
