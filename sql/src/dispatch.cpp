#include "baton/sql/dispatch.hpp"

#include <pqxx/binarystring>
#include <pqxx/connection_base>
#include <pqxx/dbtransaction>
#include <pqxx/nontransaction>

#include <algorithm>
#include <exception>
#include <thread>

#include "baton/sql/failure.hpp"
#include "baton/sql/result.hpp"
#include "dispatch_copy.hpp"
#include "dispatch_refusal.hpp"

namespace baton {
namespace {

using sql::EventLimits;
using sql::Result;

std::optional<std::string> text_of(const std::optional<Uuid>& id) {
    if (!id) return std::nullopt;
    return id->text();
}

const char* pointer_to(const std::optional<std::string>& text) {
    return text ? text->c_str() : nullptr;
}

// No prepared statement: behind a pooler the next transaction may be in another session.
EventId send(pqxx::transaction_base& transaction, const NewEvent& event) {
    const std::optional<std::string> dispatch_id = text_of(event.dispatch_id);
    const auto call = [&](const std::string& function, const auto& content,
                          const auto&... content_type) {
        std::string text = "select " + function + "($1, $2, $3, $4, $5, $6";
        if (sizeof...(content_type) > 0) text += ", $7";
        if (sql::has_version(event)) {
            text += ", schema_version => " + std::to_string(event.schema_version);
        }
        return EventId(
            Result(transaction.exec_params(text + ")", event.type, content, content_type...,
                                           pointer_to(event.key), pointer_to(event.tenant),
                                           pointer_to(event.meta), pointer_to(dispatch_id)))
                .only()
                .integer(0));
    };
    if (!sql::has_body(event)) {
        return call("dispatch", std::string(sql::payload_or_empty(event)));
    }
    return call("dispatch_bytes", pqxx::binarystring(event.body),
                std::string(sql::content_type_or_default(event)));
}

struct CopyTarget {
    std::string schema;
    EventLimits limits;
    bool refuses_copy = false;  // row-level security is on: an INSERT each
};

CopyTarget copy_target(pqxx::dbtransaction& transaction) {
    const Result rows(
        transaction.exec("select schema_name, type_bytes, key_bytes, tenant_bytes, payload_bytes, "
                         "content_type_bytes, meta_bytes, "
                         "row_security_active(format('%I.event', schema_name)) "
                         "from dispatch_limits()"));
    if (rows.empty()) {
        throw Error(ErrorCode::not_installed,
                    "the environment lacks its row in event_limit: it was deleted, or not copied "
                    "with the rest; put it back from a backup, or from where it was copied from");
    }
    const sql::Row row = rows.only();
    return {std::string(row.text(0)),
            {.type = row.integer(1),
             .key = row.integer(2),
             .tenant = row.integer(3),
             .payload = row.integer(4),
             .content_type = row.integer(5),
             .meta = row.integer(6)},
            row.boolean(7)};
}

void append_dispatched(std::vector<EventId>& ids, pqxx::dbtransaction& transaction,
                       std::size_t count) {
    const Result rows(transaction.exec_params("select dispatched_ids($1)", count));
    for (const sql::Row& row : rows) ids.push_back(EventId(row.integer(0)));
}

// Events without a dispatch_id, which COPY can take. `first_index`: of the first in the list.
void copy_run(pqxx::dbtransaction& transaction, const CopyTarget& target,
              std::span<const NewEvent> run, std::size_t first_index) {
    try {
        sql::copy_events(transaction, target.schema, run);
        transaction.exec("select ring()");
    } catch (const std::exception&) {
        sql::rethrow_refused(transaction.conn(), run, first_index);
    }
}

// What is waited for. The query takes the number, and gives its position once every view has it.
struct Awaited {
    const char* kind;
    std::int64_t number;
    const char* query;
};

// One look, in a transaction of its own; nothing where it is not there yet. A session whose
// transactions are SERIALIZABLE may have the look undone: then it has seen nothing yet.
std::optional<std::int64_t> look_for(pqxx::connection_base& connection, const Awaited& awaited) {
    try {
        return sql::translating(connection, [&] {
            pqxx::nontransaction transaction(connection);
            const Result rows(transaction.exec_params(awaited.query, awaited.number));
            return rows.only().integer_or_null(0);
        });
    } catch (const Error& error) {
        if (error.code() != ErrorCode::transaction_retry) throw;
        return std::nullopt;
    }
}

Position wait_until(pqxx::connection_base& connection, const Awaited& awaited,
                    std::chrono::milliseconds timeout) {
    using Clock = std::chrono::steady_clock;
    constexpr Clock::duration shortest = std::chrono::milliseconds(1);
    constexpr Clock::duration longest = std::chrono::milliseconds(250);
    const auto start = Clock::now();
    for (;;) {
        const auto position = look_for(connection, awaited);
        if (position) return Position(*position);
        const auto waited = Clock::now() - start;
        if (waited >= timeout) {
            throw Error(ErrorCode::wait_timeout,
                        std::string(awaited.kind) + " " + std::to_string(awaited.number) +
                            " is not in every view after " + std::to_string(timeout.count()) +
                            " ms; status() tells what holds it up");
        }
        // A quarter of the time waited: late by at most that, and few looks by a long waiter.
        std::this_thread::sleep_for(
            std::min(std::clamp(waited / 4, shortest, longest), timeout - waited));
    }
}

}  // namespace

EventId dispatch(pqxx::transaction_base& transaction, const NewEvent& event) {
    sql::require_sendable(event);
    sql::require_utf8(transaction.conn());
    try {
        return send(transaction, event);
    } catch (const std::exception&) {
        sql::rethrow_refused(transaction.conn(), {&event, 1});
    }
}

EventId dispatch(pqxx::dbtransaction& transaction, const NewEvent& event) {
    return dispatch(static_cast<pqxx::transaction_base&>(transaction), event);
}

std::vector<EventId> dispatch_many(pqxx::dbtransaction& transaction,
                                   std::span<const NewEvent> events, ReturnIds return_ids) {
    std::vector<EventId> ids;
    if (events.empty()) return ids;
    sql::require_utf8(transaction.conn());
    CopyTarget target;
    try {
        target = copy_target(transaction);
    } catch (const std::exception&) {
        sql::rethrow_refused(transaction.conn(), events);
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
        sql::require_within(target.limits, events[i], i);
    }

    const auto goes_alone = [&](const NewEvent& event) {
        return target.refuses_copy || event.dispatch_id.has_value();
    };
    for (auto next = events.begin(); next != events.end();) {
        if (goes_alone(*next)) {
            const EventId id = dispatch(transaction, *next++);
            if (return_ids == ReturnIds::yes) ids.push_back(id);
            continue;
        }
        const auto end = std::find_if(next, events.end(), goes_alone);
        copy_run(transaction, target, {next, end}, static_cast<std::size_t>(next - events.begin()));
        if (return_ids == ReturnIds::yes) {
            sql::translating(transaction.conn(), [&] {
                append_dispatched(ids, transaction, static_cast<std::size_t>(end - next));
            });
        }
        next = end;
    }
    return ids;
}

Position wait_for(pqxx::connection_base& connection, EventId event,
                  std::chrono::milliseconds timeout) {
    return wait_until(connection,
                      {"event", static_cast<std::int64_t>(event),
                       "select case when is_reduced($1) then event_position($1) end"},
                      timeout);
}

void wait_for(pqxx::connection_base& connection, Position position,
              std::chrono::milliseconds timeout) {
    wait_until(connection,
               {"position", static_cast<std::int64_t>(position),
                "select case when is_position_reduced($1) then $1::bigint end"},
               timeout);
}

}  // namespace baton
