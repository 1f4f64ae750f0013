// Endpoints as handlers of a node: what the database has of them, when nothing is sent, and what
// nobody reads anywhere.
#include "baton/node_agent/endpoint.hpp"
#include "node_agent/endpoint_server.hpp"
#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class NodeEndpointTest : public NodeAgentFixture {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<EndpointServer>();
        ::setenv("ENDPOINT_TEST_KEY", EndpointServer::key, 1);     // NOLINT(concurrency-mt-unsafe)
        ::setenv("ENDPOINT_TEST_TOKEN", "sk_live_0123456789", 1);  // NOLINT(concurrency-mt-unsafe)
    }
    static void TearDownTestSuite() { server.reset(); }

    static Endpoint at(const std::string& path) {
        return {.name = "http", .version = 1, .url = server->url(path), .time_limit = 20s};
    }
    static Handlers made_of(const std::vector<Endpoint>& endpoints) {
        Handlers made;
        const auto client = std::make_shared<EndpointClient>(
            EndpointRules{.networks = {"127.0.0.0/8"}, .plain_http = true});
        for (const Endpoint& endpoint : endpoints) add_endpoint(made, endpoint, client);
        return made;
    }
    static Handlers made_of(const Endpoint& endpoint) { return made_of(std::vector{endpoint}); }
    void enqueue_some(int count = 1) {
        ASSERT_TRUE(eventually(
            60s, [&] { return number("select count(*) from handler where name = 'http'") == 1; }));
        connection_.exec(
            "select enqueue('http', jsonb_build_object('i', i)) from "
            "generate_series(1, " +
            std::to_string(count) + ") i");
    }
    [[nodiscard]] bool is(const std::string& condition) {
        return eventually(
            30s, [&] { return number("select coalesce((" + condition + ")::int, 0)") == 1; });
    }
    std::string problem() { return text("select (status() -> 'problems')::text"); }

    // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
    static inline std::unique_ptr<EndpointServer> server;
};

TEST_F(NodeEndpointTest, ManyRequestsAreUnderWayOnOneThread) {
    Endpoint endpoint = at("/slow?seconds=0.3");
    endpoint.concurrency = 60;
    const RunningAgent agent(options(), made_of(endpoint));
    const auto begun = std::chrono::steady_clock::now();
    enqueue_some(60);
    ASSERT_TRUE(has_ended(60));
    // One after the other they would take 18 s.
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 9s);
    EXPECT_EQ(number("select count(distinct task) from task_end where result = '{}'"), 60);
    EXPECT_EQ(server->requests("/slow?seconds=0.3").size(), 60U);
}

TEST_F(NodeEndpointTest, AnswerOf202IsDoneByItsCallback) {
    Endpoint endpoint = at("/later?callback");
    endpoint.callback = 3600s;
    std::optional<RunningAgent> agent(std::in_place, options(), made_of(endpoint));
    enqueue_some();
    ASSERT_TRUE(is("exists (select from task_callback where outcome is null)"));
    const std::vector<std::string> requests = server->requests("/later?callback");
    ASSERT_EQ(requests.size(), 1U);
    const std::string header = "\"baton-callback-token\": \"";
    const std::size_t begin = requests[0].find(header);
    ASSERT_NE(begin, std::string::npos) << requests[0];
    const std::string token = requests[0].substr(begin + header.size(), 66);
    EXPECT_EQ(token.substr(0, 2), "1.");
    agent.reset();  // the endpoint has the task, and no node
    EXPECT_EQ(text("select call_back('" + token + "', '{\"sent\": 1}')"), "done");
    EXPECT_EQ(text("select result from task_end"), R"({"sent": 1})");
    EXPECT_EQ(text("select call_back('" + token + "')"), "done already");
}

TEST_F(NodeEndpointTest, AnswerOf202IsAnyOtherWhereNothingIsSaidOfCallbacks) {
    const RunningAgent agent(options(), made_of(at("/later")));
    enqueue_some();
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(server->requests("/later")[0].find("callback"), std::string::npos);
}

TEST_F(NodeEndpointTest, FailureIsOnRecordAndTriedAgain) {
    connection_.exec("update handler set retry_after = '10 ms'");
    const RunningAgent agent(options(), made_of(at("/status?status=500&times=2")));
    enqueue_some();
    ASSERT_TRUE(is("exists (select from handler where name = 'http')"));
    connection_.exec("update handler set retry_after = '10 ms'");
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(number("select count(*) from task_failure where error = 'status 500: it says no'"),
              2);
    // The id is the same for each attempt.
    for (const std::string& request : server->requests("/status?status=500&times=2")) {
        EXPECT_NE(request.find("\"webhook-id\": \"" + test_credentials().environment + "/task/1\""),
                  std::string::npos);
    }
}

TEST_F(NodeEndpointTest, PauseThatItAsksForIsKeptByAllAndShown) {
    Endpoint endpoint = at("/status?status=429&after=3600");
    endpoint.concurrency = 1;
    const RunningAgent agent(options(), made_of(endpoint));
    enqueue_some(20);
    ASSERT_TRUE(is("exists (select from endpoint where state = 'slowed')"));
    EXPECT_EQ(text("select reason from endpoint"), "status 429: it says no");
    // What was claimed by then went back, and is nobody's attempt.
    ASSERT_TRUE(is("(select count(*) from task_ready) + (select count(*) from task_due) = 20"));
    EXPECT_EQ(server->requests("/status?status=429&after=3600").size(), 1U);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(text("select w.reason from (select task from task_ready limit 1) t, why(t.task) w"),
              "endpoint");
    EXPECT_NE(text("select (status() -> 'notes')::text").find("asked for a pause, until"),
              std::string::npos);
    // Another node hears of it before it sends anything.
    const RunningAgent other(options("other"), made_of(endpoint));
    ASSERT_TRUE(is("(select count(*) from node where name = 'other') = 1"));
    EXPECT_FALSE(eventually(
        1200ms, [&] { return server->requests("/status?status=429&after=3600").size() > 1; }));
    connection_.exec("select enable_endpoint('http')");
    EXPECT_TRUE(eventually(
        30s, [&] { return server->requests("/status?status=429&after=3600").size() >= 2; }));
}

TEST_F(NodeEndpointTest, FailuresInARowBreakItAndSuccessMendsIt) {
    Endpoint endpoint = at("/status?status=502&times=6");
    endpoint.concurrency = 1;
    const RunningAgent agent(options(), made_of(endpoint));
    enqueue_some(12);
    ASSERT_TRUE(is("exists (select from endpoint where state = 'broken')"));
    EXPECT_NE(problem().find("the endpoint of handler http is broken since "), std::string::npos)
        << problem();
    EXPECT_NE(problem().find("requests in a row failed, the last one: status 502: it says no"),
              std::string::npos)
        << problem();
    ASSERT_TRUE(has_ended(12));
    EXPECT_TRUE(is("(select state from endpoint) = 'open'"));
    EXPECT_EQ(server->requests("/status?status=502&times=6").size(), 18U);
}

TEST_F(NodeEndpointTest, GoneIsDisabledUntilSomebodyEnablesIt) {
    Endpoint endpoint = at("/status?status=410&times=1");
    endpoint.concurrency = 1;
    const RunningAgent agent(options(), made_of(endpoint));
    enqueue_some(3);
    ASSERT_TRUE(is("(select state from endpoints()) = 'disabled'"));
    EXPECT_EQ(text("select reason from endpoints()"),
              "its endpoint is gone: status 410: it says no");
    EXPECT_EQ(server->requests("/status?status=410&times=1").size(), 1U);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(text("select found from doctor() where check_name = 'endpoints'"),
              "nothing is sent to http (disabled)");
    connection_.exec("select enable_endpoint('http')");
    ASSERT_TRUE(has_ended(3));
    EXPECT_EQ(text("select state from endpoints()"), "open");
}

TEST_F(NodeEndpointTest, VersionBesideTheLiveOneHidesNothingThatThatAnswers) {
    std::vector<Endpoint> live;
    for (const char* const status : {"429&after=3600", "502", "410"}) {
        Endpoint& endpoint = live.emplace_back(at("/status?beside&status=" + std::string(status)));
        endpoint.name = "http" + std::to_string(live.size());
        endpoint.concurrency = 1;
    }
    {
        const RunningAgent first(options(), made_of(live));
        ASSERT_TRUE(is("(select count(*) from handler where name like 'http_') = 3"));
    }
    std::vector<Endpoint> both = live;
    for (Endpoint next : live) {
        next.version = 2;
        next.url = server->url("/ok?next");
        both.push_back(next);
    }
    const RunningAgent agent(options(), made_of(both));
    ASSERT_TRUE(is("(select count(*) from handler_version where handler like 'http_') = 6"));
    connection_.exec(
        "select enqueue(name, '{}') from handler cross join generate_series(1, 6) where "
        "name like 'http_' and live_version = 1");
    EXPECT_TRUE(
        is("(select string_agg(state, ' ' order by handler) from endpoints()) = 'slowed broken "
           "disabled'"))
        << text("select string_agg(concat(handler, ' ', state), ', ') from endpoints()");
    EXPECT_EQ(server->requests("/ok?next").size(), 0U);
}

TEST_F(NodeEndpointTest, CancelledAndStoppedRequestsAreGivenUp) {
    NodeOptions how = options();
    how.lease = 1500ms;
    how.stop_patience = 400ms;
    Endpoint endpoint = at("/slow?seconds=60");
    endpoint.time_limit = 60s;
    endpoint.stop_patience = how.stop_patience;
    RunningAgent agent(how, made_of(endpoint));
    enqueue_some(2);
    EXPECT_TRUE(eventually(30s, [&] { return server->requests("/slow?seconds=60").size() == 2; }));
    connection_.exec("select cancel(1)");
    const auto begun = std::chrono::steady_clock::now();
    agent.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
    EXPECT_EQ(agent.left_running(), 0);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(number("select (select count(*) from task_ready where attempts = 0) + (select "
                     "count(*) from task_due where attempts = 0)"),
              1);
}

TEST_F(NodeEndpointTest, CopyThatNobodyAdoptedCallsNobody) {
    {
        const RunningAgent agent(options(), made_of(at("/ok?copy")));
        enqueue_some();
        ASSERT_TRUE(has_ended(1));
    }
    enqueue_some(3);
    connection_.exec(
        "update environment_home set database_id = (select oid from pg_database where datname = "
        "'template1')");
    RunningAgent agent(options(), made_of(at("/ok?copy")));
    EXPECT_TRUE(eventually(30s, [&] { return agent.has_ended(); }));
    EXPECT_NE(agent.error().find("[BT049]"), std::string::npos) << agent.error();
    EXPECT_EQ(server->requests("/ok?copy").size(), 1U);
}

TEST_F(NodeEndpointTest, SecretsAreInNoTableAndNoLog) {
    Endpoint endpoint = at("/leak?status=400");
    endpoint.bearer = "env:ENDPOINT_TEST_TOKEN";
    endpoint.sign_with = {"env:ENDPOINT_TEST_KEY"};
    ::testing::internal::CaptureStderr();
    {
        const RunningAgent agent(options(), made_of(endpoint));
        enqueue_some();
        ASSERT_TRUE(has_ended(1, "dead"));
    }
    std::string all = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(all.find("task is dead"), std::string::npos) << all;
    EXPECT_EQ(number("select count(*) from task_failure where error like '%Bearer [secret]%'"), 1);
    const sql::Result tables = connection_.exec(
        "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p') and "
        "c.relnamespace = current_schema()::regnamespace");
    for (const sql::Row& table : tables) {
        all += text("select concat(string_agg(t::text, ' ')) from " + std::string(table.text(0)) +
                    " t");
    }
    EXPECT_NE(all.find("Bearer [secret]"), std::string::npos);
    EXPECT_EQ(all.find("sk_live_0123456789"), std::string::npos);
    EXPECT_EQ(all.find("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), std::string::npos);
}

}  // namespace
}  // namespace baton::testing
