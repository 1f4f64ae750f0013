// An endpoint to send requests to: endpoint_server.py, which says what its paths do.
//
// Threads: calls on one object must not overlap.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace baton::testing {

class EndpointServer {
public:
    /// What it checks signatures with.
    static constexpr const char* key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// Throws std::runtime_error where it does not start.
    EndpointServer();
    ~EndpointServer();
    EndpointServer(const EndpointServer&) = delete;
    EndpointServer& operator=(const EndpointServer&) = delete;

    [[nodiscard]] std::string url(const std::string& path,
                                  const std::string& host = "127.0.0.1") const {
        return "http://" + host + ":" + std::to_string(port_) + path;
    }
    /// By the name that its certificate has, unless it is said otherwise.
    [[nodiscard]] std::string tls_url(const std::string& path,
                                      const std::string& host = "localhost") const {
        return "https://" + host + ":" + std::to_string(tls_port_) + path;
    }
    [[nodiscard]] std::filesystem::path certificate() const { return folder_ / "certificate.pem"; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// Of the requests that it got, those of a path: lines of JSON.
    [[nodiscard]] std::vector<std::string> requests(const std::string& path) const;

private:
    std::filesystem::path folder_;
    std::unique_ptr<ChildProcess> server_;
    int port_ = 0;
    int tls_port_ = 0;
};

}  // namespace baton::testing
