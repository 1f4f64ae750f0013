// Whose session it is: by the login, or bound by its transaction and by nothing else. What a public
// view shows then, and what doctor() finds where somebody would see more.

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "sql/tenant_fixture.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

using TenantBindingTest = testing::TenantFixture;

TEST_F(TenantBindingTest, LoginWithoutATenantSeesNothing) {
    two_tenants();
    for (const std::string statement :
         {"select from tenant_task", "select from task", "select from event",
          "select tenant_enqueue('send')", "select tenant_dispatch('a/b')",
          "select tenant_cancel(1)", "select tenant_cancel_key('send', 'k')",
          "select tenant_task_state(1)", "select current_tenant()"}) {
        EXPECT_EQ(refusal("stray", statement).code, "tenant_unknown") << statement;
        EXPECT_EQ(refusal("app", statement).code, "tenant_unknown") << statement;
    }
    EXPECT_EQ(refusal("stray", "select bind_tenant('acme')").code, "tenant_refused");
    EXPECT_EQ(refusal("acme", "select bind_tenant('bob')").code, "tenant_refused");
    EXPECT_EQ(refusal("acme", "select bind_tenant('acme')").code, "tenant_refused");
    connection_.exec("select remove_tenant_login('" + login("acme") + "')");
    EXPECT_NE(refusal("acme", "select from tenant_task").sqlstate, "");
}

// As through a pooler in transaction mode: one session, and transactions of many.
TEST_F(TenantBindingTest, WhatATransactionBoundEndsWithIt) {
    two_tenants();
    Connection app = session("app");
    const std::string own = "select string_agg(distinct tenant, ',') from tenant_task";
    for (const bool commits : {true, false}) {
        Transaction transaction(app);
        transaction.exec("select bind_tenant('acme')");
        transaction.exec("set transaction read only");
        EXPECT_EQ(transaction.exec(own).only().text(0), "acme");
        if (commits) transaction.commit();
    }
    EXPECT_EQ(outcome_of([&] { app.exec(own); }).code, "tenant_unknown");
    Transaction transaction(app);
    transaction.exec("select bind_tenant('bob')");
    EXPECT_EQ(transaction.exec(own).only().text(0), "bob");
}

TEST_F(TenantBindingTest, TransactionStaysItsFirstTenants) {
    two_tenants();
    Connection app = session("app");
    for (const std::string between :
         {"reset all; set search_path = baton_test", "set role none", "savepoint s",
          "select set_config('baton.tenant', '', true)"}) {
        EXPECT_EQ(outcome_of([&] {
                      Transaction transaction(app);
                      transaction.exec("select bind_tenant('acme')");
                      transaction.exec("select bind_tenant('acme')");
                      transaction.exec(between);
                      transaction.exec("select bind_tenant('bob')");
                  }).code,
                  "tenant_refused")
            << between;
    }
    EXPECT_EQ(outcome_of([&] { app.exec("select bind_tenant(null)"); }).code, "tenant_refused");
    EXPECT_EQ(outcome_of([&] { app.exec("select bind_tenant('')"); }).sqlstate, "BT001");
}

TEST_F(TenantBindingTest, PublicViewShowsATenantItsOwnRows) {
    two_tenants();
    connection_.exec(
        R"(select register_reducer('sales', 1, 'b', 'c++',
           '[{"name": "k", "type": "text", "nullable": false, "key": true},
             {"name": "tenant", "type": "text", "nullable": true, "key": false}]');
           select register_reducer('totals', 1, 'b', 'c++',
           '[{"name": "k", "type": "text", "nullable": false, "key": true}]');
           insert into sales__v1 (k, tenant, position) values ('of acme', 'acme', 1),
               ('of bob', 'bob', 1), ('nobody''s', null, 1))");
    for (const std::string who : {"acme", "bob", "app", "stray"}) {
        connection_.exec("select grant_view('sales', '" + login(who) + "')");
        const Outcome whole = outcome_of(
            [&] { connection_.exec("select grant_view('totals', '" + login(who) + "')"); });
        EXPECT_EQ(whole.code, "tenant_refused") << whole.text;
    }
    const std::string all = "select string_agg(k, ', ' order by k) from sales";
    Connection acme = session("acme");
    EXPECT_EQ(told(acme, all), "of acme");
    acme.exec(
        "create function pg_temp.leak(seen text) returns boolean language plpgsql cost 0.0001 as "
        "$$ begin if seen like '%bob%' then raise exception 'saw %', seen; end if; "
        "return true; end $$");
    EXPECT_EQ(told(acme, all + " where pg_temp.leak(k)"), "of acme");
    acme.exec("set role baton_test_tenant");
    EXPECT_EQ(outcome_of([&] { acme.exec(all); }).sqlstate, "42501");
    Connection stray = session("stray");
    EXPECT_EQ(told(stray, all), "null");
    Connection app = session("app");
    EXPECT_EQ(told(app, all), "null");
    {
        Transaction transaction(app);
        transaction.exec("select bind_tenant('bob')");
        EXPECT_EQ(transaction.exec(all).only().text(0), "of bob");
    }
    EXPECT_EQ(text(all), "nobody's, of acme, of bob");
    // Its sessions would take what changes for an error.
    EXPECT_EQ(outcome_of([&] { connection_.exec("select set_tenants(false)"); }).code,
              "tenant_refused");
    worker_->deregister();
    connection_.exec("select set_tenants(false)");
    EXPECT_EQ(text(all), "nobody's, of acme, of bob");
}

TEST_F(TenantBindingTest, ViewFromBeforeItWasSwitchedOnIsMadeAnew) {
    connection_.exec(
        R"(select register_reducer('sales', 1, 'b', 'c++',
           '[{"name": "k", "type": "text", "nullable": false, "key": true},
             {"name": "tenant", "type": "text", "nullable": true, "key": false}]');
           insert into sales__v1 (k, tenant, position) values ('of acme', 'acme', 1),
               ('of bob', 'bob', 1))");
    add("acme", "'acme'");
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec("select grant_view('sales', '" + login("acme") + "')");
              }).code,
              "tenant_refused");
    connection_.exec("select set_tenants(true)");
    connection_.exec("select grant_view('sales', '" + login("acme") + "')");
    Connection acme = session("acme");
    EXPECT_EQ(told(acme, "select k from sales"), "of acme");
}

TEST_F(TenantBindingTest, LoginThatWouldSeeMoreIsRefused) {
    connection_.exec("create role boss_" + database_.name() + " login bypassrls");
    const auto adding = [&](const std::string& who) {
        return outcome_of([&] { add(who, "'acme'"); });
    };
    EXPECT_EQ(adding("boss").code, "tenant_refused");
    EXPECT_NE(adding("boss").text.find("BYPASSRLS"), std::string::npos);
    connection_.exec("alter role boss_" + database_.name() +
                     " nobypassrls; grant baton_test_observe to boss_" + database_.name());
    EXPECT_NE(adding("boss").text.find("member of baton_test_observe"), std::string::npos);
    EXPECT_EQ(adding("nobody").code, "tenant_refused");
    connection_.exec("drop role boss_" + database_.name());
}

TEST_F(TenantBindingTest, DoctorTellsWhatIsOpen) {
    two_tenants();
    connection_.exec("revoke baton_test_tenant from " + login("stray"));
    EXPECT_EQ(doctor(), "ok: kept apart; 3 logins belong to one, or bind one");
    EXPECT_EQ(text("select state from doctor() where check_name = 'row_security'"), "ok");
    connection_.exec("alter role " + login("acme") + " bypassrls");
    EXPECT_NE(doctor().find("is of tenant acme, and it has BYPASSRLS"), std::string::npos)
        << doctor();
    EXPECT_EQ(text("select problem from tenant_logins('acme')"), "it has BYPASSRLS");
    connection_.exec("alter role " + login("acme") +
                     " nobypassrls; alter table task no force row level security");
    EXPECT_EQ(doctor().find("problem: no forced row-level security on task:"), 0U) << doctor();
    connection_.exec(
        "alter table task force row level security; grant select on task_failure to "
        "baton_test_tenant");
    EXPECT_NE(doctor().find("tenants may read task_failure"), std::string::npos) << doctor();
    connection_.exec("revoke select on task_failure from baton_test_tenant");
}

TEST_F(TenantBindingTest, BindingsOfProcessesThatAreGoneAreForgotten) {
    two_tenants();
    Connection app = session("app");
    app.exec("select bind_tenant('acme')");
    connection_.exec("insert into tenant_bound select -n, '1', 'x' from generate_series(1, 998) n");
    maintain();
    EXPECT_EQ(number("select count(*) from tenant_bound"), 999);
    connection_.exec("insert into tenant_bound values (-1000, '1', 'x')");
    maintain();
    EXPECT_EQ(number("select count(*) from tenant_bound"), 1);
}

// A superuser passes by every policy, so what holds for an owner is tried with one who is none.
TEST_F(TenantBindingTest, OwnerThatIsNoSuperuserIsHeldToAPolicyToo) {
    const std::string owner = "owner_" + database_.name();
    const std::string schema = "baton_" + database_.name();
    connection_.exec("create role " + owner + " login createrole; grant create on database " +
                     database_.name() + " to " + owner);
    sql::ConnectOptions options;
    options.schema = schema;
    {
        Connection session(url_ + "&user=" + owner, options);
        (void)sql::Migrator().install(session, schema);
        session.exec("select register_handler('send', 1, 'b', '{}'); select set_tenants(true)");
    }
    {
        // One that began before it would take the policies for an error.
        Connection session(url_ + "&user=" + owner, options);
        session.exec("select add_tenant_login('" + login("acme") + "', 'acme')");
        for (const std::string tenant : {"acme", "bob"}) {
            session.exec("select enqueue('send', tenant => '" + tenant +
                         "'), dispatch('a/b', tenant => '" + tenant + "')");
        }
        Connection acme(url_ + "&user=" + login("acme"), options);
        EXPECT_EQ(told(acme, "select string_agg(tenant, ' ') from tenant_task"), "acme");
        EXPECT_EQ(told(acme, "select string_agg(tenant, ' ') from tenant_event"), "acme");
        EXPECT_EQ(told(acme, "select tenant_cancel(tenant_enqueue('send'))"), "cancelled");
        EXPECT_EQ(told(session, "select count(*) from task"), "3");
        EXPECT_EQ(told(session, "select state from doctor() where check_name = 'tenants'"), "ok");
        session.exec("drop policy whole on task");
        EXPECT_EQ(told(session, "select count(*) from task"), "0") << "row security is forced";
    }
    (void)sql::uninstall(connection_, schema);
    connection_.exec("drop owned by " + owner + "; drop role " + owner);
}

}  // namespace
}  // namespace baton
