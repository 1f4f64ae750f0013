// A stranger of the same database has made a whole environment, open to everybody, with code of its
// own in it; a superuser comes there by each verb, or by a mistyped --env. What was planted counts
// in a sequence, because that outlives a rollback.

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "support/cluster.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class StrangerTest : public ::testing::Test {
protected:
    void SetUp() override {
        admin_.exec("create role " + stranger_ + " login");
        admin_.exec("grant create on database " + database_.name() + " to " + stranger_);
        sql::Connection stranger(database_.url() + "&user=" + stranger_);
        stranger.exec(
            "create schema lair; grant usage on schema lair to public; create sequence "
            "lair.witness; grant usage on lair.witness to public; create function lair.spring() "
            "returns text language sql as $$select nextval('lair.witness')::text$$");
        // A whole environment of the stranger's, open to everybody.
        (void)sql::Migrator().install(stranger, "baton_theirs", {}, sql::WithoutRoles::single_role);
        stranger.exec(
            "select baton_theirs.describe_environment('theirs', 'development'); "
            "create or replace function baton_theirs.status() returns jsonb language sql as "
            "'select to_jsonb(lair.spring())'; "
            "create or replace function baton_theirs.doctor() returns table (check_name text, "
            "state text, found text, fix text) language sql as "
            "$$select lair.spring(), 'ok', 'x', null::text$$; "
            "grant usage on schema baton_theirs to public; "
            "grant select on all tables in schema baton_theirs to public; "
            "grant execute on all functions in schema baton_theirs to public");
        // A door to knock at.
        stranger.exec(
            "create schema baton_door; grant usage on schema baton_door to public; "
            "create function baton_door.take_lead(node text, reducers text[], view_sets text[], "
            "lease interval, environment text, machine_id text, token text, more text default "
            "lair.spring()) returns void language sql security definer as ''");
    }
    void TearDown() override {
        admin_.exec("drop owned by " + stranger_ + " cascade");
        admin_.exec("drop role " + stranger_);
    }
    void expect_nothing_ran(const std::string& when) {
        EXPECT_FALSE(admin_.exec("select is_called from lair.witness").only().boolean(0))
            << when << ": planted code was run";
        admin_.exec("select setval('lair.witness', 1, false)");
    }

    TestDatabase database_;
    sql::Connection admin_{database_.url()};
    Tool tool_{database_};
    const std::string stranger_ = "stranger_" + database_.name();
};

TEST_F(StrangerTest, SuperuserRunsNothingInAStrangersEnvironment) {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"status", "--env", "theirs"},
                                               {"doctor", "--env", "theirs"},
                                               {"views", "--env", "theirs"},
                                               {"dispatch", "a/b", "--env", "theirs"},
                                               {"environment", "upgrade", "theirs"},
                                               {"environment", "install", "theirs"},
                                               {"environment", "machines", "theirs"}}) {
        const Ran ran = tool_.run(arguments);
        EXPECT_NE(ran.code, 0) << arguments[0];
        EXPECT_NE((ran.out + ran.err).find("baton_theirs belongs to " + stranger_),
                  std::string::npos)
            << arguments[0] << ": " << ran.out << ran.err;
        expect_nothing_ran(arguments[0]);
    }
    const Ran orchestrate = tool_.run({"orchestrate", "--env", "theirs", "--reducer",
                                       tool_.write("category_sales.sql", category_sales())});
    EXPECT_NE(orchestrate.err.find("[BT043]"), std::string::npos) << orchestrate.err;
    expect_nothing_ran("orchestrate");
    EXPECT_EQ(tool_.run({"environment", "list"}).code, 0);
    EXPECT_EQ(tool_.run({"environment", "status", "theirs"}).code, 1);
    expect_nothing_ran("list and status");
    EXPECT_EQ(tool_.run({"environment", "uninstall", "theirs", "--yes"}).code, 0);
    expect_nothing_ran("uninstall");
}

TEST_F(StrangerTest, MistypedEnvironmentKnocksAtNobodysDoor) {
    const Ran ran = tool_.run({"orchestrate", "--env", "dev-typo", "--reducer",
                               tool_.write("category_sales.sql", category_sales())});
    EXPECT_NE(ran.err.find("[BT009]"), std::string::npos) << ran.err;
    expect_nothing_ran("orchestrate");
}

}  // namespace
}  // namespace baton::testing
