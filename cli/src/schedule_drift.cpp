#include "schedule_drift.hpp"

#include "baton/base/text.hpp"
#include "baton/sql/parameter.hpp"

namespace baton::cli {
namespace {

// What schedule() compares, and what it fills in; in words what is there instead. No row: the
// schedule is not there.
constexpr const char* differences =
    "select coalesce(string_agg(format('%s %s', d.field, coalesce(quote_literal(left(d.there, 80)),"
    " 'none')), ', ' order by d.ordinal) filter (where d.differs), '')"
    "  from schedules(name => $1) as s"
    " cross join lateral (values"
    " (1, 'spec', s.spec, s.spec <> $2),"
    " (2, 'zone', s.zone, lower(s.zone) <> lower($3)),"
    " (3, 'handler', s.handler, s.handler is distinct from $4),"
    " (4, 'event', s.event_type, s.event_type is distinct from $5),"
    " (5, 'payload', s.payload::text, s.payload is distinct from $6::jsonb),"
    " (6, 'key', s.key, s.key is distinct from $7),"
    " (7, 'tenant', s.tenant, s.tenant is distinct from $8),"
    " (8, 'priority', s.priority::text, s.priority <> $9::integer),"
    " (9, 'labels', array_to_string(s.labels, ' '), s.labels <> $10::text[]),"
    " (10, 'overlap', s.overlap, s.overlap <> coalesce($11, case when s.handler is null then"
    "     'allow' when s.missed = 'all' then 'queue' else 'skip' end)),"
    " (11, 'missed', s.missed, s.missed <> $12),"
    " (12, 'missed_limit', s.missed_limit::text, s.missed_limit <> $13::integer),"
    " (13, 'missed_window', s.missed_window::text, s.missed_window <> $14::interval),"
    " (14, 'jitter', s.jitter::text, s.jitter <> $15::interval),"
    " (15, 'starts_at', s.starts_at::text, s.starts_at is distinct from $16::timestamptz),"
    " (16, 'ends_at', s.ends_at::text, s.ends_at is distinct from $17::timestamptz)"
    ") as d (ordinal, field, there, differs)"
    " group by s.name";

std::optional<std::string> text_of(const std::optional<Timestamp>& moment) {
    return moment ? std::optional(moment->text()) : std::nullopt;
}

}  // namespace

std::vector<std::string> schedule_drift(sql::Transaction& transaction,
                                        const std::vector<DeclaredSchedule>& declared) {
    std::vector<std::string> lines;
    for (const DeclaredSchedule& each : declared) {
        const ScheduleOptions& options = each.options;
        const std::string labels = sql::text_array(options.labels);
        const std::string window = std::to_string(options.missed_window.count()) + " s";
        const std::string jitter = std::to_string(options.jitter.count()) + " ms";
        const std::optional<std::string> starts_at = text_of(options.starts_at);
        const std::optional<std::string> ends_at = text_of(options.ends_at);
        const sql::Result rows = transaction.exec(
            differences,
            {each.name, each.spec, options.zone, each.of.handler, each.of.event_type, each.payload,
             options.key, options.tenant, options.priority, labels, options.overlap, options.missed,
             options.missed_limit, window, jitter, starts_at, ends_at});
        const std::string what =
            "schedule " + json_quoted(each.name) + ", declared at " + each.origin;
        if (rows.empty()) {
            lines.push_back(what + ", is not in the database");
        } else if (const auto there = rows.only().text(0); !there.empty()) {
            lines.push_back(what + ", is another one in the database: " + std::string(there));
        }
    }
    return lines;
}

}  // namespace baton::cli
