#include "baton/sql/given_sql.hpp"

#include <utility>

namespace baton::sql {

GivenSql::GivenSql(Connection& connection, const std::string& file)
    : reducer_(read_sql_reducer(file)), transaction_(connection) {
    // Never committed: so nobody else ever sees it. Of each session, or another would wait for it.
    const std::string schema(
        transaction_.exec("select 'given_' || pg_catalog.pg_backend_pid()::text").only().text(0));
    transaction_.exec("create schema " + schema);
    transaction_.exec("set local search_path = " + schema + ", pg_temp");
    transaction_.exec(
        "create table batch_event (position bigint, id bigint, dispatched_at timestamptz,"
        " type text, key text, tenant text, payload jsonb, body bytea, content_type text,"
        " meta jsonb, schema_version integer)");
    // EXECUTE refuses a script that would COMMIT in its middle.
    transaction_.exec(
        "create function run_script(script text) returns void language plpgsql as"
        " 'begin execute script; end'");
    transaction_.exec("select run_script($1)", {reducer_.script});
}

GivenSql& GivenSql::and_then(const NewEvent& event, Timestamp dispatched_at) {
    transaction_.exec("truncate batch_event");
    transaction_.exec(
        "insert into batch_event values ($1::bigint, $1::bigint, $2::timestamptz, $3, $4, $5,"
        " coalesce(nullif($6, ''), '{}')::jsonb, nullif($7::bytea, ''), nullif($8, ''), $9::jsonb,"
        " $10::integer)",
        {++position_, dispatched_at.text(), event.type, event.key, event.tenant, event.payload,
         std::as_bytes(std::span(event.body)), event.content_type, event.meta,
         event.schema_version});
    transaction_.exec("select " + reducer_.name + "__v" + std::to_string(reducer_.version) + "()");
    return *this;
}

std::string GivenSql::rows_json() {
    const Result rows =
        transaction_.exec("select coalesce(json_agg(v order by v), '[]') from " + reducer_.name +
                          "__v" + std::to_string(reducer_.version) + " as v");
    return std::string(rows.only().text(0));
}

}  // namespace baton::sql
