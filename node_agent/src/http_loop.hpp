// HttpLoop: requests over HTTP, however many at once, on one thread.
//
// It follows no redirect, asks no proxy, reads no .netrc, and decides on the address that it
// connects to, not on the name. Connections are kept for the requests that come next.
//
// Threads: send() from any. What is called back runs on the loop's thread, and must be quick.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/node_agent/endpoint.hpp"

namespace baton::node {

struct HttpRequest {
    std::string url;
    std::string method;
    std::vector<std::string> headers = {};  ///< "name: value".
    std::string body = {};
    std::chrono::milliseconds time_limit{};  ///< All of it.
    std::size_t answer_max = 0;              ///< Bytes of the body.
    /// Asked several times a second: whether it is to be given up.
    std::function<bool()> is_unwanted = {};
};

struct HttpAnswer {
    int status = 0;  ///< 0: there is none, see fault.
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};  ///< Their names in lower case.
    std::string fault = {};  ///< Why there is no whole answer; empty: there is.
    bool was_unwanted = false;

    /// The first of this name; "" for none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

class HttpLoop {
public:
    /// Throws Error(settings_invalid).
    explicit HttpLoop(const EndpointRules& rules);
    /// Gives up what is under way; each is told.
    ~HttpLoop();
    HttpLoop(const HttpLoop&) = delete;
    HttpLoop& operator=(const HttpLoop&) = delete;

    /// `ended` is called once, and throws nothing.
    void send(HttpRequest request, std::function<void(HttpAnswer)> ended);

private:
    class Work;
    std::unique_ptr<Work> work_;
};

/// Why nothing can be sent to this URL; nothing where it can be.
[[nodiscard]] std::optional<std::string> url_fault(const std::string& url, bool plain_http);

}  // namespace baton::node
