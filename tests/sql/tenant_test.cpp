// Two tenants, and everything that one of them can call or say: never a row of the other, and never
// a text that would be another one if the other had something.
//
// What tenants may call is in one list here, compared with Postgres' catalogue: what is new in it
// fails until somebody has tried it here.

#include <gtest/gtest.h>

#include "baton/sql/dispatch.hpp"
#include "sql/tenant_fixture.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

using TenantTest = testing::TenantFixture;

std::string without_digits(std::string text) {
    std::erase_if(text, [](char each) { return each >= '0' && each <= '9'; });
    return text;
}

TEST_F(TenantTest, NothingIsOpenUntilItIsSwitchedOn) {
    add("acme", "'acme'");
    enqueue("'send', tenant => 'acme'");
    EXPECT_EQ(refusal("acme", "select from tenant_task").sqlstate, "42501");
    EXPECT_EQ(refusal("acme", "select tenant_enqueue('send')").code, "tenant_unknown");
    EXPECT_EQ(refusal("acme", "select bind_tenant('acme')").code, "tenant_unknown");
    EXPECT_EQ(doctor(), "ok: not kept apart: whoever may read sees all of them");
    EXPECT_EQ(
        number("select count(*) from pg_class where relnamespace = 'baton_test'::regnamespace "
               "and (relrowsecurity or relforcerowsecurity)"),
        0);
}

TEST_F(TenantTest, EachSeesItsOwnTasksResultsAndEvents) {
    two_tenants();
    Connection acme = session("acme");
    EXPECT_EQ(told(acme, "select concat(tenant, payload, result) from tenant_task order by id"),
              R"(acme{"secret": "of acme"}{"result": {"secret": "of acme"}}, )"
              R"(acme{"secret": "of acme"})");
    EXPECT_EQ(told(acme, "select concat(tenant, payload) from tenant_event"),
              R"(acme{"secret": "of acme"})");
    for (const std::string table : {"task", "task_end", "event"}) {
        const std::string rows = told(acme, "select t::text from " + table + " t");
        EXPECT_NE(rows, "") << table;
        EXPECT_EQ(rows.find("of bob"), std::string::npos) << rows;
    }
    EXPECT_EQ(
        told(acme, "select state from tenant_task_state(" + std::to_string(done_["acme"]) + ")"),
        "done");
    EXPECT_EQ(
        told(acme, "select count(*) from tenant_task_state(" + std::to_string(done_["bob"]) + ")"),
        "0");
    // Those who see all still do.
    EXPECT_EQ(number("select count(*) from task"), 4);
    EXPECT_EQ(worker_->claim(4).size(), 2U);
    EXPECT_EQ(doctor().find("problem: login " + login("stray")), 0U) << doctor();
}

TEST_F(TenantTest, WhatATenantMakesIsItsOwn) {
    two_tenants();
    Connection bob = session("bob");
    const std::string task = told(bob, "select tenant_enqueue('send', '{\"n\": 1}')");
    const std::string event = told(bob, "select tenant_dispatch('a/c', '{\"n\": 1}')");
    EXPECT_EQ(text("select tenant from task where id = " + task), "bob");
    EXPECT_EQ(text("select tenant from event where id = " + event), "bob");
    EXPECT_EQ(told(bob, "select tenant_cancel(" + task + ", 'no need')"), "cancelled");
    EXPECT_EQ(told(bob, "select tenant_cancel_key('send', 'key of bob')"), "1");
    expect_each_task_at_one_place();
}

// I12: whether the other tenant has it, or nobody ever had.
TEST_F(TenantTest, TextsOfErrorsDoNotTellWhatOthersHave) {
    two_tenants();
    const std::string theirs = std::to_string(waiting_["bob"]);
    const std::string nobodys = std::to_string(waiting_["bob"] + 1000);
    const auto of_task = [&](const std::string& task) {
        return refusal("acme", "select tenant_cancel(" + task + ")");
    };
    EXPECT_EQ(of_task(theirs).sqlstate, "BT042");
    EXPECT_EQ(without_digits(of_task(theirs).text), without_digits(of_task(nobodys).text));
    EXPECT_EQ(state_of(waiting_["bob"]), "waiting");
    Connection acme = session("acme");
    EXPECT_EQ(told(acme, "select tenant_cancel_key('send', 'key of bob')"), "0");
    EXPECT_EQ(told(acme, "select tenant_cancel_key('send', 'nobody''s key')"), "0");
}

// F64.
TEST_F(TenantTest, SameKeyOfTwoTenantsIsTwoTasks) {
    two_tenants();
    Connection acme = session("acme");
    Connection bob = session("bob");
    const std::string make = "select tenant_enqueue('send', '{}', unique_key => 'k')";
    const std::string first = told(acme, make);
    EXPECT_NE(told(bob, make), first);
    EXPECT_EQ(told(acme, make), first);
    EXPECT_EQ(std::to_string(enqueue("'send', tenant => 'acme', unique_key => 'k'")), first)
        << "an application names the tenant, and means the same key";
    EXPECT_EQ(number("select cancel_key('send', 'k')"), 0) << "of nobody";
    EXPECT_EQ(number("select cancel_key('send', 'k', tenant => 'acme')"), 1);
    EXPECT_EQ(told(bob, make + ", (select outcome from tenant_task where unique_key = 'k')"),
              told(bob, make));
    EXPECT_EQ(text("select retry_task(" + first + ")"), "waiting") << "its key was free";
    EXPECT_EQ(number("select count(*) from task_key where key = 'k'"), 2);
}

TEST_F(TenantTest, SameDispatchIdOfTwoTenantsIsTwoEvents) {
    two_tenants();
    Connection acme = session("acme");
    Connection bob = session("bob");
    const std::string id = ", dispatch_id => '00000000-0000-0000-0000-000000000001')";
    const std::string first = told(acme, "select tenant_dispatch('a/b', '{\"n\": 1}'" + id);
    const std::string theirs = told(bob, "select tenant_dispatch('a/b', '{\"n\": 2}'" + id);
    EXPECT_NE(first, theirs);
    EXPECT_EQ(told(acme, "select tenant_dispatch('a/b', '{\"n\": 1}'" + id), first);
    const Outcome other = refusal("acme", "select tenant_dispatch('a/b', '{\"n\": 3}'" + id);
    EXPECT_EQ(other.sqlstate, "BT003");
    EXPECT_NE(other.text.find("(id " + first + ")"), std::string::npos) << other.text;
}

TEST_F(TenantTest, NothingThatASessionCanSetMakesItAnothers) {
    two_tenants();
    Connection acme = session("acme");
    const std::string own = "select string_agg(distinct tenant, ',') from tenant_task";
    for (const std::string before :
         {"set baton.tenant = 'bob'", "select set_config('baton.tenant', 'bob', false)",
          "reset all; set search_path = baton_test; set row_security = on",
          "set role baton_test_tenant", "reset role", "set search_path = baton_test",
          "discard plans", "set session characteristics as transaction read only"}) {
        acme.exec(before);
        EXPECT_EQ(told(acme, own), "acme") << before;
    }
    for (const std::string& refused :
         std::vector<std::string>{"set role " + login("bob"),
                                  "set session authorization " + login("bob"),
                                  "set role baton_test_observe",
                                  "alter role " + login("acme") + " bypassrls",
                                  "insert into tenant_bound values (pg_backend_pid(), '1', 'bob')",
                                  "update tenant_login set tenant = 'bob'",
                                  "select set_tenants(false)",
                                  "select add_tenant_login('" + login("acme") + "', 'bob')",
                                  "select dispatch('a/b', tenant => 'bob')",
                                  "select enqueue('send', tenant => 'bob')",
                                  "insert into task (requirement, tenant) values (1, 'bob')",
                                  "insert into event (type, tenant) values ('a/b', 'bob')",
                                  "alter table task disable row level security",
                                  "select from task_from_1",
                                  "select from event_default",
                                  "select from task_key",
                                  "select from task_failure",
                                  "select nextval('task_id_seq')",
                                  "select last_value from event_id_seq",
                                  "copy task to '/tmp/tenant_test'",
                                  "copy event (type) from stdin",
                                  "select task_state(1)",
                                  "select read_log(0, 10)",
                                  "select status()"}) {
        EXPECT_EQ(refusal("acme", refused).sqlstate, "42501") << refused;
    }
    EXPECT_EQ(refusal("acme", "set row_security = off; select from task").sqlstate, "42501");
}

// A function of the reader's is called with what the policy has chosen, and with nothing else.
TEST_F(TenantTest, FunctionsInAConditionSeeNoRowOfOthers) {
    two_tenants();
    Connection acme = session("acme");
    acme.exec(
        "create function pg_temp.leak(seen text) returns boolean language plpgsql cost 0.0001 as "
        "$$ begin if seen like '%of bob%' then raise exception 'saw %', seen; end if; "
        "return true; end $$");
    for (const std::string table : {"tenant_task", "tenant_event", "task", "event"}) {
        EXPECT_NE(
            told(acme, "select count(*) from " + table + " where pg_temp.leak(payload::text)"),
            "0");
    }
    EXPECT_EQ(told(acme, "select count(*) from task_end where pg_temp.leak(result::text)"), "1");
    const std::string plan = told(acme, "explain select from tenant_task where payload ? 'n'");
    EXPECT_EQ(plan.find("bob"), std::string::npos) << plan;
}

// COPY is refused by Postgres where row-level security is on.
TEST_F(TenantTest, ApplicationDispatchesManyAsEver) {
    two_tenants();
    connection_.exec("grant baton_test_dispatch to " + login("stray") +
                     "; revoke baton_test_tenant from " + login("stray"));
    Connection application = session("stray");
    Transaction transaction(application);
    const std::vector<NewEvent> many{{.type = "a/b", .tenant = "acme"},
                                     {.type = "a/b", .tenant = "bob", .body = "x"}};
    EXPECT_EQ(dispatch_many(transaction.raw(), many, ReturnIds::yes).size(), 2U);
    transaction.exec("insert into event (type, tenant) values ('a/b', 'acme')");
    transaction.commit();
    Connection acme = session("acme");
    EXPECT_EQ(told(acme, "select count(*) from tenant_event"), "3");
}

TEST_F(TenantTest, KeysFollowTheSwitch) {
    const std::string key = ", unique_key => 'k'";
    const std::int64_t first = enqueue("'send', tenant => 'acme'" + key);
    EXPECT_EQ(enqueue("'send', tenant => 'bob'" + key), first) << "not kept apart";
    connection_.exec("select set_tenants(true)");
    EXPECT_EQ(enqueue("'send', tenant => 'acme'" + key), first);
    const std::int64_t second = enqueue("'send', tenant => 'bob'" + key);
    EXPECT_NE(second, first);
    connection_.exec("select set_tenants(false)");
    EXPECT_EQ(enqueue("'send', tenant => 'acme'" + key), second) << "the newest has it";
    EXPECT_EQ(number("select count(*) from task_key"), 1);
    connection_.exec("select set_tenants(true); select set_tenants(true)");
}

// SEC-9: a tenant's flood stops at its own limit, and nobody else's.
TEST_F(TenantTest, BacklogOfATenantIsLimited) {
    connection_.exec("select set_fairness('send', true); select limit_lane_waiting('send', 3)");
    const auto making = [&](const std::string& tenant, const std::string& count) {
        return outcome_of([&] {
                   connection_.exec("select enqueue('send', tenant => '" + tenant +
                                    "') from generate_series(1, " + count + ")");
               })
            .code;
    };
    EXPECT_EQ(making("acme", "4"), "lane_full");
    EXPECT_EQ(making("acme", "3"), "no error");
    EXPECT_EQ(making("acme", "1"), "lane_full");
    EXPECT_EQ(making("bob", "3"), "no error");
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec(
                      "select enqueue_many('send', array['{}', '{}']::jsonb[], "
                      "tenant => 'carol') from generate_series(1, 2)");
              }).code,
              "lane_full");
    worker_.emplace(url_, testing::NodeOffer{});
    worker_->claim(2);
    EXPECT_EQ(making("acme", "1"), "no error");
    connection_.exec("select limit_lane_waiting('send', null)");
    EXPECT_EQ(making("acme", "9"), "no error");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select limit_lane_waiting('send', 0)"); }).code,
              "task_invalid");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select limit_lane_waiting('sent', 1)"); }).code,
              "handler_unknown");
}

// What is new here is to be tried above, by two tenants.
TEST_F(TenantTest, WhatTenantsMayCallAndReadIsWhatWasTriedHere) {
    connection_.exec("select set_tenants(true)");
    EXPECT_EQ(text("select string_agg(proname, ' ' order by proname) from pg_proc "
                   "where pronamespace = 'baton_test'::regnamespace "
                   "and has_function_privilege('baton_test_tenant', oid, 'execute')"),
              "bind_tenant current_tenant tenant_cancel tenant_cancel_key tenant_dispatch "
              "tenant_enqueue tenant_task_state");
    EXPECT_EQ(text("select string_agg(relname, ' ' order by relname) from pg_class "
                   "where relnamespace = 'baton_test'::regnamespace and relkind in ('r', 'p', 'v') "
                   "and has_table_privilege('baton_test_tenant', oid, "
                   "'select, insert, update, delete, truncate, references, trigger')"),
              "event task task_end tenant_event tenant_task");
}

}  // namespace
}  // namespace baton
