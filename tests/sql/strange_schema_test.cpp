// A schema that is not as it was installed: rows that are gone, rows that are hidden, columns more,
// a right that every role has taken away. Each is told in one line, or does no harm.
#include <gtest/gtest.h>

#include "baton/sql/leadership.hpp"
#include "baton/sql/log_reader.hpp"
#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

class StrangeSchemaTest : public ::testing::Test {
protected:
    StrangeSchemaTest()
        : database_(testing::environment_template()),
          admin_(database_.url()),
          inside_(database_.url(), testing::in_test_schema()) {
        prepare_leadership(inside_);
    }

    LeadAnswer take_lead() {
        return lead(inside_,
                    {"here", {}, {}, std::chrono::seconds(10), testing::test_credentials()});
    }

    std::string finding(const std::string& check) {
        const Result rows = inside_.exec(
            "select state || ': ' || found || coalesce('; ' || fix, "
            "'') from doctor() where check_name = '" +
            check + "'");
        return rows.empty() ? "none" : std::string(rows.only().text(0));
    }

    const testing::TestDatabase database_;
    Connection admin_;
    Connection inside_;
};

TEST_F(StrangeSchemaTest, RowsThatAreGoneAreNamedInOneLine) {
    for (const std::string table :
         {"environment", "event_limit", "leader", "log_origin", "log_window"}) {
        inside_.exec("create table kept as table " + table);
        inside_.exec("truncate " + table);
        for (const Outcome& refused :
             {outcome_of([&] { static_cast<void>(take_lead()); }),
              outcome_of([&] { inside_.exec("select status()"); }),
              outcome_of([&] { inside_.exec("select describe_environment('test')"); }),
              outcome_of([&] { inside_.exec("select set_limit('key_bytes', 100)"); })}) {
            EXPECT_EQ(refused.code, "not_installed") << table << ": " << refused.text;
            EXPECT_NE(refused.text.find("lacks the rows that it was installed with in " + table),
                      std::string::npos)
                << refused.text;
        }
        EXPECT_EQ(
            finding("rows").find("problem: the rows of the installation are missing in " + table),
            0U)
            << finding("rows");
        inside_.exec("insert into " + table + " table kept");
        inside_.exec("drop table kept");
    }
    EXPECT_EQ(finding("rows"), "ok: the rows of the installation are there");
    EXPECT_TRUE(take_lead().epoch.has_value());

    inside_.exec("truncate leader");
    const Outcome fenced = outcome_of([&] {
        Transaction transaction(inside_);
        fence(transaction, Epoch{1});
    });
    EXPECT_EQ(fenced.code, "not_installed") << fenced.text;
}

TEST_F(StrangeSchemaTest, AVersionThatIsGoneIsNoReasonToMigrateAnew) {
    inside_.exec("truncate schema_migration");
    for (const Outcome& refused :
         {outcome_of([&] { (void)Migrator().install(admin_, testing::test_schema); }),
          outcome_of([&] { Migrator().require_installed(admin_, testing::test_schema); })}) {
        EXPECT_EQ(refused.code, "not_installed");
        EXPECT_NE(refused.text.find("lacks the rows of schema_migration"), std::string::npos)
            << refused.text;
    }
}

TEST_F(StrangeSchemaTest, AColumnThatSomebodyAddsToEventIsNobodysConcern) {
    inside_.exec("select dispatch('a/b', '{}')");
    inside_.exec("alter table event add column note text default 'x'");
    inside_.exec("select dispatch('a/b', '{}')");
    const LeadAnswer answer = take_lead();
    ASSERT_TRUE(answer.epoch);
    LogReader reader(inside_, read_checkpoint(inside_), Content::whole);
    LogPage page;
    ASSERT_TRUE(reader.next(10, page));
    EXPECT_EQ(page.events.size(), 2U);
    EXPECT_EQ(inside_.exec("select (status() -> 'log' ->> 'lag_events')::int").only().integer(0),
              2);
    // Nor of an upgrade.
    inside_.exec("comment on table schema_migration is 'of another build'");
    EXPECT_TRUE(Migrator().install(admin_, testing::test_schema).functions_installed);
}

// As databases have it where every table is to be behind policies.
TEST_F(StrangeSchemaTest, RowSecurityThatAnEventTriggerSwitchesOnDoesNotHideTheLog) {
    admin_.exec(
        "create function public.secure_all() returns event_trigger language plpgsql as $$ "
        "declare made record; begin for made in select * from pg_event_trigger_ddl_commands() "
        "where command_tag in ('CREATE TABLE', 'CREATE TABLE AS') loop execute format("
        "'alter table %s enable row level security', made.object_identity); end loop; end $$");
    admin_.exec(
        "create event trigger secure_all on ddl_command_end when tag in ('CREATE TABLE', "
        "'CREATE TABLE AS') execute function public.secure_all()");
    (void)Migrator().install(admin_, "baton_secured");
    Connection secured(database_.url(), {.schema = "baton_secured"});
    EXPECT_EQ(secured
                  .exec("select count(*) from pg_class where relrowsecurity and relkind in ('r', "
                        "'p') and relnamespace = 'baton_secured'::regnamespace")
                  .only()
                  .integer(0),
              0);
    (void)uninstall(admin_, "baton_secured");

    // Switched on later, it is an error, and not a log without events.
    inside_.exec("select dispatch('a/b', '{}')");
    inside_.exec("alter table event enable row level security");
    EXPECT_EQ(finding("row_security"),
              "problem: row-level security is on: event; alter table baton_test.event disable row "
              "level security, no force row level security");
    const std::string role = "reader_" + database_.name();
    admin_.exec("create role " + role + " login in role baton_test_orchestrate");
    {
        Connection reader(database_.url() + "&user=" + role, testing::in_test_schema());
        const Outcome hidden = outcome_of([&] { reader.exec("select from event"); });
        EXPECT_EQ(hidden.sqlstate, "42501");
        EXPECT_NE(hidden.text.find("row-level security"), std::string::npos) << hidden.text;
        inside_.exec(
            "alter table baton_test.event disable row level security, no force row level "
            "security");
        EXPECT_EQ(reader.exec("select from event").size(), 1U);
    }
    EXPECT_EQ(finding("row_security"), "ok: no policy stands before the log");
    admin_.exec("drop role " + role);
}

TEST_F(StrangeSchemaTest, AnOwnerWhoMayNotAskForTheClusterIsToldWhatToGrant) {
    const std::string owner = "owner_" + database_.name();
    admin_.exec("create role " + owner + " login createrole");
    admin_.exec("grant create on database " + database_.name() + " to " + owner);
    {
        Connection connection(database_.url() + "&user=" + owner);
        (void)Migrator().install(connection, "baton_owned");
        Connection owned(database_.url() + "&user=" + owner, {.schema = "baton_owned"});
        owned.exec("select describe_environment('test', 'development')");
        admin_.exec("revoke execute on function pg_control_system() from public");
        prepare_leadership(owned);
        const Outcome refused = outcome_of([&] {
            static_cast<void>(lead(
                owned, {"here", {}, {}, std::chrono::seconds(10), testing::test_credentials()}));
        });
        EXPECT_EQ(refused.sqlstate, "42501");
        EXPECT_NE(refused.text.find("let a superuser run: grant execute on function "
                                    "pg_control_system() to " +
                                    owner),
                  std::string::npos)
            << refused.text;
        EXPECT_EQ(owned.exec("select state || found from doctor() where check_name = 'cluster'")
                      .only()
                      .text(0)
                      .find("problem"),
                  0U);
    }
    (void)uninstall(admin_, "baton_owned");
    admin_.exec("drop owned by " + owner + "; drop role " + owner);
}

}  // namespace
}  // namespace baton::sql
