// Handlers that are endpoints, without a database: what a request has, what an answer means, and
// what is not sent at all.
#include "baton/node_agent/endpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "node_agent/endpoint_server.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Kind = Outcome::Kind;

class EndpointTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<EndpointServer>();
        shared_client = std::make_shared<EndpointClient>(EndpointRules{
            .networks = {"127.0.0.0/8"}, .plain_http = true, .ca_file = server->certificate()});
        ::setenv("ENDPOINT_TEST_KEY", EndpointServer::key, 1);     // NOLINT(concurrency-mt-unsafe)
        ::setenv("ENDPOINT_TEST_TOKEN", "sk_live_0123456789", 1);  // NOLINT(concurrency-mt-unsafe)
    }
    static void TearDownTestSuite() {
        shared_client.reset();
        server.reset();
    }

    static Endpoint at(const std::string& path) {
        return {.name = "work", .version = 1, .url = server->url(path), .time_limit = 20s};
    }
    static Endpoint by_tls(const std::string& path, const std::string& host = "localhost") {
        Endpoint endpoint = at(path);
        endpoint.url = server->tls_url(path, host);
        return endpoint;
    }
    Outcome run(const Endpoint& endpoint, const StoredPayload& payload = {{.json = "{}"}}) {
        return run(endpoint, payload, shared_client);
    }
    Outcome run(const Endpoint& endpoint, const StoredPayload& payload,
                const std::shared_ptr<EndpointClient>& client) {
        Handlers handlers;
        add_endpoint(handlers, endpoint, client);
        TaskContext task({.id = 17, .version = 1, .attempt = 2, .delivery = 3, .tenant = tenant_},
                         "shop",
                         {.transaction = {},
                          .is_cancelled = [this] { return is_stopping_ || is_lost_; },
                          .is_lost = [this] { return is_lost_.load(); }});
        return handlers.run(0)(payload, task);
    }
    // What there is instead of an answer, by rules that allow less.
    std::string refused_by(const EndpointRules& rules, const std::string& url) {
        Endpoint endpoint = at("/ok");
        endpoint.url = url;
        return run(endpoint, {{.json = "{}"}}, std::make_shared<EndpointClient>(rules)).reason;
    }
    static std::string refusal(const Endpoint& endpoint,
                               const std::shared_ptr<EndpointClient>& client = shared_client) {
        Handlers handlers;
        try {
            add_endpoint(handlers, endpoint, client);
        } catch (const Error& error) {
            return with_code(error.code(), error.what());
        }
        return "added";
    }
    static std::string build_of(const Endpoint& endpoint) {
        Handlers handlers;
        add_endpoint(handlers, endpoint, shared_client);
        return handlers.infos()[0].build;
    }
    void expect(const Outcome& outcome, Kind kind, const std::string& reason) {
        EXPECT_EQ(outcome.kind, kind) << outcome.reason;
        EXPECT_EQ(outcome.reason, reason);
    }

    // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
    static inline std::unique_ptr<EndpointServer> server;
    static inline std::shared_ptr<EndpointClient> shared_client;
    // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
    std::optional<std::string> tenant_ = std::nullopt;
    std::atomic<bool> is_stopping_{false};
    std::atomic<bool> is_lost_{false};
};

TEST_F(EndpointTest, PayloadGoesAndAnswerIsTheResult) {
    const Outcome outcome = run(at("/echo"), {{.json = R"({"a": [1, "ü"]})"}});
    expect(outcome, Kind::done, "");
    EXPECT_EQ(outcome.result, R"({"a": [1, "ü"]})");
    const StoredPayload bytes{
        {.json = "{}", .body = std::string_view("\0\xff\n", 3), .content_type = "image/png"}};
    EXPECT_EQ(run(at("/echo?bytes"), bytes).result, R"({"body": "��"})");
    EXPECT_NE(server->requests("/echo?bytes").at(0).find(R"("content-type": "image/png")"),
              std::string::npos);
    EXPECT_EQ(run(by_tls("/echo"), {{.json = "[7]"}}).result, "[7]");
}

TEST_F(EndpointTest, RequestSaysWhatItIs) {
    tenant_ = "a\r\nx-evil: 1";
    Endpoint endpoint = at("/echo?headers");
    endpoint.headers = {"x-team: billing"};
    endpoint.method = "PUT";
    expect(run(endpoint), Kind::done, "");
    const std::string request = server->requests("/echo?headers").at(0);
    for (const std::string line :
         {R"("method": "PUT")", R"("x-team": "billing")", R"("webhook-id": "shop/task/17")",
          R"("idempotency-key": "shop/task/17")", R"("baton-handler": "work")",
          R"("baton-handler-version": "1")", R"("baton-task-id": "17")", R"("baton-attempt": "2")",
          R"("baton-delivery": "3")", R"("baton-tenant": "a%0D%0Ax-evil: 1")"}) {
        EXPECT_NE(request.find(line), std::string::npos) << line << " in " << request;
    }
    EXPECT_EQ(request.find(R"("x-evil")"), std::string::npos);
    EXPECT_EQ(request.find(R"("authorization")"), std::string::npos);
    const StoredPayload odd{{.json = "{}", .body = "x", .content_type = "text/plain\r\nx-evil: 1"}};
    expect(run(at("/echo?odd"), odd), Kind::done, "");
    EXPECT_EQ(server->requests("/echo?odd").at(0).find(R"("x-evil")"), std::string::npos);
}

TEST_F(EndpointTest, AnswerOfAnotherVersionIsNoSuccess) {
    expect(run(at("/ok?version=2")), Kind::retry,
           "it was answered by version 2: the header baton-handler-version must be 1");
    expect(run(at("/ok?version=none")), Kind::retry,
           "its answer does not say which version of the handler it is: the header "
           "baton-handler-version must be 1");
    Endpoint endpoint = at("/echo?version=7");
    endpoint.version = 7;
    expect(run(endpoint), Kind::done, "");
    expect(run(at("/echo?version=01")), Kind::retry,
           "it was answered by version 01: the header baton-handler-version must be 1");
}

TEST_F(EndpointTest, StatusSaysWhatBecomesOfTheTask) {
    expect(run(at("/status?status=500")), Kind::retry, "status 500: it says no");
    expect(run(at("/status?status=503")), Kind::retry, "status 503: it says no");
    expect(run(at("/status?status=404")), Kind::dead, "status 404: it says no");
    expect(run(at("/status?status=408")), Kind::retry, "status 408: it says no");
    for (const std::string status : {"301", "302", "307", "308"}) {
        expect(run(at("/redirect?status=" + status)), Kind::retry,
               "status " + status + ": it redirects, which is not followed");
    }
    EXPECT_TRUE(server->requests("/status?status=200").empty());
    const Outcome seconds = run(at("/status?status=429&after=7"));
    EXPECT_EQ(seconds.kind, Kind::later);
    EXPECT_EQ(seconds.pause, 7s);
    const Outcome date = run(at("/status?status=503&date=20"));
    EXPECT_EQ(date.kind, Kind::later);
    EXPECT_GE(date.pause, 15s);
    EXPECT_LE(date.pause, 20s);
    for (const std::string after : {"-5", "soon", "99999999999999999999999", "1e9"}) {
        const Outcome odd = run(at("/status?status=429&after=" + after));
        EXPECT_EQ(odd.kind, Kind::later);
        EXPECT_GE(odd.pause, 100ms);
        EXPECT_LE(odd.pause, 1h);
    }
    EXPECT_EQ(run(at("/status?status=429")).pause, 5s);
    EXPECT_EQ(run(at("/status?status=410")).kind, Kind::later);
}

TEST_F(EndpointTest, AnswersThatAreNoneAreFailures) {
    const auto begun = Clock::now();
    const auto fast = [](const std::string& path) {
        Endpoint endpoint = at(path);
        endpoint.time_limit = 300ms;
        return endpoint;
    };
    expect(run(fast("/slow?seconds=5")), Kind::retry, "it took longer than 300 ms");
    expect(run(fast("/loris")), Kind::retry, "status 200, but it took longer than 300 ms");
    expect(run(fast("/loris_headers")), Kind::retry, "status 200, but it took longer than 300 ms");
    EXPECT_LT(Clock::now() - begun, 5s);
    EXPECT_EQ(run(at("/cut")).kind, Kind::retry);
    EXPECT_EQ(run(at("/cut_before")).kind, Kind::retry);
    EXPECT_EQ(run(at("/no_http")).kind, Kind::retry);
    expect(run(at("/huge?bytes=10000000")), Kind::retry,
           "status 200, but its answer is larger than 65536 bytes");
    expect(run(at("/endless_headers")), Kind::retry,
           "status 200, but its answer has more than 65536 bytes of headers");
    expect(run(at("/bomb")), Kind::retry, "status 200, but its answer is larger than 65536 bytes");
    for (int i = 0; i < 5; ++i) {
        const Outcome longer = run(at("/longer"));
        expect(longer, Kind::done, "");
        EXPECT_EQ(longer.result, "{}");
        // Nobody else is answered with the rest.
        EXPECT_EQ(run(at("/echo?next"), {{.json = "[7]"}}).result, "[7]");
    }
}

TEST_F(EndpointTest, SignatureIsThatOfTheSpecification) {
    Endpoint endpoint = at("/signed");
    expect(run(endpoint, {{.json = R"({"a": 1})"}}), Kind::dead, "status 401: {}");
    endpoint.sign_with = {"env:ENDPOINT_TEST_KEY"};
    expect(run(endpoint, {{.json = R"({"a": 1})"}}), Kind::done, "");
    // While one key is exchanged for another there are signatures of both.
    std::ofstream(server->folder() / "next") << "another key\n";
    endpoint.folder = server->folder();
    endpoint.sign_with = {"file:next", "env:ENDPOINT_TEST_KEY"};
    expect(run(endpoint, {{.json = R"({"a": 1})"}}), Kind::done, "");
    endpoint.sign_with = {"file:next"};
    EXPECT_EQ(run(endpoint).kind, Kind::dead);
    // A file is read anew for each request.
    std::ofstream(server->folder() / "next") << EndpointServer::key << "\n";
    expect(run(endpoint), Kind::done, "");
}

TEST_F(EndpointTest, SecretsAreInNoOutcome) {
    for (const std::string status : {"200", "400", "500", "429"}) {
        Endpoint endpoint = at("/leak?status=" + status);
        endpoint.bearer = "env:ENDPOINT_TEST_TOKEN";
        endpoint.sign_with = {"env:ENDPOINT_TEST_KEY"};
        const Outcome outcome = run(endpoint);
        EXPECT_NE((outcome.reason + outcome.result).find("Bearer [secret]"), std::string::npos)
            << outcome.reason << outcome.result;
        EXPECT_EQ((outcome.reason + outcome.result).find("sk_live"), std::string::npos);
    }
    // JSON stays JSON, whatever a secret is.
    ::setenv("ENDPOINT_TEST_ODD", R"(": "y", "z": ")", 1);  // NOLINT(concurrency-mt-unsafe)
    Endpoint odd = at("/echo?odd_secret");
    odd.bearer = "env:ENDPOINT_TEST_ODD";
    EXPECT_EQ(run(odd, {{.json = R"({"x": "y", "z": "1"})"}}).result, R"({"body": "[secret]"})");
    EXPECT_NE(server->requests("/leak?status=200").at(0).find("Bearer sk_live_0123456789"),
              std::string::npos);
}

TEST_F(EndpointTest, DeclarationsThatCannotBeUsedAreRefused) {
    const auto with = [](auto change) {
        Endpoint endpoint = at("/ok");
        change(endpoint);
        return refusal(endpoint);
    };
    const std::string start = "handler \"work\" version 1: ";
    const std::string code = " [BT016]";
    EXPECT_EQ(with([](Endpoint& e) { e.url = "https://u:p@example.com/"; }),
              start + "the URL has credentials in it; name them with handler.bearer" + code);
    for (const std::string url :
         {"file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "dict://a/"}) {
        EXPECT_NE(with([&](Endpoint& e) { e.url = url; }).find("endpoints are of https://"),
                  std::string::npos);
    }
    for (const std::string url : {"", "https://", "http://a b/", "https://example.com/\r\nx: y"}) {
        EXPECT_NE(with([&](Endpoint& e) { e.url = url; }).find("the URL"), std::string::npos);
    }
    EXPECT_EQ(with([](Endpoint& e) { e.bearer = "sk_live_planted"; }),
              start + "a secret is named as env:NAME or file:PATH; it is never in the file itself" +
                  code);
    EXPECT_EQ(with([](Endpoint& e) { e.bearer = "env:NOT_SET_ANYWHERE"; }),
              start + "the secret \"env:NOT_SET_ANYWHERE\" is not set on this node" + code);
    EXPECT_EQ(with([](Endpoint& e) { e.sign_with = {"file:/nowhere/at/all"}; }),
              start + "the secret \"file:/nowhere/at/all\" cannot be read on this node" + code);
    const auto careful = std::make_shared<EndpointClient>(EndpointRules{});
    EXPECT_NE(refusal(at("/ok"), careful).find("endpoints.plain_http = true"), std::string::npos);
    try {
        const EndpointClient client({.networks = {"10.0.0.1/8"}});
        ADD_FAILURE() << "taken";
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()),
                  "endpoints.allow: \"10.0.0.1/8\" is no network; write it as \"10.1.0.0/16\" or "
                  "\"fd00::/8\"");
    }
}

TEST_F(EndpointTest, BuildIsOfTheDeclarationButNoSecret) {
    Endpoint endpoint = at("/ok");
    endpoint.bearer = "env:ENDPOINT_TEST_TOKEN";
    const std::string build = build_of(endpoint);
    ::setenv("ENDPOINT_TEST_TOKEN", "sk_live_other", 1);  // NOLINT(concurrency-mt-unsafe)
    EXPECT_EQ(build_of(endpoint), build);
    ::setenv("ENDPOINT_TEST_TOKEN", "sk_live_0123456789", 1);  // NOLINT(concurrency-mt-unsafe)
    Endpoint other = endpoint;
    other.url += "?x";
    EXPECT_NE(build_of(other), build);
    other = endpoint;
    other.headers = {"x: y"};
    EXPECT_NE(build_of(other), build);
}

TEST_F(EndpointTest, AddressesThatAreNotPublicAreRefused) {
    const std::string port = server->url("/never").substr(std::string("http://127.0.0.1").size());
    const EndpointRules rules{.plain_http = true};
    for (const std::string host : {"127.0.0.1",
                                   "127.1",
                                   "0x7f000001",
                                   "2130706433",
                                   "017700000001",
                                   "0.0.0.0",
                                   "0",
                                   "[::1]",
                                   "[::]",
                                   "[::ffff:127.0.0.1]",
                                   "[::ffff:a9fe:a9fe]",
                                   "[64:ff9b::7f00:1]",
                                   "localhost",
                                   "169.254.169.254",
                                   "10.0.0.1",
                                   "172.31.255.255",
                                   "192.168.0.1",
                                   "100.100.100.200",
                                   "224.0.0.1",
                                   "255.255.255.255",
                                   "[fe80::1]",
                                   "[fd00:ec2::254]",
                                   "[ff02::1]",
                                   "[2002:7f00:1::]",
                                   "[::127.0.0.1]",
                                   "198.18.0.1"}) {
        const std::string reason = refused_by(rules, "http://" + host + port);
        EXPECT_NE(reason.find("which endpoints.allow of the environment's file does not name"),
                  std::string::npos)
            << host << ": " << reason;
    }
    EXPECT_TRUE(server->requests("/never").empty());
}

TEST_F(EndpointTest, WhatIsAllowedIsAllowedAlone) {
    const std::string port = server->url("/some").substr(std::string("http://127.0.0.1").size());
    const EndpointRules rules{.networks = {"127.0.0.1"}, .plain_http = true};
    EXPECT_EQ(refused_by(rules, "http://127.0.0.1" + port), "");
    EXPECT_EQ(refused_by(rules, "http://[::ffff:127.0.0.1]" + port), "");
    EXPECT_NE(refused_by(rules, "http://127.0.0.2" + port), "");
}

TEST_F(EndpointTest, CertificateMustBeRight) {
    expect(run(by_tls("/ok")), Kind::done, "");
    EXPECT_NE(run(by_tls("/ok", "127.0.0.1")).reason.find("certificate"), std::string::npos);
    const std::string reason =
        refused_by({.networks = {"127.0.0.0/8", "::1"}}, server->tls_url("/untrusted"));
    EXPECT_NE(reason.find("certificate"), std::string::npos) << reason;
    EXPECT_TRUE(server->requests("/untrusted").empty());
}

TEST_F(EndpointTest, ProxiesOfTheEnvironmentAreNotAsked) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);  // NOLINT(concurrency-mt-unsafe)
    ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);   // NOLINT(concurrency-mt-unsafe)
    expect(run(at("/ok?proxy")), Kind::done, "");
    ::unsetenv("http_proxy");  // NOLINT(concurrency-mt-unsafe)
    ::unsetenv("ALL_PROXY");   // NOLINT(concurrency-mt-unsafe)
}

TEST_F(EndpointTest, RequestOfALostTaskIsGivenUp) {
    const auto begun = Clock::now();
    std::thread other([&] {
        EXPECT_TRUE(
            eventually(20s, [&] { return server->requests("/slow?seconds=20").size() == 1; }));
        is_lost_ = true;
    });
    const Outcome outcome = run(at("/slow?seconds=20"));
    other.join();
    EXPECT_EQ(outcome.kind, Kind::later);
    EXPECT_LT(Clock::now() - begun, 15s);
    EXPECT_EQ(run(at("/ok?lost")).kind, Kind::later);
    EXPECT_TRUE(server->requests("/ok?lost").empty());
}

TEST_F(EndpointTest, ConnectionsAreKept) {
    for (int i = 0; i < 5; ++i) expect(run(at("/ok?kept")), Kind::done, "");
    std::vector<std::string> clients;
    for (const std::string& request : server->requests("/ok?kept")) {
        const std::size_t at = request.find("\"client\": ");
        clients.push_back(request.substr(at, request.find(',', at) - at));
    }
    ASSERT_EQ(clients.size(), 5U);
    EXPECT_EQ(std::count(clients.begin(), clients.end(), clients.front()), 5);
}

}  // namespace
}  // namespace baton::testing
