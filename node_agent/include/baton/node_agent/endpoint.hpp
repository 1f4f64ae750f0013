// Handlers that are endpoints: an HTTP URL, to which a request goes for each task.
// docs/endpoints.md says what it gets and what its answer means.
//
//   const auto client = std::make_shared<baton::EndpointClient>(baton::EndpointRules{});
//   baton::Handlers handlers;
//   baton::add_endpoint(handlers, {.name = "send_invoice", .version = 3,
//                                  .url = "https://billing.example.com/invoices",
//                                  .sign_with = {"env:BILLING_KEY"}}, client);
//
// Threads: add_endpoint() as Handlers::add(). It reads variables of the process. A client may be
// used by any thread; it has one of its own, for however many requests are under way.
// Cost: of a task, a request, on a connection that is kept; an HMAC for each key.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "baton/node_agent/handlers.hpp"

namespace baton {

namespace node {
class HttpLoop;
}

/// What holds for all endpoints of a process.
struct EndpointRules {
    /// What may be connected to beside public addresses: "10.1.0.0/16", "fd00::/8".
    std::vector<std::string> networks = {};
    bool plain_http = false;             ///< Whether without TLS.
    std::filesystem::path ca_file = {};  ///< Whose certificates are believed; empty: the system's.
};

/// What sends the requests of a process.
class EndpointClient {
public:
    /// Throws Error(settings_invalid) where a network is none, or a file cannot be read.
    explicit EndpointClient(const EndpointRules& rules);
    ~EndpointClient();
    EndpointClient(const EndpointClient&) = delete;
    EndpointClient& operator=(const EndpointClient&) = delete;

    [[nodiscard]] const EndpointRules& rules() const noexcept { return rules_; }
    [[nodiscard]] node::HttpLoop& loop() noexcept { return *loop_; }

private:
    EndpointRules rules_;
    std::unique_ptr<node::HttpLoop> loop_;
};

struct Endpoint {
    std::string name;  ///< Of the handler.
    int version = 1;
    std::string url;
    std::string method = "POST";
    std::vector<std::string> headers = {};  ///< "name: value".
    /// The secret that is its bearer token, by its name: "env:NAME" or "file:PATH"; empty: none.
    std::string bearer = {};
    std::vector<std::string> sign_with = {};  ///< Those that sign its requests, likewise.
    std::filesystem::path folder = {};        ///< What the paths of secrets are relative to.
    std::vector<std::string> events = {};     ///< Types.
    std::vector<int> accepts_from = {};       ///< Versions whose tasks it does, too.
    int concurrency = 16;                     ///< Requests under way at once.
    std::chrono::milliseconds time_limit{30'000};
    std::int64_t answer_max = 65'536;  ///< Bytes.
    /// How long after an answer of 202 its callback may come; 0: none comes.
    std::chrono::milliseconds callback{0};
    /// How long a request may go on when the node stops: NodeOptions::stop_patience.
    std::chrono::milliseconds stop_patience{4000};
    bool lane_by_key = false;  ///< The key of an event is the lane of its task.
};

/// Throws Error: settings_invalid where the URL, a header or a secret cannot be used;
/// handler_invalid as Handlers::add().
void add_endpoint(Handlers& handlers, const Endpoint& endpoint,
                  const std::shared_ptr<EndpointClient>& client);

}  // namespace baton
