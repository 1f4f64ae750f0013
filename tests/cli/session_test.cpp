// The tool under a role, and in a terminal, that would have it otherwise: what it stores and prints
// is the same; and a leader whose right is taken away for a while.
#include <gtest/gtest.h>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

// Every kind of value that a setting can print otherwise.
constexpr auto kinds_of_values = R"(--! reducer kinds version 1
create table kinds__v1 (key text primary key, at timestamptz, day date, span interval,
                        bytes bytea, ratio double precision, position bigint not null);
create function kinds__v1() returns void language sql as $$
  insert into kinds__v1 (key, at, day, span, bytes, ratio, position)
  select e.key, '2026-03-04 05:06:07+00', '2026-03-04', '1 day 02:03:04', 'bytes',
         0.1::float8 + 0.2, e.position
    from batch_event e where e.type = 'a/b'
  on conflict (key) do nothing
$$;
)";

class SessionTest : public ::testing::Test {
protected:
    SessionTest() : database_(environment_template()), admin_(database_.url()), tool_(database_) {
        admin_.exec("create schema evil");
        admin_.exec(
            "create function evil.trap(text, text) returns boolean language plpgsql as "
            "$$ begin raise exception 'evil.trap was called'; end $$");
        admin_.exec(
            "create operator evil.= (leftarg = text, rightarg = text, function = evil.trap)");
        admin_.exec("create role " + role_ + " login superuser");
        for (const char* const setting :
             {"client_encoding = 'LATIN1'", "search_path = evil, pg_catalog",
              "default_transaction_isolation = 'serializable'", "datestyle = 'German, DMY'",
              "intervalstyle = 'sql_standard'", "timezone = 'Asia/Kolkata'",
              "bytea_output = 'escape'", "extra_float_digits = -15",
              "standard_conforming_strings = off", "quote_all_identifiers = on",
              "check_function_bodies = off", "transform_null_equals = on", "exit_on_error = on",
              "statement_timeout = '20s'", "client_min_messages = 'debug1'"}) {
            admin_.exec("alter role " + role_ + " set " + setting);
        }
        spoilt_.set("DATABASE_URL", database_.url() + "&user=" + role_);
        spoilt_.set("BATON_ENVIRONMENT", "test");
        spoilt_.set("BATON_KIND", "development");
        spoilt_.set("PGCLIENTENCODING", "LATIN1");
    }
    ~SessionTest() override { admin_.exec("drop role " + role_); }

    const TestDatabase database_;
    sql::Connection admin_;
    const std::string role_ = "spoilt_" + database_.name();
    const Tool tool_;
    Tool spoilt_;
};

TEST_F(SessionTest, StoresAndPrintsTheSameUnderARoleWithDefaultsOfItsOwn) {
    const std::string file = spoilt_.write("kinds.sql", kinds_of_values);
    const ChildProcess orchestrator(
        spoilt_.options({"orchestrate", "--reducer", file, "--poll-ms", "100"}));
    const std::string key = "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87/\xc3\xa9";
    const Ran dispatched =
        spoilt_.run({"dispatch", "a/b", "{\"letter\": \"\xc3\xa9\"}", "--key", key, "--wait"});
    ASSERT_EQ(dispatched.code, 0) << dispatched.err << orchestrator.error_output();
    EXPECT_EQ(dispatched.err, "");
    EXPECT_EQ(
        spoilt_
            .run({"dispatch", "--ndjson", "-"}, "{\"type\": \"a/b\", \"key\": \"" + key + "2\"}\n")
            .out,
        "dispatched 1 events\n");
    EXPECT_EQ(admin_
                  .exec("select convert_to(min(key), 'UTF8') = '\\xd0bad0bbd18ed1872fc3a9' and "
                        "min(payload ->> 'letter') = U&'\\00e9' from baton_test.event")
                  .only()
                  .text(0),
              "t");
    ASSERT_EQ(spoilt_.run({"wait", "2"}).code, 0);
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"log", "--json"},
                                               {"log"},
                                               {"view", "kinds", "--csv"},
                                               {"view", "kinds", "--json"},
                                               {"view", "kinds"},
                                               {"views"},
                                               {"view", "kinds", "--at", "1", "--csv"},
                                               {"environment", "list"},
                                               {"environment", "status"},
                                               {"dead", "list"}}) {
        const Ran ours = spoilt_.run(verb);
        EXPECT_EQ(ours.out, tool_.run(verb).out) << verb.front();
        EXPECT_EQ(ours.err, "") << verb.front();
        EXPECT_EQ(ours.code, 0) << verb.front();
    }
    EXPECT_NE(spoilt_.run({"view", "kinds", "--csv"})
                  .out.find("2026-03-04 05:06:07+00,2026-03-04,1 day 02:03:04,\\x6279746573,"
                            "0.30000000000000004"),
              std::string::npos)
        << spoilt_.run({"view", "kinds", "--csv"}).out;
    // An error is one, too, and not the end of the session.
    EXPECT_EQ(spoilt_.run({"view", "none"}).err,
              "baton: there is no view none; there are kinds [BT023]\n");
}

TEST_F(SessionTest, InstallsExaminesAndUninstallsUnderSuchARole) {
    spoilt_.set("BATON_ENVIRONMENT", "second");
    const Ran installed = spoilt_.run({"environment", "install"});
    EXPECT_EQ(installed.code, 0) << installed.err;
    const Ran doctor = spoilt_.run({"doctor"});
    EXPECT_EQ(doctor.out.find("evil.trap"), std::string::npos) << doctor.out;
    EXPECT_EQ(doctor.err, "");
    EXPECT_EQ(spoilt_.run({"status"}).err, "");
    const Ran uninstalled = spoilt_.run({"environment", "uninstall", "second", "--yes"});
    EXPECT_EQ(uninstalled.code, 0) << uninstalled.err;
}

TEST_F(SessionTest, ALeaderWhoseRightIsTakenAwaySaysSoAndGoesOnWhenItIsBack) {
    const std::string worker = "worker_" + database_.name();
    admin_.exec("create role " + worker + " login in role baton_test_orchestrate");
    {
        Tool tool(database_);
        tool.set("DATABASE_URL", database_.url() + "&user=" + worker);
        const std::string file = tool.write("category_sales.sql", category_sales());
        const ChildProcess orchestrator(
            tool.options({"orchestrate", "--reducer", file, "--poll-ms", "100"}));
        const auto dispatch = [&] {
            return tool_.run(
                {"dispatch", "order/placed", order("Chairs"), "--wait", "--timeout", "20"});
        };
        ASSERT_EQ(dispatch().code, 0) << orchestrator.error_output();
        for (const std::string right :
             {"execute on function baton_test.fence", "select on baton_test.event"}) {
            admin_.exec("revoke " + right + " from baton_test_orchestrate");
            ASSERT_EQ(tool_.run({"dispatch", "order/placed", order("Phones")}).code, 0);
            EXPECT_TRUE(eventually(15s,
                                   [&] {
                                       const std::string log = orchestrator.error_output();
                                       const auto at = log.rfind("leadership interrupted: ");
                                       return at != std::string::npos &&
                                              log.find("permission denied", at) !=
                                                  std::string::npos &&
                                              log.find("doctor", at) != std::string::npos;
                                   }))
                << right << "\n"
                << orchestrator.error_output();
            admin_.exec("grant " + right + " to baton_test_orchestrate");
            EXPECT_EQ(dispatch().code, 0) << right << "\n" << orchestrator.error_output();
        }
        EXPECT_EQ(tool_.run({"dead", "list"}).out.find("halting"), std::string::npos);
    }
    admin_.exec("drop owned by " + worker + "; drop role " + worker);
}

}  // namespace
}  // namespace baton::testing
