// An environment beside tables of an application, and what becomes of their changes.
//
// Threads: as TestDatabase and Connection.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "baton/sql/connection.hpp"
#include "sql/outcome.hpp"
#include "support/environment.hpp"

namespace baton::testing {

class CaptureFixture : public ::testing::Test {
protected:
    sql::Result exec(const std::string& statements) { return connection_.exec(statements); }
    std::string ask(const std::string& query) {
        return std::string(connection_.exec("select " + query).only().text(0));
    }
    // public.orders, without a row.
    void make_orders() {
        exec(
            "create table public.orders (id bigint primary key, status text, total numeric, "
            "secret text)");
    }
    std::string capture(const std::string& table = "orders",
                        const std::string& columns = "{status,total}",
                        const std::string& more = "") {
        return ask("capture_table('" + table + "', 'order/changed', '" + columns + "'" + more +
                   ")");
    }
    // What was dispatched since the last look, in order: "key payload", a line each.
    std::string events() {
        std::string found =
            ask("coalesce(string_agg(concat_ws(' ', key, payload), e'\\n' order by id), '') from "
                "event where id > " +
                seen_);
        seen_ = ask("coalesce(max(id), 0) from event");
        return found;
    }
    std::string events_of(const std::string& statements) {
        exec(statements);
        return events();
    }
    sql::Outcome outcome(const std::string& statements) {
        return sql::outcome_of([&] { exec(statements); });
    }
    // Refused with these words, and nothing was done.
    void expect_refused(const std::string& statements, const std::string& sqlstate,
                        const std::string& words) {
        const sql::Outcome refused = outcome(statements);
        EXPECT_EQ(refused.sqlstate, sqlstate) << statements << "\n" << refused.text;
        EXPECT_NE(refused.text.find(words), std::string::npos) << refused.text;
    }
    std::string faults() {
        return ask(
            "coalesce(string_agg(f.line, e'\\n'), '') from captures() as c "
            "cross join lateral unnest(c.faults) as f (line)");
    }
    std::string doctor() {
        return ask(
            "string_agg(concat_ws('|', state, found, fix), e'\\n') from doctor() where "
            "check_name = 'captures'");
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    std::string seen_ = "0";
};

}  // namespace baton::testing
