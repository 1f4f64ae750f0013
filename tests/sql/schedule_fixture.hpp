// Schedules of a handler that a node carries, for tests of what comes of them.
//
// Threads: as TaskFixture.
#pragma once

#include <string>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {

class ScheduleFixture : public TaskFixture {
protected:
    std::string schedule(const std::string& arguments) {
        return text("select schedule(" + arguments + ")");
    }
    std::string refusal(const std::string& call) {
        const sql::Outcome outcome = sql::outcome_of([&] { connection_.exec("select " + call); });
        return outcome.sqlstate + " " + outcome.text;
    }
    /// As if its next slot, of those of "every hour", had been so long ago, in full hours from now.
    void put_next(const std::string& name, const std::string& ago) {
        connection_.exec(
            "update schedule set next.instant = date_trunc('hour', clock_timestamp()) "
            "- interval '" +
            ago +
            "', next.wall = (date_trunc('hour', "
            "clock_timestamp()) - interval '" +
            ago +
            "') at time zone 'UTC', due_at = "
            "date_trunc('hour', clock_timestamp()) - interval '" +
            ago + "' where name = '" + name + "'");
    }
    /// As if the last full hour had just come.
    void make_due(const std::string& name) {
        connection_.exec(
            "update schedule set due_at = clock_timestamp() - interval '1 second', "
            "next.instant = clock_timestamp() - interval '1 second', next.wall = "
            "(clock_timestamp() - interval '1 second') at time zone 'UTC' "
            "where name = '" +
            name + "'");
    }
    /// Of the newest on: "made due, missed due".
    std::string runs(const std::string& name) {
        return text(
            "select coalesce(string_agg(concat(outcome, ' ', source), ', '), '') "
            "from schedule_runs('" +
            name + "', 1000)");
    }
    std::string field(const std::string& name, const std::string& column) {
        return text("select coalesce((select (" + column +
                    ")::text from schedules() where name = '" + name + "'), 'none')");
    }
    std::int64_t tasks() { return number("select count(*) from task"); }

    TestNode node_ = node();
};

}  // namespace baton::testing
